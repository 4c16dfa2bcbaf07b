package dev.signalbox.workers.reply;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.signalbox.schemas.RequestHash;
import dev.signalbox.schemas.avro.AttemptId;
import dev.signalbox.schemas.avro.ChunkEndStatus;
import dev.signalbox.schemas.avro.ChunkKind;
import dev.signalbox.schemas.avro.TokenChunk;
import dev.signalbox.schemas.avro.ToolCallStart;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AnswerStreamTest {
    private static final long COALESCE = 30;
    private final List<TokenChunk> sent = new ArrayList<>();
    private final AnswerStream stream = new AnswerStream("r", new AttemptId(0, 1, 1, 7L), () -> COALESCE, sent::add);

    @Test
    void theFirstTokenLeavesAtOnceAndWhatFollowsSoonIsGathered() {
        assertThat(text("a", 100)).isFalse();
        assertThat(text("b", 110)).isTrue();
        assertThat(text("c", 120)).isTrue();
        assertThat(deltas()).containsExactly("a");

        stream.flush(130);

        assertThat(deltas()).containsExactly("a", "bc");
    }

    @Test
    void aTokenThatComesLaterThanTheCoalescingTimeLeavesAtOnce() {
        text("a", 100);
        text("b", 100 + COALESCE);

        assertThat(deltas()).containsExactly("a", "b");
    }

    @Test
    void anotherKindOrToolCallStartsAChunkOfItsOwn() {
        text("a", 0);
        text("b", 1);
        stream.token(ChunkKind.REASONING, 0, "why", null, 2);
        stream.token(ChunkKind.TOOL_CALL, 0, "{", new ToolCallStart("t1", "look"), 3);
        stream.token(ChunkKind.TOOL_CALL, 0, "}", null, 4);
        stream.token(ChunkKind.TOOL_CALL, 1, "{}", new ToolCallStart("t2", "look"), 5);
        stream.end(ChunkEndStatus.COMPLETE, 6);

        assertThat(sent).extracting(TokenChunk::getKind).containsExactly(ChunkKind.TEXT, ChunkKind.TEXT,
                ChunkKind.REASONING, ChunkKind.TOOL_CALL, ChunkKind.TOOL_CALL, ChunkKind.END);
        assertThat(deltas()).containsExactly("a", "b", "why", "{}", "{}", "");
        assertThat(sent.get(3).getToolCall()).isEqualTo(new ToolCallStart("t1", "look"));
        assertThat(sent.get(4).getIndex()).isEqualTo(1);
    }

    @Test
    void nothingLeavesAfterTheEnd() {
        text("a", 0);
        stream.end(ChunkEndStatus.CUT, 1);
        stream.end(ChunkEndStatus.COMPLETE, 2);

        assertThat(sent).hasSize(2);
        assertThat(sent.getLast().getEnd().getStatus()).isEqualTo(ChunkEndStatus.CUT);
        assertThatIllegalStateException().isThrownBy(() -> text("late", 3));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
    void numbersHaveNoGapAndTheEndAccountsForEveryDelta(long seed) {
        Random random = new Random(seed);
        StringBuilder all = new StringBuilder();
        long now = 0;
        for (int i = 0; i < 500; i++) {
            now += random.nextInt(20);
            String delta = "é".repeat(random.nextInt(4)) + i;
            ChunkKind kind = random.nextInt(10) == 0 ? ChunkKind.REASONING : ChunkKind.TEXT;
            if (stream.token(kind, 0, delta, null, now) && random.nextInt(3) == 0) {
                stream.flush(now);
            }
            all.append(delta);
        }
        stream.end(ChunkEndStatus.COMPLETE, now);

        for (int i = 0; i < sent.size(); i++) {
            assertThat(sent.get(i).getSeq()).as("seed %d", seed).isEqualTo(i);
        }
        assertThat(String.join("", deltas())).isEqualTo(all.toString());
        assertThat(sent.getLast().getEnd().getChunks()).isEqualTo(sent.size() - 1);
        assertThat(sent.getLast().getEnd().getHash())
                .isEqualTo(RequestHash.of(all.toString().getBytes(StandardCharsets.UTF_8)));
    }

    private boolean text(String delta, long now) {
        return stream.token(ChunkKind.TEXT, 0, delta, null, now);
    }

    private List<String> deltas() {
        return sent.stream().map(TokenChunk::getDelta).toList();
    }
}
