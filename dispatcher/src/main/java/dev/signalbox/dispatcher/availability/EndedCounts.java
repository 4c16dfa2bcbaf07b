package dev.signalbox.dispatcher.availability;

import dev.signalbox.schemas.avro.RequestStatus;
import java.nio.ByteBuffer;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;

/**
 * How requests ended that count for an objective.
 *
 * @param inTime answered within their time
 * @param late answered after it
 * @param expired not answered within it
 * @param shed turned away for want of capacity
 * @param failed for whatever reason that is not the caller's
 */
record EndedCounts(long inTime, long late, long expired, long shed, long failed) {
    static final EndedCounts NONE = new EndedCounts(0, 0, 0, 0, 0);
    private static final byte VERSION = 1;

    /** Of one ended request; nothing where its caller spoilt or cancelled it. */
    static EndedCounts of(RequestStatus ended) {
        String status = ended.getStatus();
        if (ended.getCallersFault() || status == null) {
            return NONE;
        }
        return switch (status) {
            case "COMPLETED" -> ended.getLate() ? new EndedCounts(0, 1, 0, 0, 0) : new EndedCounts(1, 0, 0, 0, 0);
            case "EXPIRED" -> new EndedCounts(0, 0, 1, 0, 0);
            case "SHED" -> new EndedCounts(0, 0, 0, 1, 0);
            default -> new EndedCounts(0, 0, 0, 0, 1);
        };
    }

    long accepted() {
        return inTime + missed();
    }

    long missed() {
        return late + expired + shed + failed;
    }

    EndedCounts plus(EndedCounts more) {
        return new EndedCounts(inTime + more.inTime, late + more.late, expired + more.expired, shed + more.shed,
                failed + more.failed);
    }

    EndedCounts minus(EndedCounts less) {
        return new EndedCounts(inTime - less.inTime, late - less.late, expired - less.expired, shed - less.shed,
                failed - less.failed);
    }

    static final int BYTES = 1 + 5 * Long.BYTES;

    void write(ByteBuffer into) {
        into.put(VERSION).putLong(inTime).putLong(late).putLong(expired).putLong(shed).putLong(failed);
    }

    static EndedCounts read(ByteBuffer from) {
        if (from.remaining() < BYTES || from.get() != VERSION) {
            throw new SerializationException(
                    "the bytes are no counts of ended requests; a later dispatcher wrote them?");
        }
        return new EndedCounts(from.getLong(), from.getLong(), from.getLong(), from.getLong(), from.getLong());
    }

    private byte[] bytes() {
        ByteBuffer bytes = ByteBuffer.allocate(BYTES);
        write(bytes);
        return bytes.array();
    }

    static Serde<EndedCounts> serde() {
        return Serdes.serdeFrom(
                (topic, counts) -> counts == null ? null : counts.bytes(),
                (topic, bytes) -> bytes == null ? null : read(ByteBuffer.wrap(bytes)));
    }
}
