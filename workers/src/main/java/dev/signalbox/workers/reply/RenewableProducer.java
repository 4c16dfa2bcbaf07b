package dev.signalbox.workers.reply;

import java.time.Duration;
import java.util.Map;
import java.util.function.Supplier;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
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
 * still had in flight then fails as well and is sent again by whoever sent it, so publishing is at-least-once.
 */
public final class RenewableProducer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RenewableProducer.class);
    private static final Duration CLOSE_LIMIT = Duration.ofSeconds(10);

    private final String name;
    private final Supplier<Producer<byte[], byte[]>> factory;
    private volatile Producer<byte[], byte[]> current;
    private boolean closed;

    /** @param factory makes a producer with {@code acks=all} and idempotence */
    public RenewableProducer(String name, Supplier<Producer<byte[], byte[]>> factory) {
        this.name = name;
        this.factory = factory;
        this.current = factory.get();
    }

    /** A factory over client properties, to which it adds what the order of effects relies on. */
    public static Supplier<Producer<byte[], byte[]>> kafka(Map<String, Object> clientProperties, int lingerMillis) {
        Map<String, Object> properties = new java.util.HashMap<>(clientProperties);
        properties.put("acks", "all");
        properties.put("enable.idempotence", true);
        properties.putIfAbsent("linger.ms", lingerMillis);
        properties.putIfAbsent("compression.type", "lz4");
        properties.putIfAbsent("delivery.timeout.ms", 30_000);
        properties.putIfAbsent("request.timeout.ms", 10_000);
        properties.putIfAbsent("max.block.ms", 10_000);
        return () -> new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer());
    }

    /**
     * Sends; the callback gets every outcome, those that the producer would throw included. May block for up to
     * {@code max.block.ms} when the producer's buffer is full or the topic is not known.
     */
    public void send(ProducerRecord<byte[], byte[]> record, Callback callback) {
        Producer<byte[], byte[]> producer = current;
        try {
            var _ = producer.send(record, (metadata, error) -> {
                renewAfter(error, producer);
                callback.onCompletion(metadata, error);
            });
        } catch (RuntimeException error) {
            renewAfter(error, producer);
            callback.onCompletion(null, error);
        }
    }

    private void renewAfter(@Nullable Exception error, Producer<byte[], byte[]> failed) {
        boolean indefinite = error instanceof TimeoutException || error instanceof ProducerFencedException
                || error instanceof OutOfOrderSequenceException || error instanceof InvalidProducerEpochException
                || error instanceof IllegalStateException;
        if (indefinite && replace(failed)) {
            LOG.warn("producer {} replaced after {}", name, String.valueOf(error));
            Thread.ofVirtual().start(() -> failed.close(Duration.ZERO));
        }
    }

    private synchronized boolean replace(Producer<byte[], byte[]> failed) {
        if (!current.equals(failed) || closed) {
            return false;
        }
        current = factory.get();
        return true;
    }

    /** The producer's own metrics, for export. */
    public Producer<byte[], byte[]> current() {
        return current;
    }

    /** Sends what is buffered, for at most 10 s. */
    @Override
    public void close() {
        synchronized (this) {
            closed = true;
        }
        current.close(CLOSE_LIMIT);
    }
}
