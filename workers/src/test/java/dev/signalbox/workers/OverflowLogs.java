package dev.signalbox.workers;

import dev.signalbox.schemas.Lane;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetCommitCallback;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.record.TimestampType;

/** The consumer of one incarnation of a worker, over the logs and commits that outlast it. */
final class OverflowLogs extends MockConsumer<byte[], byte[]> {
    /** What is in Kafka. */
    static final class Kept {
        final Map<TopicPartition, List<ConsumerRecord<byte[], byte[]>>> logs = new LinkedHashMap<>();
        final Map<TopicPartition, OffsetAndMetadata> committed = new HashMap<>();
        int generation;

        Kept(Lane lane, int partitions) {
            for (String topic : List.of(lane.requestTopic(), lane.overflowTopic(), lane.retryTopic())) {
                for (int i = 0; i < partitions; i++) {
                    logs.put(new TopicPartition(topic, i), new ArrayList<>());
                }
            }
        }

        List<ConsumerRecord<byte[], byte[]>> log(TopicPartition partition) {
            return Optional.ofNullable(logs.get(partition)).orElseThrow();
        }

        ConsumerRecord<byte[], byte[]> append(TopicPartition partition, byte[] key, byte[] value, Headers headers,
                long nowMillis) {
            List<ConsumerRecord<byte[], byte[]>> log = log(partition);
            ConsumerRecord<byte[], byte[]> record = new ConsumerRecord<>(partition.topic(), partition.partition(),
                    log.size(), nowMillis, TimestampType.LOG_APPEND_TIME, key.length, value.length, key, value,
                    headers, Optional.empty());
            log.add(record);
            return record;
        }

        long committed(TopicPartition partition) {
            return Optional.ofNullable(committed.get(partition)).map(OffsetAndMetadata::offset).orElse(0L);
        }
    }

    private final Lane lane;
    private final Kept kept;
    private final int generation;
    private final int maxPollRecords;
    private final Map<TopicPartition, Integer> positions = new HashMap<>();
    private int turn;
    boolean dead;

    OverflowLogs(Lane lane, Kept kept, int maxPollRecords) {
        super("none");
        this.lane = lane;
        this.kept = kept;
        this.generation = ++kept.generation;
        this.maxPollRecords = maxPollRecords;
        Map<String, List<PartitionInfo>> topics = new HashMap<>();
        kept.logs.keySet().forEach(each -> topics.computeIfAbsent(each.topic(), any -> new ArrayList<>())
                .add(new PartitionInfo(each.topic(), each.partition(), null, null, null)));
        topics.forEach(this::updatePartitions);
    }

    void assignAll() {
        rebalance(kept.logs.keySet());
    }

    @Override
    public synchronized void subscribe(Pattern pattern, ConsumerRebalanceListener listener) {
        super.subscribe(pattern, listener);
        rebalance(List.of());
    }

    @Override
    public synchronized ConsumerRecords<byte[], byte[]> poll(Duration timeout) {
        Map<TopicPartition, List<ConsumerRecord<byte[], byte[]>>> polled = new LinkedHashMap<>();
        Map<TopicPartition, OffsetAndMetadata> next = new HashMap<>();
        List<TopicPartition> all = List.copyOf(kept.logs.keySet());
        Set<TopicPartition> paused = paused();
        int left = maxPollRecords;
        turn++;
        for (int i = 0; i < all.size() && left > 0; i++) {
            TopicPartition partition = all.get((i + turn) % all.size());
            List<ConsumerRecord<byte[], byte[]>> log = kept.log(partition);
            int from = positions.getOrDefault(partition, 0);
            int to = paused.contains(partition) ? from : Math.min(log.size(), from + left);
            if (to > from) {
                polled.put(partition, List.copyOf(log.subList(from, to)));
                next.put(partition, new OffsetAndMetadata(to));
                positions.put(partition, to);
                left -= to - from;
            }
        }
        return polled.isEmpty() ? ConsumerRecords.empty() : new ConsumerRecords<>(polled, next);
    }

    @Override
    public synchronized void seek(TopicPartition partition, long offset) {
        positions.put(partition, (int) offset);
    }

    @Override
    @SuppressWarnings("removal")
    public ConsumerGroupMetadata groupMetadata() {
        return new ConsumerGroupMetadata(lane.consumerGroup(), generation, "member", Optional.empty());
    }

    @Override
    public synchronized Map<TopicPartition, OffsetAndMetadata> committed(Set<TopicPartition> asked, Duration timeout) {
        Map<TopicPartition, OffsetAndMetadata> found = new HashMap<>(kept.committed);
        found.keySet().retainAll(asked);
        return found;
    }

    @Override
    public synchronized Map<TopicPartition, Long> beginningOffsets(Collection<TopicPartition> asked,
            Duration timeout) {
        Map<TopicPartition, Long> beginnings = new HashMap<>();
        asked.forEach(partition -> beginnings.put(partition, 0L));
        return beginnings;
    }

    @Override
    public synchronized void commitAsync(Map<TopicPartition, OffsetAndMetadata> offsets,
            OffsetCommitCallback callback) {
        if (!dead) {
            kept.committed.putAll(offsets);
            callback.onComplete(offsets, null);
        }
    }

    @Override
    public void commitSync(Map<TopicPartition, OffsetAndMetadata> offsets, Duration timeout) {
        kept.committed.putAll(offsets);
    }
}
