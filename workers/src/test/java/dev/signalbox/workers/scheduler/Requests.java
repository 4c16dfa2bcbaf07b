package dev.signalbox.workers.scheduler;

import dev.signalbox.config.DeploymentName;
import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.intake.ReplyAddress;
import dev.signalbox.workers.intake.Ticket;
import dev.signalbox.workers.scheduler.RequestTask.Readiness;
import dev.signalbox.workers.scheduler.RequestTask.Step;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.kafka.common.TopicPartition;

/** Requests for the scheduler's tests: only priority, tenant, deadline and ticket matter. */
final class Requests {
    private static final PoolName POOL = new PoolName("test");
    private long offset;

    /** One that is appended at that time. */
    InboundRequest arriving(Priority priority, String tenant, long nowMillis, long timeToLiveMillis) {
        return of(priority, tenant, nowMillis, nowMillis + timeToLiveMillis, 0, 1);
    }

    InboundRequest of(Priority priority, String tenant, long expiresAtMillis, int partition, int epoch) {
        return of(priority, tenant, 0, expiresAtMillis, partition, epoch);
    }

    private InboundRequest of(Priority priority, String tenant, long enqueuedMillis, long expiresAtMillis,
            int partition,
            int epoch) {
        Lane lane = new Lane(POOL, priority);
        long at = offset++;
        LlmRequest request = LlmRequest.newBuilder().setId("r" + at).setModel("m").setTenant(tenant)
                .setBody(ByteBuffer.allocate(0)).build();
        return new InboundRequest(lane, new Ticket(partition(priority, partition), epoch, at), request, "hash", 0,
                enqueuedMillis, expiresAtMillis, new ReplyAddress("llm.replies", OptionalInt.empty(), "llm.tokens",
                        ReplyAddress.Form.AVRO, List.of(), List.of()),
                100);
    }

    InboundRequest of(Priority priority, String tenant) {
        return of(priority, tenant, 1_000_000, 0, 1);
    }

    /** One that may always go. */
    static RequestTask task(InboundRequest request) {
        return new Task(request, "free", Set.of(), () -> Readiness.READY, () -> Step.ENDED);
    }

    /** Nothing is shed. */
    static RequestTasks tasks(Function<InboundRequest, RequestTask> begin) {
        return new RequestTasks() {
            @Override
            public RequestTask begin(InboundRequest request) {
                return begin.apply(request);
            }

            @Override
            public boolean shed(InboundRequest request, ShedReceipt receipt) {
                throw new AssertionError("shed: " + receipt);
            }
        };
    }

    static PoolScheduler.Offer offer(PoolScheduler scheduler, InboundRequest request, long costUnits) {
        return scheduler.offer(task(request), costUnits);
    }

    static Optional<Dispatch> next(PoolScheduler scheduler, long nowMillis) {
        return scheduler.next(RequestTask::ask, nowMillis, nowMillis * 1_000_000);
    }

    /** A path of one kind of step. */
    record Task(InboundRequest request, String route, Set<DeploymentName> deployments, Supplier<Readiness> asked,
            Supplier<Step> step) implements RequestTask {
        @Override
        public Readiness ask() {
            return asked.get();
        }

        @Override
        public Step run() {
            return step.get();
        }
    }

    static TopicPartition partition(Priority priority, int partition) {
        return new TopicPartition(new Lane(POOL, priority).requestTopic(), partition);
    }
}
