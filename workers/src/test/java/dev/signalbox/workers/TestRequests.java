package dev.signalbox.workers;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.avro.StreamPolicy;
import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.intake.ReplyAddress;
import dev.signalbox.workers.intake.Ticket;
import dev.signalbox.workers.scheduler.RequestTask;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.LongConsumer;
import org.apache.kafka.common.TopicPartition;

/** Requests as intake would hand them on, answered in JSON so that no registry is needed. */
public final class TestRequests {
    public static final Lane LANE = new Lane(TestConfiguration.POOL, Priority.STANDARD);

    /** All pauses are spent where the request is. */
    static final RequestFlow.Later NEVER_LATER = (request, route, pause, history) -> false;

    private TestRequests() {
    }

    /** Takes a request along its path, as a scheduler with room for it and no patience does. */
    static void serve(RequestFlow flow, InboundRequest request) {
        RequestTask task = flow.begin(request);
        do {
            assertThat(task.ask()).isEqualTo(RequestTask.Readiness.READY);
        } while (!task.run().equals(RequestTask.Step.ENDED));
    }

    /** The same where it may have to wait: time passes then. */
    static void serveWaiting(RequestFlow flow, InboundRequest request, LongConsumer passNanos) {
        RequestTask task = flow.begin(request);
        RequestTask.Step step = new RequestTask.Step.Again(Duration.ZERO);
        for (int i = 0; i < 100_000 && !step.equals(RequestTask.Step.ENDED); i++) {
            switch (task.ask()) {
                case RequestTask.Readiness.Busy busy -> passNanos.accept(Math.max(1_000_000, Math.min(busy.forNanos(),
                        10_000_000_000L)));
                case RequestTask.Readiness.Ready ready -> step = task.run();
            }
        }
        assertThat(step).isEqualTo(RequestTask.Step.ENDED);
    }

    /** Of a request that nobody cancels and nobody asks after. */
    static UnderWay neverCancelled(InboundRequest request) {
        return new UnderWay(request.id(), new Cancellations(1), () -> 0, () -> {
        });
    }

    /** @param expiresAtMillis on the fleet's clock */
    public static InboundRequest request(String id, boolean streamTokens, StreamPolicy policy, long expiresAtMillis) {
        return request(LANE, id, streamTokens, policy, expiresAtMillis);
    }

    static InboundRequest request(Lane lane, String id, boolean streamTokens, StreamPolicy policy,
            long expiresAtMillis) {
        LlmRequest request = LlmRequest.newBuilder().setId(id).setModel(TestConfiguration.MODEL)
                .setBody(ByteBuffer.wrap("{\"model\":\"m\",\"messages\":[]}".getBytes(StandardCharsets.UTF_8)))
                .setStreamTokens(streamTokens).setStreamPolicy(policy).build();
        return new InboundRequest(lane, new Ticket(new TopicPartition(lane.requestTopic(), 0), 3, 42), request,
                "0123456789abcdef0123456789abcdef", 0, 0, expiresAtMillis, new ReplyAddress(Topics.REPLIES,
                        OptionalInt.empty(), Topics.TOKENS, ReplyAddress.Form.JSON, List.of(), List.of()),
                100);
    }
}
