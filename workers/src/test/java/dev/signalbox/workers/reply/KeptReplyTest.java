package dev.signalbox.workers.reply;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.schemas.avro.AttemptId;
import dev.signalbox.schemas.avro.AttemptSummary;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.ServedBy;
import dev.signalbox.schemas.avro.TokenUsage;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-4")
class KeptReplyTest {
    @Test
    void what_comes_back_is_what_was_kept_whatever_became_of_the_original() {
        LlmReply original = whole();
        KeptReply kept = KeptReply.of(original);

        original.setBody(ByteBuffer.wrap("gone to a claim".getBytes(StandardCharsets.UTF_8)));
        original.setFinishReason("changed");

        assertThat(kept.reply()).isEqualTo(whole());
        assertThat(kept.reply()).as("each asker's own").isEqualTo(whole()).isNotSameAs(kept.reply());
    }

    @Test
    void its_size_is_that_of_all_it_holds() {
        assertThat(KeptReply.of(DuplicatesTest.reply(5_000, "h")).bytes()).isBetween(5_000, 5_200);
    }

    private static LlmReply whole() {
        TokenUsage usage = new TokenUsage(40L, 4L, 3L, 2L, 1L, false);
        AttemptId id = new AttemptId(0, 3, 1, -7L);
        LlmReply reply = DuplicatesTest.reply(100, "h");
        reply.setFinishReason("stop");
        reply.setUsage(usage);
        reply.setTotalUsage(usage);
        reply.setCost(new BigDecimal("0.000123000"));
        reply.setPriceVersion("2026-11");
        reply.setServedBy(new ServedBy("one/model", "one", "eu", "model", "model-1"));
        reply.setAnsweredBy(id);
        reply.setAttempts(
                List.of(new AttemptSummary(id, "one/model", "ANSWERED", 200, null, 1L, 60L, 20L, usage, null)));
        reply.setWarnings(List.of("a warning"));
        return reply;
    }
}
