package dev.signalbox.system.simulation;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.record.TimestampType;
import org.jspecify.annotations.Nullable;

/** One partition: what is in it is replicated and visible. */
final class SimulatedLog {
    /** One of so many records is followed by an offset without one, as transaction markers and compaction leave. */
    private static final int GAPS = 15;

    final TopicPartition partition;
    final List<Entry> entries = new ArrayList<>();
    private long start;
    private long end;
    private int leaderEpoch;

    record Entry(long offset, int leaderEpoch, long timestamp, byte @Nullable [] key, byte @Nullable [] value,
            Headers headers) {
    }

    SimulatedLog(TopicPartition partition) {
        this.partition = partition;
    }

    /** The first offset that may be asked for. */
    long start() {
        return start;
    }

    /** The offset of the next record. */
    long end() {
        return end;
    }

    Entry append(Simulation simulation, byte @Nullable [] key, byte @Nullable [] value, Headers headers) {
        Entry entry = new Entry(end++, leaderEpoch, simulation.brokerMillis(), key, value, headers);
        entries.add(entry);
        if (simulation.oneIn(GAPS)) {
            end++;
        }
        return entry;
    }

    /** The records from that offset on. */
    List<Entry> from(long offset) {
        int first = entries.size();
        while (first > 0 && entries.get(first - 1).offset >= offset) {
            first--;
        }
        return entries.subList(first, entries.size());
    }

    /** What lies below that offset is gone, as after its retention time. */
    List<Entry> retain(long offset) {
        List<Entry> head = entries.subList(0, entries.size() - from(offset).size());
        List<Entry> gone = List.copyOf(head);
        head.clear();
        start = offset;
        return gone;
    }

    /** As after an unclean election: other records will have these offsets. */
    List<Entry> truncate(long offset) {
        List<Entry> tail = from(offset);
        List<Entry> gone = List.copyOf(tail);
        tail.clear();
        end = offset;
        leaderEpoch++;
        return gone;
    }

    ConsumerRecord<byte[], byte[]> read(Entry entry) {
        return new ConsumerRecord<>(partition.topic(), partition.partition(), entry.offset, entry.timestamp,
                TimestampType.LOG_APPEND_TIME, size(entry.key), size(entry.value), entry.key, entry.value,
                entry.headers, Optional.of(entry.leaderEpoch));
    }

    private static int size(byte @Nullable [] bytes) {
        return bytes == null ? -1 : bytes.length;
    }
}
