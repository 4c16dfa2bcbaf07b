package dev.signalbox.schemas.client;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.schemas.RequestHash;
import dev.signalbox.schemas.SampleRecords;
import dev.signalbox.schemas.avro.AttemptId;
import dev.signalbox.schemas.avro.ChunkEnd;
import dev.signalbox.schemas.avro.ChunkEndStatus;
import dev.signalbox.schemas.avro.ChunkKind;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.schemas.avro.ReplyTimings;
import dev.signalbox.schemas.avro.TokenChunk;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-2")
class ReplyAssemblerTest {
    static TokenChunk chunk(String id, AttemptId attempt, int seq, String delta) {
        return TokenChunk.newBuilder().setRequestId(id).setAttempt(attempt).setSeq(seq).setKind(ChunkKind.TEXT)
                .setDelta(delta).build();
    }

    static TokenChunk end(String id, AttemptId attempt, int seq, String text, ChunkEndStatus status) {
        String hash = RequestHash.hex(RequestHash.sha256().digest(text.getBytes(StandardCharsets.UTF_8)));
        return TokenChunk.newBuilder().setRequestId(id).setAttempt(attempt).setSeq(seq).setKind(ChunkKind.END)
                .setEnd(new ChunkEnd(status, seq, hash)).build();
    }

    static LlmReply reply(String id, String hash, AttemptId attempt, String text) {
        return LlmReply.newBuilder().setRequestId(id).setStatus(ReplyStatus.COMPLETED).setRequestHash(hash)
                .setBody(SampleRecords.utf8("{\"text\":\"" + text + "\"}")).setAnsweredBy(attempt)
                .setTimings(new ReplyTimings(0L, null, 1L)).build();
    }

    private static Expectation expectation(String id) {
        return new Expectation(id, "h", Duration.ofMinutes(1), Expectation.Preview.TOKENS);
    }

    private static ReplyAssembler assembler(ReplyReaderOptions.Scope scope, int live, int remembered, long held) {
        return new ReplyAssembler(scope, new ReplyAssembler.Bounds(live, remembered, held, held));
    }

    @Test
    void whatNobodyExpectsIsIgnored() {
        ReplyAssembler assembler = assembler(ReplyReaderOptions.Scope.EXPECTED, 10, 10, 10_000);
        assertThat(assembler.onChunk(chunk("x", SampleRecords.attempt(1), 0, "a"), 0)).isEmpty();
        assertThat(assembler.onReply(reply("x", "h", SampleRecords.attempt(1), "a"), 0)).isEmpty();
        assertThat(assembler.liveCount() + assembler.rememberedCount()).isZero();
    }

    @Test
    void moreThanTheBoundIsNotExpected() {
        ReplyAssembler assembler = assembler(ReplyReaderOptions.Scope.EXPECTED, 2, 10, 10_000);
        assertThat(assembler.expect(expectation("a"), 0)).isTrue();
        assertThat(assembler.expect(expectation("a"), 0)).as("known").isFalse();
        assertThat(assembler.expect(expectation("b"), 0)).isTrue();
        assertThat(assembler.expect(expectation("c"), 0)).as("full").isFalse();
    }

    @Test
    void atTheBoundAnUnexpectedRequestHasNoPreviewButItsReply() {
        ReplyAssembler assembler = assembler(ReplyReaderOptions.Scope.ALL, 1, 10, 10_000);
        assertThat(assembler.onChunk(chunk("a", SampleRecords.attempt(1), 0, "a"), 0)).hasSize(1);
        assertThat(assembler.onChunk(chunk("b", SampleRecords.attempt(1), 0, "b"), 0)).isEmpty();
        LlmReply reply = reply("b", "h", SampleRecords.attempt(1), "b");
        assertThat(assembler.onReply(reply, 0)).containsExactly(new ReplyEvent.Ended(reply, true));
        assertThat(assembler.onReply(reply, 0)).as("remembered").isEmpty();
    }

    @Test
    void theFirstToEndIsForgottenFirst() {
        ReplyAssembler assembler = assembler(ReplyReaderOptions.Scope.EXPECTED, 10, 2, 10_000);
        for (String id : List.of("a", "b", "c")) {
            assertThat(assembler.expect(expectation(id), 0)).isTrue();
            assembler.onReply(reply(id, "h", SampleRecords.attempt(1), "x"), 0);
        }
        assembler.tick(ReplyAssembler.END_WAIT_MILLIS);
        assertThat(assembler.rememberedCount()).isEqualTo(2);
        assertThat(assembler.expect(expectation("a"), 3000)).as("forgotten").isTrue();
        assertThat(assembler.expect(expectation("c"), 3000)).as("remembered").isFalse();
    }

    @Test
    void endedIdsAreForgottenAnHourAfterTheirTimeToLive() {
        ReplyAssembler assembler = assembler(ReplyReaderOptions.Scope.EXPECTED, 10, 10, 10_000);
        assembler.expect(expectation("a"), 0);
        assembler.onReply(reply("a", "h", SampleRecords.attempt(1), "x"), 0);
        assembler.tick(61 * 60_000 - 1);
        assertThat(assembler.rememberedCount()).isEqualTo(1);
        assertThat(assembler.tick(61 * 60_000)).isEmpty();
        assertThat(assembler.rememberedCount()).isZero();
    }

    @Test
    void tooMuchBehindAGapEndsThePreviewAndHoldsNothing() {
        ReplyAssembler assembler = assembler(ReplyReaderOptions.Scope.EXPECTED, 10, 10, 5_000);
        assembler.expect(expectation("a"), 0);
        for (int seq = 1; seq < 100; seq++) {
            assertThat(assembler.onChunk(chunk("a", SampleRecords.attempt(1), seq, "x".repeat(100)), 0)).isEmpty();
            assertThat(assembler.heldBytes()).isLessThanOrEqualTo(5_000);
        }
        assertThat(assembler.heldBytes()).isZero();
        assertThat(assembler.onChunk(chunk("a", SampleRecords.attempt(1), 0, "x"), 0)).as("no holes are shown")
                .isEmpty();
        LlmReply reply = reply("a", "h", SampleRecords.attempt(1), "all");
        assertThat(assembler.onReply(reply, 0)).containsExactly(new ReplyEvent.Ended(reply, true));
    }

    @Test
    void aReplyThatCannotBeHeldIsHandedOverAtOnce() {
        ReplyAssembler assembler = assembler(ReplyReaderOptions.Scope.EXPECTED, 10, 10, 1_500);
        assembler.expect(expectation("a"), 0);
        LlmReply reply = reply("a", "h", SampleRecords.attempt(1), "x".repeat(1_000));
        assertThat(assembler.onReply(reply, 0)).containsExactly(new ReplyEvent.Ended(reply, true));
    }

    /** Two attempts, everything published at least once, and two topics that are read at any pace against each other. */
    @Test
    void anyInterleavingEndsOnceWithTheFirstReplyAndNeverMixesAttempts() {
        for (long seed = 0; seed < 3_000; seed++) {
            Random random = new Random(seed);
            AttemptId one = SampleRecords.attempt(1);
            AttemptId two = SampleRecords.attempt(2);
            List<TokenChunk> tokens = new ArrayList<>(List.of(chunk("r", one, 0, "1a"), chunk("r", one, 1, "1b"),
                    end("r", one, 2, "1a1b", ChunkEndStatus.CUT), chunk("r", two, 0, "2a"), chunk("r", two, 1, "2b"),
                    chunk("r", two, 2, "2c"), end("r", two, 3, "2a2b2c", ChunkEndStatus.COMPLETE)));
            for (int i = random.nextInt(4); i > 0; i--) {
                tokens.add(tokens.get(random.nextInt(tokens.size())));
            }
            if (random.nextBoolean()) {
                tokens.remove(random.nextInt(tokens.size()));
            }
            if (random.nextBoolean()) {
                Collections.shuffle(tokens, random);
            }
            LlmReply first = reply("r", "h", two, "2a2b2c");
            List<LlmReply> replies = List.of(reply("r", "other", one, "no"), first, reply("r", "h", one, "late"),
                    first);
            replay(seed, random, tokens, replies, first);
        }
    }

    private static void replay(long seed, Random random, List<TokenChunk> tokens, List<LlmReply> replies,
            LlmReply first) {
        ReplyAssembler assembler = assembler(ReplyReaderOptions.Scope.EXPECTED, 10, 10, 100_000);
        assembler.expect(expectation("r"), 0);
        StringBuilder shown = new StringBuilder();
        List<ReplyEvent.Ended> endings = new ArrayList<>();
        int token = 0;
        int reply = 0;
        long now = 0;
        while (token < tokens.size() || reply < replies.size() || endings.isEmpty()) {
            List<ReplyEvent> events = new ArrayList<>();
            if (token < tokens.size() && (reply == replies.size() || random.nextBoolean())) {
                events.addAll(assembler.onChunk(tokens.get(token++), now));
            } else if (reply < replies.size()) {
                events.addAll(assembler.onReply(replies.get(reply++), now));
            }
            now += random.nextInt(500);
            events.addAll(assembler.tick(now));
            for (ReplyEvent event : events) {
                assertThat(endings).as("seed %d: nothing after the end", seed).isEmpty();
                if (event instanceof ReplyEvent.TextAppended appended) {
                    shown.append(appended.chunk().getDelta());
                } else if (event instanceof ReplyEvent.Restarted) {
                    shown.setLength(0);
                } else if (event instanceof ReplyEvent.Ended ended) {
                    endings.add(ended);
                }
            }
            assertThat("1a1b".startsWith(shown.toString()) || "2a2b2c".startsWith(shown.toString()))
                    .as("seed %d: shown %s", seed, shown).isTrue();
        }
        assertThat(endings).as("seed %d", seed).hasSize(1);
        assertThat(endings.get(0).reply()).as("seed %d", seed).isSameAs(first);
        if (!endings.get(0).textReplaced()) {
            assertThat(shown.toString()).as("seed %d", seed).isEqualTo("2a2b2c");
        }
        assertThat(assembler.heldBytes()).as("seed %d", seed).isZero();
    }
}
