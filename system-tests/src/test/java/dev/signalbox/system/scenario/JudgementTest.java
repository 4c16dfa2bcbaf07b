package dev.signalbox.system.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.schemas.avro.AttemptId;
import dev.signalbox.schemas.avro.AttemptSummary;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.ReplyError;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.schemas.avro.ReplyTimings;
import dev.signalbox.schemas.avro.ServedBy;
import dev.signalbox.schemas.avro.StreamPolicy;
import dev.signalbox.schemas.avro.TokenUsage;
import dev.signalbox.simulator.language.FixedAnswer;
import dev.signalbox.simulator.meter.CallOutcome;
import dev.signalbox.simulator.meter.CallRecord;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A judge who passes everything is none: each verdict by example. */
@Tag("issue-3")
class JudgementTest {
    private static final CallRecord SICK = call("openai-a", "sick-m", 1_000, 503, 0);
    private static final CallRecord TWIN = call("openai-b", "twin-m", 2_000, 200, 60);

    @Test
    void a_whole_answer_within_the_bar_passes() {
        assertThat(judge(Scenario.S04, answer(FixedAnswer.TEXT, 2), 100, SICK, TWIN)).isEqualTo(Verdict.PASS);
    }

    @Test
    void a_truncated_answer_called_success_fails() {
        assertThat(judge(Scenario.S04, answer(FixedAnswer.text(40), 2), 100, SICK, TWIN)).isEqualTo(Verdict.FAIL);
    }

    @Test
    void a_reader_who_is_left_with_half_a_text_is_a_failure() {
        Observation seen = new Observation(Family.OPENAI, true, StreamPolicy.RESTART,
                Optional.of(answer(FixedAnswer.TEXT, 2)),
                FixedAnswer.text(40), Duration.ofMillis(100), List.of(SICK, TWIN), Duration.ofSeconds(3));
        assertThat(Judgement.of(Scenario.S04, seen).verdict()).isEqualTo(Verdict.FAIL);
    }

    @Test
    void no_reply_fails_and_an_honest_error_is_safe() {
        Observation none = new Observation(Family.OPENAI, false, StreamPolicy.RESTART, Optional.empty(), "",
                Duration.ofSeconds(9),
                List.of(SICK), Duration.ofSeconds(3));
        assertThat(Judgement.of(Scenario.S04, none).verdict()).isEqualTo(Verdict.FAIL);
        assertThat(judge(Scenario.S04, refusal("OVERLOADED", 1), 100, SICK)).isEqualTo(Verdict.SAFE);
    }

    @Test
    void a_right_answer_that_is_late_or_took_too_many_calls_is_partial() {
        assertThat(judge(Scenario.S04, answer(FixedAnswer.TEXT, 2), 4_001, SICK, TWIN)).isEqualTo(Verdict.PARTIAL);
        assertThat(judge(Scenario.S04, answer(FixedAnswer.TEXT, 4), 100, SICK, SICK, SICK, TWIN))
                .isEqualTo(Verdict.PARTIAL);
        assertThat(judge(Scenario.S06, answer(FixedAnswer.TEXT, 2), 4_001, SICK, TWIN)).isEqualTo(Verdict.PARTIAL);
        assertThat(judge(Scenario.S01_ALONE, answer(FixedAnswer.TEXT, 2), 1_100, call("openai-a", "m", 0, 429, 0),
                call("openai-a", "m", 1_000, 200, 60))).isEqualTo(Verdict.PARTIAL);
    }

    @Test
    void a_reply_that_tells_other_calls_usage_or_vendor_than_the_log_is_partial() {
        assertThat(judge(Scenario.S04, answer(FixedAnswer.TEXT, 1), 100, SICK, TWIN)).isEqualTo(Verdict.PARTIAL);
        LlmReply usage = answer(FixedAnswer.TEXT, 2);
        usage.getUsage().setOutputTokens(59L);
        assertThat(judge(Scenario.S04, usage, 100, SICK, TWIN)).isEqualTo(Verdict.PARTIAL);
        LlmReply vendor = answer(FixedAnswer.TEXT, 2);
        vendor.getServedBy().setVendor("openai-a");
        assertThat(judge(Scenario.S04, vendor, 100, SICK, TWIN)).isEqualTo(Verdict.PARTIAL);
    }

    @Test
    void the_reason_of_a_refusal_is_the_right_answer_where_the_content_was_refused() {
        CallRecord filtered = call("openai-a", "sick-m", 0, 400, 0);
        assertThat(judge(Scenario.S13, refusal("CONTENT_FILTER_INPUT", 1), 50, filtered)).isEqualTo(Verdict.PASS);
        assertThat(judge(Scenario.S13, refusal("CONTENT_FILTER_INPUT", 2), 50, filtered, filtered))
                .isEqualTo(Verdict.SAFE);
        assertThat(judge(Scenario.S13, refusal("UNKNOWN", 1), 50, filtered)).isEqualTo(Verdict.SAFE);
        assertThat(judge(Scenario.S13, answer(FixedAnswer.TEXT, 2), 50, filtered, TWIN)).isEqualTo(Verdict.PARTIAL);
    }

    private static Verdict judge(Scenario scenario, LlmReply reply, long millis, CallRecord... calls) {
        return Judgement
                .of(scenario, new Observation(Family.OPENAI, false, StreamPolicy.RESTART, Optional.of(reply), "",
                        Duration.ofMillis(millis), List.of(calls), Duration.ofSeconds(3)))
                .verdict();
    }

    private static CallRecord call(String vendor, String model, long startedMillis, int status, int tokens) {
        return new CallRecord(1, startedMillis, vendor, model, "r", "v", false, status, CallOutcome.COMPLETED, null, 12,
                tokens, true, 1);
    }

    private static LlmReply answer(String text, int attempts) {
        LlmReply reply = terminal(ReplyStatus.COMPLETED, attempts);
        reply.setBody(ByteBuffer.wrap(("{\"choices\":[{\"message\":{\"content\":\"" + text + "\"}}]}")
                .getBytes(StandardCharsets.UTF_8)));
        reply.setServedBy(new ServedBy("openai-b/m", "openai-b", null, "m", "twin-m"));
        reply.setUsage(TokenUsage.newBuilder().setInputTokens(12L).setOutputTokens(60L).build());
        return reply;
    }

    private static LlmReply refusal(String code, int attempts) {
        LlmReply reply = terminal(ReplyStatus.FAILED, attempts);
        reply.setError(new ReplyError(code, "because", false, null, null));
        return reply;
    }

    private static LlmReply terminal(ReplyStatus status, int attempts) {
        LlmReply reply = new LlmReply();
        reply.setRequestId("r");
        reply.setStatus(status);
        List<AttemptSummary> all = new ArrayList<>();
        for (int number = 1; number <= attempts; number++) {
            all.add(new AttemptSummary(new AttemptId(0, 1, number, 7L), "d", "OVERLOADED", 503, null, 0L, 1L, null,
                    null,
                    null));
        }
        reply.setAttempts(all);
        reply.setTimings(new ReplyTimings(0L, null, 0L));
        reply.setWarnings(List.of());
        return reply;
    }
}
