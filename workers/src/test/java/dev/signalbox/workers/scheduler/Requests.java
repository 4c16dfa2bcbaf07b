package dev.signalbox.workers.scheduler;

import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.intake.ReplyAddress;
import dev.signalbox.workers.intake.Ticket;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.OptionalInt;
import org.apache.kafka.common.TopicPartition;

/** Requests for the scheduler's tests: only priority, tenant, deadline and ticket matter. */
final class Requests {
    private static final PoolName POOL = new PoolName("test");
    private long offset;

    InboundRequest of(Priority priority, String tenant, long expiresAtMillis, int partition, int epoch) {
        Lane lane = new Lane(POOL, priority);
        long at = offset++;
        LlmRequest request = LlmRequest.newBuilder().setId("r" + at).setModel("m").setTenant(tenant)
                .setBody(ByteBuffer.allocate(0)).build();
        return new InboundRequest(lane, new Ticket(partition(priority, partition), epoch, at), request, "hash", 0, 0,
                expiresAtMillis, new ReplyAddress("llm.replies", OptionalInt.empty(), "llm.tokens",
                        ReplyAddress.Form.AVRO, List.of(), List.of()),
                100);
    }

    InboundRequest of(Priority priority, String tenant) {
        return of(priority, tenant, 1_000_000, 0, 1);
    }

    static TopicPartition partition(Priority priority, int partition) {
        return new TopicPartition(new Lane(POOL, priority).requestTopic(), partition);
    }
}
