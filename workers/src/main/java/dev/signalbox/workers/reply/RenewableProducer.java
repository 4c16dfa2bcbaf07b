package dev.signalbox.workers.reply;

import dev.signalbox.schemas.DeadLetter;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.OutOfOrderSequenceException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An idempotent producer that is replaced by a new one after an indefinite error: one after which it is not known
 * whether the record was written, or after which the old producer will refuse every further record. What the old one
 * still has in flight is given its time: each record ends in its own callback, and what fails is sent again by whoever sent
 * it, so publishing is at-least-once. A record that was refused before it entered the producer (its topic is not known, the
 * buffer is full) is surely not written and replaces nothing: one missing topic must not disturb the others.
 */
public final class RenewableProducer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RenewableProducer.class);
    private static final Duration CLOSE_LIMIT = Duration.ofSeconds(10);
    private static final int DELIVERY_MILLIS = 30_000;
    /** A little more than the longest delivery: by then each record has ended by itself. */
    private static final Duration RETIREMENT = Duration.ofMillis(DELIVERY_MILLIS + 5_000);
    /** Replaced ones that still work; beyond it the oldest is cut short. */
    private static final int MAX_RETIRED = 2;
    private static final int MIN_BUFFER_BYTES = 32 << 20;

    private final String name;
    private final Supplier<Producer<byte[], byte[]>> factory;
    private final Deque<Producer<byte[], byte[]>> retired = new ArrayDeque<>(MAX_RETIRED + 1);
    private volatile Producer<byte[], byte[]> current;
    private boolean closed;

    /** @param factory makes a producer with {@code acks=all} and idempotence */
    public RenewableProducer(String name, Supplier<Producer<byte[], byte[]>> factory) {
        this.name = name;
        this.factory = factory;
        this.current = factory.get();
    }

    /**
     * A factory over client properties, to which it adds what the order of effects relies on.
     *
     * @param maxRecordBytes what the topics take; a dead letter's headers may come on top
     */
    public static Supplier<Producer<byte[], byte[]>> kafka(Map<String, Object> clientProperties, int lingerMillis,
            int maxRecordBytes) {
        Map<String, Object> properties = new HashMap<>(clientProperties);
        properties.put("acks", "all");
        properties.put("enable.idempotence", true);
        properties.putIfAbsent("linger.ms", lingerMillis);
        properties.putIfAbsent("compression.type", compression(lingerMillis));
        properties.putIfAbsent("delivery.timeout.ms", DELIVERY_MILLIS);
        properties.putIfAbsent("request.timeout.ms", 10_000);
        properties.putIfAbsent("max.block.ms", 10_000);
        properties.putIfAbsent("max.request.size", maxRecordBytes + DeadLetter.MAX_BYTES);
        properties.putIfAbsent("buffer.memory", Math.max(MIN_BUFFER_BYTES, 2L * maxRecordBytes));
        return () -> new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer());
    }

    /** What does not linger goes alone: there is next to nothing to compress, and each batch would take 128 KB of buffers to. */
    private static String compression(int lingerMillis) {
        return lingerMillis == 0 ? "none" : "lz4";
    }

    /** Whether a send is still on its caller's stack: an outcome told meanwhile is that of a record which did not enter. */
    private static final class Entry {
        private final Thread caller = Thread.currentThread();
        private volatile boolean returned;

        boolean isUnderWay() {
            return !returned && Thread.currentThread().equals(caller);
        }
    }

    /**
     * Sends; the callback gets every outcome, those that the producer would throw included. May block for up to
     * {@code max.block.ms} when the producer's buffer is full or the topic is not known.
     */
    public void send(ProducerRecord<byte[], byte[]> record, Callback callback) {
        send(current, record, callback);
    }

    /**
     * As {@link #send(ProducerRecord, Callback)}, by that one of its producers, even if another is current by now: what
     * must not overtake a record whose outcome is open goes the way of that record.
     */
    void send(Producer<byte[], byte[]> producer, ProducerRecord<byte[], byte[]> record, Callback callback) {
        Entry entry = new Entry();
        try {
            var _ = producer.send(record, (metadata, error) -> {
                renewAfter(error, producer, entry.isUnderWay());
                callback.onCompletion(metadata, error);
            });
            entry.returned = true;
        } catch (RuntimeException error) {
            renewAfter(error, producer, true);
            callback.onCompletion(null, error);
        }
    }

    /**
     * Learns a topic's partitions, which the first record would wait for. Blocks for up to {@code max.block.ms}.
     *
     * @throws org.apache.kafka.common.KafkaException if they cannot be had now; a record will ask again
     */
    void prepare(String topic) {
        current.partitionsFor(topic);
    }

    /** Whether a topic has that partition; also if that cannot be known now. May block for up to {@code max.block.ms}. */
    boolean mayHave(String topic, int partition) {
        try {
            int partitions = current.partitionsFor(topic).size();
            return partitions == 0 || partition < partitions;
        } catch (KafkaException notNow) {
            return true;
        }
    }

    private void renewAfter(@Nullable Exception error, Producer<byte[], byte[]> failed, boolean didNotEnter) {
        boolean indefinite = (error instanceof TimeoutException && !didNotEnter)
                || error instanceof ProducerFencedException || error instanceof OutOfOrderSequenceException
                || error instanceof InvalidProducerEpochException || error instanceof IllegalStateException;
        if (indefinite && replace(failed)) {
            LOG.warn("producer {} replaced after {}", name, String.valueOf(error));
        }
    }

    private synchronized boolean replace(Producer<byte[], byte[]> failed) {
        if (!current.equals(failed) || closed) {
            return false;
        }
        current = factory.get();
        retired.add(failed);
        if (retired.size() > MAX_RETIRED) {
            Producer<byte[], byte[]> oldest = retired.remove();
            Thread.startVirtualThread(() -> oldest.close(Duration.ZERO));
        }
        Thread.startVirtualThread(() -> {
            failed.close(RETIREMENT);
            left(failed);
        });
        return true;
    }

    private synchronized void left(Producer<byte[], byte[]> producer) {
        retired.remove(producer);
    }

    /** The one that is used now: for its metrics, and for records that must go by one. */
    public Producer<byte[], byte[]> current() {
        return current;
    }

    /** Sends what is buffered, for at most 10 s. */
    @Override
    public void close() {
        Deque<Producer<byte[], byte[]>> old;
        synchronized (this) {
            closed = true;
            old = new ArrayDeque<>(retired);
        }
        current.close(CLOSE_LIMIT);
        old.forEach(producer -> producer.close(Duration.ZERO));
    }
}
