package dev.signalbox.workers;

import dev.signalbox.schemas.Lane;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Consumer;
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

/** A lane's request and retry topic, and the consumer that reads them in polls of bounded records and bytes. */
final class WaitingLogs extends MockConsumer<byte[], byte[]> {
    private final Lane lane;
    private final WaitingPlan plan;
    final Map<TopicPartition, Log> logs = new LinkedHashMap<>();
    final Map<TopicPartition, OffsetAndMetadata> committed = new HashMap<>();
    private final List<TopicPartition> partitions;
    private int turn;
    /** Whether the last poll brought records. */
    boolean came;
    /** When commits are answered. */
    Consumer<Runnable> answers = Runnable::run;

    /** One partition. */
    static final class Log {
        final TopicPartition partition;
        final List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
        /** The next offset that is read. */
        int position;

        Log(TopicPartition partition) {
            this.partition = partition;
        }
    }

    WaitingLogs(Lane lane, WaitingPlan plan) {
        super("none");
        this.lane = lane;
        this.plan = plan;
        for (String topic : List.of(lane.requestTopic(), lane.retryTopic())) {
            List<PartitionInfo> infos = new ArrayList<>();
            for (int i = 0; i < plan.partitions; i++) {
                infos.add(new PartitionInfo(topic, i, null, null, null));
                logs.put(new TopicPartition(topic, i), new Log(new TopicPartition(topic, i)));
            }
            updatePartitions(topic, infos);
        }
        partitions = List.copyOf(logs.keySet());
    }

    void assignAll() {
        rebalance(partitions);
    }

    /** Appends a request's record. */
    void append(WaitingRequest request, String topic, byte[] key, byte[] value, int valueBytes, Headers headers,
            long nowMillis) {
        TopicPartition partition = new TopicPartition(topic, Math.floorMod(Arrays.hashCode(key), plan.partitions));
        Log log = log(partition);
        request.record = new ConsumerRecord<>(topic, partition.partition(), log.records.size(), nowMillis,
                TimestampType.LOG_APPEND_TIME, key.length, valueBytes, key, value, headers, Optional.empty());
        request.log = log;
        log.records.add(request.record);
    }

    private Log log(TopicPartition partition) {
        return Optional.ofNullable(logs.get(partition)).orElseThrow();
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
        int left = plan.bounds.maxPollRecords();
        int leftBytes = plan.bounds.fetchBytes();
        Set<TopicPartition> paused = paused();
        turn++;
        for (int i = 0; i < partitions.size() && left > 0; i++) {
            TopicPartition partition = partitions.get((i + turn) % partitions.size());
            Log here = log(partition);
            List<ConsumerRecord<byte[], byte[]>> log = here.records;
            int from = here.position;
            if (from >= log.size() || paused.contains(partition)) {
                continue;
            }
            int leftHere = plan.bounds.partitionFetchBytes();
            int to = from;
            while (to < log.size() && left > 0 && ((to == from && polled.isEmpty())
                    || bytes(log.get(to)) <= Math.min(leftBytes, leftHere))) {
                left--;
                leftBytes -= bytes(log.get(to));
                leftHere -= bytes(log.get(to));
                to++;
            }
            if (to > from) {
                polled.put(partition, List.copyOf(log.subList(from, to)));
                next.put(partition, new OffsetAndMetadata(to));
                here.position = to;
            }
        }
        came = !polled.isEmpty();
        return polled.isEmpty() ? ConsumerRecords.empty() : new ConsumerRecords<>(polled, next);
    }

    private static int bytes(ConsumerRecord<byte[], byte[]> record) {
        return record.serializedKeySize() + record.serializedValueSize();
    }

    @Override
    public synchronized OptionalLong currentLag(TopicPartition partition) {
        Log log = log(partition);
        return OptionalLong.of(log.records.size() - log.position);
    }

    @Override
    public synchronized void seek(TopicPartition partition, long offset) {
        log(partition).position = (int) offset;
    }

    @Override
    @SuppressWarnings("removal")
    public ConsumerGroupMetadata groupMetadata() {
        return new ConsumerGroupMetadata(lane.consumerGroup(), 1, "member", Optional.empty());
    }

    @Override
    public synchronized Map<TopicPartition, OffsetAndMetadata> committed(Set<TopicPartition> asked, Duration timeout) {
        return Map.of();
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
        committed.putAll(offsets);
        answers.accept(() -> callback.onComplete(offsets, null));
    }

    @Override
    public void commitSync(Map<TopicPartition, OffsetAndMetadata> offsets, Duration timeout) {
        committed.putAll(offsets);
    }
}
