package dev.signalbox.workers.reply;

import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.AttemptEvent;
import dev.signalbox.schemas.avro.RequestStatus;
import dev.signalbox.workers.intake.BrokerClock;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the control plane of each vendor call, STARTED before its bytes, ENDED after its outcome, CLAIMED where it needs a turn
 * to be made, and of each request's end. A call waits until its STARTED is acknowledged, so that one which is lost with its worker is known of, but never
 * for more than {@value #PATIENCE_MILLIS} ms, and no further call waits until something is acknowledged again. Nothing else
 * holds up a request: what cannot be written is counted and dropped.
 */
public final class AttemptJournal {
    /** Of the producer: what a failed call means for others is to be known soon, and a busy worker's events share batches anyway. */
    public static final int LINGER_MILLIS = 2;
    /** Of the producer of what calls wait for. */
    public static final int ANNOUNCED_LINGER_MILLIS = 0;
    /** Most that a call waits for its STARTED; a broker that takes longer is not there. */
    static final int PATIENCE_MILLIS = 250;
    private static final Logger LOG = LoggerFactory.getLogger(AttemptJournal.class);

    private static final int TRIES = 3;

    private final RecordEncoder encoder;
    private final RenewableProducer announcing;
    private final RenewableProducer producer;
    private final BrokerClock clock;
    private final AtomicLong dropped = new AtomicLong();
    private final AtomicLong unannounced = new AtomicLong();
    /** A call has waited in vain, and nothing was acknowledged since. */
    private volatile boolean silent;

    /**
     * The producers belong to the caller.
     *
     * @param announcing for what calls wait for
     * @param producer for all else
     * @param clock the fleet's: it is set by each acknowledged event's append time
     */
    public AttemptJournal(RecordEncoder encoder, RenewableProducer announcing, RenewableProducer producer,
            BrokerClock clock) {
        this.encoder = encoder;
        this.announcing = announcing;
        this.producer = producer;
        this.clock = clock;
    }

    /** Learns what the first event would else wait for. Blocking; what cannot be had now, the first event asks for again. */
    public void prepare() {
        try {
            encoder.prepareControl();
            announcing.prepare(Topics.ATTEMPTS);
            producer.prepare(Topics.ATTEMPTS);
            producer.prepare(Topics.STATUS);
        } catch (RuntimeException away) {
            LOG.info("attempt events not prepared for: {}", away.toString());
        }
    }

    /**
     * Sends the event of a call that is about to be made, and waits until it is acknowledged; returns without that after
     * {@value #PATIENCE_MILLIS} ms, when it cannot be sent, or when this thread is interrupted. Then nobody knows of the call if
     * this worker dies now.
     */
    public void announce(AttemptEvent event) {
        CompletableFuture<Boolean> written = new CompletableFuture<>();
        encoded(event)
                .ifPresentOrElse(record -> send(announcing, record, 1, written), () -> written.complete(false));
        boolean known = silent ? written.getNow(false) : await(written);
        if (!known) {
            unannounced.incrementAndGet();
        }
    }

    /** Sends the claim of a turn that a call waits for, at once; who hears of it answers, or it was in vain. */
    public void claim(AttemptEvent event) {
        encoded(event).ifPresent(record -> send(announcing, record, TRIES, new CompletableFuture<>()));
    }

    private boolean await(CompletableFuture<Boolean> written) {
        try {
            return written.get(PATIENCE_MILLIS, TimeUnit.MILLISECONDS);
        } catch (TimeoutException late) {
            silent = true;
            LOG.warn("a call was not acknowledged to be told of within {} ms: none waits for that until one is",
                    PATIENCE_MILLIS);
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } catch (ExecutionException e) {
            throw new IllegalStateException("nobody completes it by an error", e);
        }
    }

    /** Sends an event; where the producer had to be replaced, up to {@value #TRIES} times. */
    public void append(AttemptEvent event) {
        encoded(event)
                .ifPresent(record -> send(producer, record, 1, new CompletableFuture<>()));
    }

    /** Sends where a request is; as {@link #append(AttemptEvent)}. */
    public void append(RequestStatus status) {
        encoded(Topics.STATUS, status.getRequestId(), () -> encoder.encode(Topics.STATUS, status))
                .ifPresent(record -> send(producer, record, 1, new CompletableFuture<>()));
    }

    private Optional<ProducerRecord<byte[], byte[]>> encoded(AttemptEvent event) {
        return encoded(Topics.ATTEMPTS, event.getDeployment(), () -> encoder.encode(Topics.ATTEMPTS, event));
    }

    private Optional<ProducerRecord<byte[], byte[]>> encoded(String topic, String key, Supplier<byte[]> value) {
        try {
            return Optional.of(new ProducerRecord<>(topic, key.getBytes(StandardCharsets.UTF_8), value.get()));
        } catch (RuntimeException registryAway) {
            drop(registryAway);
            return Optional.empty();
        }
    }

    /** @param written completed when its outcome is known */
    private void send(RenewableProducer by, ProducerRecord<byte[], byte[]> record, int tries,
            CompletableFuture<Boolean> written) {
        long sending = clock.sending();
        by.send(record, (metadata, error) -> {
            if (error == null) {
                clock.acknowledged(metadata.timestamp(), sending);
                silent = false;
                written.complete(true);
            } else if (tries < TRIES) {
                Thread.startVirtualThread(() -> send(by, record, tries + 1, written));
            } else {
                drop(error);
                written.complete(false);
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

    /** Calls that were made before their STARTED was known to be written. */
    public long unannounced() {
        return unannounced.get();
    }
}
