package dev.signalbox.config.live;

import dev.signalbox.schemas.serde.SchemaRegistryException;
import dev.signalbox.schemas.serde.UnknownSchemaException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads all partitions of a few small topics from their beginning and goes on reading, on one thread of its own, without a
 * group. Where Kafka or the schema registry fails it begins anew; topics that come later are looked for
 * each 30 s, each second as long as there is none at all. Readers are told on that
 * thread, of each partition in its order; what a reader throws is logged, and the record left out.
 */
public final class TopicFollower implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(TopicFollower.class);
    private static final Duration FIRST_READING = Duration.ofSeconds(3);
    private static final Duration POLL = Duration.ofSeconds(1);
    private static final Duration LOOK_UP = Duration.ofSeconds(5);
    private static final Duration LOOK_AGAIN = Duration.ofSeconds(30);
    private static final long PAUSE_MILLIS = 1_000;
    private static final Duration CLOSE_LIMIT = Duration.ofSeconds(2);

    private final Supplier<Consumer<byte[], byte[]>> consumers;
    private final Map<String, RecordReader> readers;
    private final CountDownLatch caughtUp = new CountDownLatch(1);
    private final CountDownLatch closing = new CountDownLatch(1);
    private final Thread thread;

    /** Told of a topic's records. */
    @FunctionalInterface
    public interface RecordReader {
        void read(ConsumerRecord<byte[], byte[]> record);
    }

    /** @param consumers a new one each, which belongs to this */
    TopicFollower(Supplier<Consumer<byte[], byte[]>> consumers,
            Map<String, RecordReader> readers, String name) {
        this.consumers = consumers;
        this.readers = Map.copyOf(readers);
        this.thread = Thread.ofVirtual().name(name).unstarted(this::run);
    }

    /**
     * Returns at once.
     *
     * @param client for every Kafka client: {@code bootstrap.servers}, security and whatever else was passed
     * @param readers by topic
     * @param name of the thread
     */
    public static TopicFollower start(Map<String, Object> client,
            Map<String, RecordReader> readers, String name) {
        Map<String, Object> properties = new HashMap<>(client);
        properties.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
        properties.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
        properties.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        properties.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, 500);
        TopicFollower follower = new TopicFollower(
                () -> new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer()),
                readers, name);
        follower.start();
        return follower;
    }

    void start() {
        thread.start();
    }

    /** Waits until all was read that was there at the start, but no longer than 3 s; false if the time is up. */
    public boolean awaitFirstReading() {
        return awaitFirstReading(FIRST_READING);
    }

    /** Waits until all was read that was there at the start; false if that took longer than the limit. */
    public boolean awaitFirstReading(Duration limit) {
        try {
            return caughtUp.await(limit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private boolean isClosing() {
        return closing.getCount() == 0;
    }

    private void run() {
        while (!isClosing()) {
            try (Consumer<byte[], byte[]> consumer = consumers.get()) {
                Thread.ofVirtual().start(() -> wakeAtClose(consumer));
                follow(consumer);
            } catch (WakeupException e) {
                return;
            } catch (KafkaException e) {
                if (!isClosing()) {
                    LOG.warn("{} are not read for now, and read again from their beginning: {}", readers.keySet(),
                            e.toString());
                    pause();
                }
            }
        }
    }

    private void wakeAtClose(Consumer<byte[], byte[]> consumer) {
        try {
            closing.await();
            consumer.wakeup();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void pause() {
        try {
            if (closing.await(PAUSE_MILLIS, TimeUnit.MILLISECONDS)) {
                return;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void follow(Consumer<byte[], byte[]> consumer) {
        Set<TopicPartition> assigned = partitions(consumer);
        consumer.assign(assigned);
        consumer.seekToBeginning(assigned);
        Map<TopicPartition, Long> ends = consumer.endOffsets(assigned);
        long lookAgain = System.nanoTime() + LOOK_AGAIN.toNanos();
        while (!isClosing()) {
            if (caughtUp.getCount() > 0 && ends.entrySet().stream()
                    .allMatch(end -> consumer.position(end.getKey()) >= end.getValue())) {
                caughtUp.countDown();
            }
            if (assigned.isEmpty()) {
                pause();
            } else {
                consumer.poll(POLL).forEach(this::tell);
            }
            if (assigned.isEmpty() || System.nanoTime() - lookAgain >= 0) {
                lookAgain = System.nanoTime() + LOOK_AGAIN.toNanos();
                assigned = withNew(consumer, assigned);
            }
        }
    }

    /** Topics and partitions that came later are read from their beginning, the others further on. */
    private Set<TopicPartition> withNew(Consumer<byte[], byte[]> consumer, Set<TopicPartition> assigned) {
        Set<TopicPartition> now = partitions(consumer);
        if (now.equals(assigned)) {
            return assigned;
        }
        consumer.assign(now);
        List<TopicPartition> added = new ArrayList<>(now);
        added.removeAll(assigned);
        consumer.seekToBeginning(added);
        return now;
    }

    private Set<TopicPartition> partitions(Consumer<byte[], byte[]> consumer) {
        Set<TopicPartition> partitions = new TreeSet<>(
                Comparator.comparing(TopicPartition::topic).thenComparingInt(TopicPartition::partition));
        for (String topic : readers.keySet()) {
            consumer.partitionsFor(topic, LOOK_UP)
                    .forEach(info -> partitions.add(new TopicPartition(topic, info.partition())));
        }
        return partitions;
    }

    private void tell(ConsumerRecord<byte[], byte[]> record) {
        try {
            Objects.requireNonNull(readers.get(record.topic()), "only these topics are read").read(record);
        } catch (SchemaRegistryException e) {
            if (!(e instanceof UnknownSchemaException)) {
                throw e;
            }
            leftOut(record, e);
        } catch (RuntimeException e) {
            leftOut(record, e);
        }
    }

    private static void leftOut(ConsumerRecord<byte[], byte[]> record, RuntimeException e) {
        LOG.warn("a record of {} ({}-{}) is left out: {}", record.topic(), record.partition(), record.offset(),
                e.toString());
    }

    /** Waits for the record that is being told, at most 2 s. */
    @Override
    public void close() {
        closing.countDown();
        try {
            thread.join(CLOSE_LIMIT);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
