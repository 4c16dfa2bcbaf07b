package dev.signalbox.system.guarantee;

import dev.signalbox.schemas.avro.AttemptEvent;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.TokenChunk;
import dev.signalbox.schemas.client.ReplyEvent;

/** What happened in a run, as an outsider sees it. Records of one topic partition come in the order of their offsets. */
public sealed interface RunEvent {

    /**
     * A request that Kafka acknowledged.
     *
     * @param partition topic and partition, {@code topic-0}
     * @param requestId empty if the record cannot be read
     * @param requestHash of the record's value
     * @param appendMillis its timestamp, on the broker's clock
     * @param expiresAtMillis when its time to live ends, on the broker's clock
     */
    record Acknowledged(String partition, long offset, String requestId, String requestHash, long appendMillis,
            long expiresAtMillis) implements RunEvent {
    }

    /** A terminal reply on its topic; all replies of an id are in one partition. */
    record Replied(LlmReply reply) implements RunEvent {
    }

    /** A record that became a dead letter, by the partition and offset that it had. */
    record DeadLetter(String partition, long offset) implements RunEvent {
    }

    /** A token chunk on its topic. */
    record Chunk(TokenChunk chunk) implements RunEvent {
    }

    /** @param appendMillis of the event's record, on the broker's clock */
    record Attempt(AttemptEvent event, long appendMillis) implements RunEvent {
    }

    /** @param reader which of several readers was told */
    record Shown(String reader, ReplyEvent event) implements RunEvent {
    }

    /**
     * A consumer group's committed offset as it was seen. Whatever was acknowledged before it must be told after it, and
     * the replies published until then before it: see {@link CommittedNeverPassesPending}.
     */
    record Committed(String partition, long offset) implements RunEvent {
    }

    /** @param source a log, a metrics page, a header, an error text */
    record Printed(String source, String text) implements RunEvent {
    }
}
