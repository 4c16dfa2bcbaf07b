package dev.signalbox.workers.intake;

import dev.signalbox.schemas.Headers;
import dev.signalbox.schemas.Lane;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;

/** A mock consumer whose answers to commits, committed offsets and generation the test scripts. */
final class ScriptedConsumer extends MockConsumer<byte[], byte[]> {
    final Lane lane;
    final Map<TopicPartition, OffsetAndMetadata> broker = new HashMap<>();
    final List<String> calls = new ArrayList<>();
    final Deque<KafkaException> failCommits = new ArrayDeque<>();
    /** Commits whose answer has not come. */
    final Deque<Runnable> answers = new ArrayDeque<>();
    /** Where it stands behind the records of a poll, if that is not right behind the last one. */
    final Map<TopicPartition, Long> positionAfterPoll = new HashMap<>();
    /** Told of each commit of partition 0 that the broker accepts. */
    Consumer<OffsetAndMetadata> onCommit = any -> {
    };
    /** What is committed of partition 0, for other threads. */
    volatile long committedOffset;
    Duration longestWait = Duration.ZERO;
    volatile long polls;
    boolean holdAnswers;
    private ConsumerRecords<byte[], byte[]> lastPoll = ConsumerRecords.empty();
    int failCommitted;
    int generation = 1;

    ScriptedConsumer(Lane lane, int partitions) {
        super("none");
        this.lane = lane;
        Map<TopicPartition, Long> beginning = new HashMap<>();
        for (String topic : List.of(lane.requestTopic(), lane.retryTopic())) {
            List<PartitionInfo> infos = new ArrayList<>();
            for (int i = 0; i < partitions; i++) {
                infos.add(new PartitionInfo(topic, i, null, null, null));
                beginning.put(new TopicPartition(topic, i), 0L);
            }
            updatePartitions(topic, infos);
        }
        updateBeginningOffsets(beginning);
    }

    /** What the last poll had read from there on is read again. */
    @Override
    public synchronized void seek(TopicPartition partition, long offset) {
        super.seek(partition, offset);
        for (ConsumerRecord<byte[], byte[]> record : lastPoll.records(partition)) {
            if (record.offset() >= offset) {
                addRecord(record);
            }
        }
    }

    /** Whoever assigns says himself what is read. */
    @Override
    public synchronized void rebalance(Collection<TopicPartition> assignment) {
        lastPoll = ConsumerRecords.empty();
        super.rebalance(assignment);
    }

    TopicPartition retries(int number) {
        return new TopicPartition(lane.retryTopic(), number);
    }

    /** A record of the retry topic; with no route it is one that was not parked. */
    void retry(int partition, long offset, long appendMillis, long delayMillis, String route) {
        retry(partition, offset, appendMillis, delayMillis, route, 0);
    }

    /** @param expiresMillis when the request's time to live ends; 0: nobody says so */
    void retry(int partition, long offset, long appendMillis, long delayMillis, String route, long expiresMillis) {
        RecordHeaders headers = new RecordHeaders();
        if (expiresMillis > 0) {
            headers.add(Headers.EXPIRES, Long.toString(expiresMillis).getBytes(StandardCharsets.UTF_8));
        }
        headers.add(Headers.DELAY, Long.toString(delayMillis).getBytes(StandardCharsets.UTF_8));
        if (!route.isEmpty()) {
            headers.add(Headers.PARKED_ROUTE, route.getBytes(StandardCharsets.UTF_8));
        }
        byte[] key = ("r" + offset).getBytes(StandardCharsets.UTF_8);
        addRecord(new ConsumerRecord<>(lane.retryTopic(), partition, offset, appendMillis,
                TimestampType.LOG_APPEND_TIME, key.length, 8, key, new byte[8], headers, Optional.empty()));
    }

    TopicPartition partition(int number) {
        return new TopicPartition(lane.requestTopic(), number);
    }

    void assign(int... numbers) {
        rebalance(Arrays.stream(numbers).mapToObj(this::partition).toList());
    }

    void record(int partition, long offset, String owner) {
        RecordHeaders headers = new RecordHeaders();
        if (!owner.isEmpty()) {
            headers.add("owner", owner.getBytes(java.nio.charset.StandardCharsets.UTF_8));
        }
        addRecord(new ConsumerRecord<>(lane.requestTopic(), partition, offset, 1_000 + offset,
                TimestampType.LOG_APPEND_TIME, 2, 8, new byte[2], new byte[8], headers, Optional.empty()));
    }

    /** One that was moved before, and brings strikes along. */
    void moved(int partition, long offset, int strikes) {
        RecordHeaders headers = new RecordHeaders();
        headers.add(Headers.HOP, "1".getBytes(StandardCharsets.UTF_8));
        headers.add(Headers.STRIKES, Integer.toString(strikes).getBytes(StandardCharsets.UTF_8));
        addRecord(new ConsumerRecord<>(lane.requestTopic(), partition, offset, 1_000 + offset,
                TimestampType.LOG_APPEND_TIME, 2, 8, new byte[2], new byte[8], headers, Optional.empty()));
    }

    void recordUnder(int leaderEpoch, int partition, long offset) {
        addRecord(new ConsumerRecord<>(lane.requestTopic(), partition, offset, 1_000 + offset,
                TimestampType.LOG_APPEND_TIME, 2, 8, new byte[2], new byte[8], new RecordHeaders(),
                Optional.of(leaderEpoch)));
    }

    void records(int partition, long from, long to) {
        for (long offset = from; offset < to; offset++) {
            record(partition, offset, "");
        }
    }

    /** The mock assigns all topics of a pattern at once, without a callback; here assignments come by {@link #assign}. */
    @Override
    public synchronized void subscribe(Pattern pattern, ConsumerRebalanceListener listener) {
        super.subscribe(pattern, listener);
        rebalance(List.of());
    }

    @Override
    public synchronized ConsumerRecords<byte[], byte[]> poll(Duration timeout) {
        polls++;
        ConsumerRecords<byte[], byte[]> polled = super.poll(timeout);
        lastPoll = polled;
        if (positionAfterPoll.isEmpty() || polled.isEmpty()) {
            return polled;
        }
        Map<TopicPartition, List<ConsumerRecord<byte[], byte[]>>> records = new HashMap<>();
        polled.partitions().forEach(partition -> records.put(partition, polled.records(partition)));
        Map<TopicPartition, OffsetAndMetadata> next = new HashMap<>(polled.nextOffsets());
        positionAfterPoll.forEach((partition, position) -> next.put(partition, new OffsetAndMetadata(position)));
        return new ConsumerRecords<>(records, next);
    }

    @Override
    @SuppressWarnings("removal")
    public ConsumerGroupMetadata groupMetadata() {
        return new ConsumerGroupMetadata(lane.consumerGroup(), generation, "member", Optional.empty());
    }

    @Override
    public synchronized Map<TopicPartition, OffsetAndMetadata> committed(Set<TopicPartition> partitions,
            Duration timeout) {
        calls.add("committed " + partitions.size());
        waited(timeout);
        if (failCommitted > 0) {
            failCommitted--;
            throw new TimeoutException("scripted");
        }
        Map<TopicPartition, OffsetAndMetadata> found = new HashMap<>(broker);
        found.keySet().retainAll(partitions);
        return found;
    }

    @Override
    public synchronized void commitAsync(Map<TopicPartition, OffsetAndMetadata> offsets,
            OffsetCommitCallback callback) {
        calls.add("commit " + offsets.size());
        KafkaException failure = failCommits.poll();
        Runnable answer = () -> {
            if (failure == null) {
                accept(offsets);
            }
            callback.onComplete(offsets, failure);
        };
        if (holdAnswers) {
            answers.add(answer);
        } else {
            answer.run();
        }
    }

    @Override
    public void commitSync(Map<TopicPartition, OffsetAndMetadata> offsets, Duration timeout) {
        calls.add("commitSync " + offsets.size());
        waited(timeout);
        KafkaException failure = failCommits.poll();
        if (failure != null) {
            throw failure;
        }
        accept(offsets);
    }

    @Override
    public synchronized Map<TopicPartition, Long> beginningOffsets(Collection<TopicPartition> partitions,
            Duration timeout) {
        waited(timeout);
        return super.beginningOffsets(partitions);
    }

    private void waited(Duration timeout) {
        longestWait = timeout.compareTo(longestWait) > 0 ? timeout : longestWait;
    }

    private void accept(Map<TopicPartition, OffsetAndMetadata> offsets) {
        broker.putAll(offsets);
        OffsetAndMetadata first = offsets.get(partition(0));
        if (first != null) {
            committedOffset = first.offset();
            onCommit.accept(first);
        }
    }
}
