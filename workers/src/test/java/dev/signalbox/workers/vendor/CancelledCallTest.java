package dev.signalbox.workers.vendor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.CallTimeouts;
import dev.signalbox.config.VendorFamily;
import dev.signalbox.schemas.avro.ChunkKind;
import dev.signalbox.schemas.avro.ToolCallStart;
import dev.signalbox.schemas.avro.TokenUsage;
import dev.signalbox.workers.vendor.openai.OpenAiChatCodec;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A call that its caller cancels: the vendor's connection closes, nobody is blamed, and what was used is reckoned. */
@Tag("issue-7")
@Timeout(60)
class CancelledCallTest {
    private static final byte[] BODY = ("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\""
            + "word ".repeat(200) + "\"}]}").getBytes(StandardCharsets.UTF_8);
    private static final String TOKEN = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\""
            + "text ".repeat(20)
            + "\"}}]}\n\n";

    /** Cancels with the first token, or at once. */
    private static final class Cancelling implements TokenSink {
        private volatile boolean cancelled;

        Cancelling(boolean atOnce) {
            cancelled = atOnce;
        }

        @Override
        public void token(ChunkKind kind, int index, String delta, @Nullable ToolCallStart toolCall) {
            cancelled = true;
        }

        @Override
        public boolean goesOn() {
            return !cancelled;
        }
    }

    @Test
    void a_stream_that_is_cancelled_is_cut_and_counted() throws Exception {
        CountDownLatch closed = new CountDownLatch(1);
        AttemptOutcome outcome = call(true, new Cancelling(false), (_, exchange) -> {
            exchange.stream();
            exchange.chunk(TOKEN);
            exchange.awaitClosed();
            closed.countDown();
            return false;
        });
        assertThat(closed.await(10, TimeUnit.SECONDS)).as("the connection is closed").isTrue();
        TokenUsage usage = cancelled(outcome);
        assertThat(usage.getOutputTokens()).isBetween(10L, 40L);
    }

    @Test
    void a_call_that_was_sent_and_not_answered_has_cost_its_input() throws Exception {
        CountDownLatch closed = new CountDownLatch(1);
        AttemptOutcome outcome = call(false, new Cancelling(true), (_, exchange) -> {
            exchange.awaitClosed();
            closed.countDown();
            return false;
        });
        assertThat(closed.await(10, TimeUnit.SECONDS)).as("the connection is closed").isTrue();
        assertThat(cancelled(outcome).getOutputTokens()).isZero();
    }

    private static TokenUsage cancelled(AttemptOutcome outcome) {
        assertThat(outcome).isInstanceOfSatisfying(AttemptOutcome.Failed.class, failed -> {
            assertThat(failed.failure().failureClass()).isEqualTo(FailureClass.CANCELLED);
            assertThat(failed.failure().failureClass().blame()).isEqualTo(FailureClass.Blame.NOBODY);
        });
        TokenUsage usage = outcome.usage().orElseThrow();
        assertThat(usage.getEstimated()).isTrue();
        assertThat(usage.getInputTokens()).isBetween(BODY.length / 5L, BODY.length / 3L);
        return usage;
    }

    private static AttemptOutcome call(boolean streamed, TokenSink sink, ScriptedVendor.Script script)
            throws Exception {
        try (HttpVendorClient client = new HttpVendorClient(Map.of(VendorFamily.OPENAI, new OpenAiChatCodec()),
                HttpLimits.DEFAULT, System::nanoTime);
                ScriptedVendor vendor = new ScriptedVendor(script)) {
            return client.call(Deployments.ownCall(
                    Deployments.openAi(vendor.baseUrl(), CallTimeouts.DEFAULT, true), BODY, streamed), sink);
        }
    }
}
