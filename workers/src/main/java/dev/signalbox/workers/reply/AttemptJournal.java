package dev.signalbox.workers.reply;

import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.AttemptEvent;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the control plane of each vendor call: STARTED before its bytes, ENDED after its outcome. It never holds up a
 * request: an event that cannot be written is counted and dropped.
 */
public final class AttemptJournal implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(AttemptJournal.class);

    private final RecordEncoder encoder;
    private final RenewableProducer producer;
    private final LongConsumer brokerTime;
    private final AtomicLong dropped = new AtomicLong();

    /** @param brokerTime told the append time of each acknowledged event, ms: the fleet's clock is set by it */
    public AttemptJournal(RecordEncoder encoder, RenewableProducer producer, LongConsumer brokerTime) {
        this.encoder = encoder;
        this.producer = producer;
        this.brokerTime = brokerTime;
    }

    /** Sends an event. */
    public void append(AttemptEvent event) {
        byte[] value;
        try {
            value = encoder.encode(Topics.ATTEMPTS, event);
        } catch (RuntimeException registryAway) {
            drop(registryAway);
            return;
        }
        producer.send(new ProducerRecord<>(Topics.ATTEMPTS, event.getDeployment().getBytes(StandardCharsets.UTF_8),
                value), (metadata, error) -> {
                    if (error != null) {
                        drop(error);
                    } else {
                        brokerTime.accept(metadata.timestamp());
                    }
                });
    }

    private void drop(Exception reason) {
        if (dropped.getAndIncrement() % 1_000 == 0) {
            LOG.warn("attempt event dropped, {} so far: {}", dropped.get(), reason.toString());
        }
    }

    /** Events that could not be written. */
    public long dropped() {
        return dropped.get();
    }

    @Override
    public void close() {
        producer.close();
    }
}
