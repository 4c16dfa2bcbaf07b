package dev.signalbox.dispatcher.availability;

import java.nio.ByteBuffer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;

/**
 * All that one partition of {@code llm.status} has counted of a use case in a slice of time so far: it takes the place of
 * what it told of that slice before.
 */
record SliceCounts(long sliceMillis, int partition, EndedCounts counts) {
    static Serde<SliceCounts> serde() {
        return Serdes.serdeFrom((topic, slice) -> slice == null ? null : slice.write(),
                (topic, bytes) -> bytes == null ? null : read(ByteBuffer.wrap(bytes)));
    }

    private byte[] write() {
        ByteBuffer bytes = ByteBuffer.allocate(Long.BYTES + Integer.BYTES + EndedCounts.BYTES);
        bytes.putLong(sliceMillis).putInt(partition);
        counts.write(bytes);
        return bytes.array();
    }

    private static SliceCounts read(ByteBuffer from) {
        return new SliceCounts(from.getLong(), from.getInt(), EndedCounts.read(from));
    }
}
