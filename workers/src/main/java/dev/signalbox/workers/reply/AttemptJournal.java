package dev.signalbox.workers.reply;

import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.AttemptEvent;
import dev.signalbox.schemas.avro.RequestStatus;
import dev.signalbox.workers.intake.BrokerClock;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the control plane of each vendor call, STARTED before its bytes, ENDED after its outcome, and of each request's
 * end. It never holds up a request: what cannot be written is counted and dropped.
 */
public final class AttemptJournal {
    /** Of the producer: what a failed call means for others is to be known soon, and a busy worker's events share batches anyway. */
    public static final int LINGER_MILLIS = 2;
    private static final Logger LOG = LoggerFactory.getLogger(AttemptJournal.class);

    private static final int TRIES = 3;

    private final RecordEncoder encoder;
    private final RenewableProducer producer;
    private final BrokerClock clock;
    private final AtomicLong dropped = new AtomicLong();

    /**
     * @param producer for control records; it belongs to the caller
     * @param clock the fleet's: it is set by each acknowledged event's append time
     */
    public AttemptJournal(RecordEncoder encoder, RenewableProducer producer, BrokerClock clock) {
        this.encoder = encoder;
        this.producer = producer;
        this.clock = clock;
    }

    /** Learns what the first event would else wait for. Blocking; what cannot be had now, the first event asks for again. */
    public void prepare() {
        try {
            encoder.prepareControl();
            producer.prepare(Topics.ATTEMPTS);
            producer.prepare(Topics.STATUS);
        } catch (RuntimeException away) {
            LOG.info("attempt events not prepared for: {}", away.toString());
        }
    }

    /** Sends an event; where the producer had to be replaced, up to {@value #TRIES} times. */
    public void append(AttemptEvent event) {
        byte[] value;
        try {
            value = encoder.encode(Topics.ATTEMPTS, event);
        } catch (RuntimeException registryAway) {
            drop(registryAway);
            return;
        }
        send(new ProducerRecord<>(Topics.ATTEMPTS, event.getDeployment().getBytes(StandardCharsets.UTF_8), value), 1);
    }

    /** Sends where a request is; as {@link #append(AttemptEvent)}. */
    public void append(RequestStatus status) {
        byte[] value;
        try {
            value = encoder.encode(Topics.STATUS, status);
        } catch (RuntimeException registryAway) {
            drop(registryAway);
            return;
        }
        send(new ProducerRecord<>(Topics.STATUS, status.getRequestId().getBytes(StandardCharsets.UTF_8), value), 1);
    }

    private void send(ProducerRecord<byte[], byte[]> record, int tries) {
        long sending = clock.sending();
        producer.send(record, (metadata, error) -> {
            if (error == null) {
                clock.acknowledged(metadata.timestamp(), sending);
            } else if (tries < TRIES) {
                Thread.startVirtualThread(() -> send(record, tries + 1));
            } else {
                drop(error);
            }
        });
    }

    private void drop(Exception reason) {
        if (dropped.getAndIncrement() % 1_000 == 0) {
            LOG.warn("control record dropped, {} so far: {}", dropped.get(), reason.toString());
        }
    }

    /** Records that could not be written. */
    public long dropped() {
        return dropped.get();
    }
}
