package dev.signalbox.schemas.client;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.OutOfOrderSequenceException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.TimeoutException;

/**
 * A Kafka producer of which every send ends in its future, and in the listener where it failed. After an error that leaves
 * open what the broker has (a time-out, a lost sequence) the producer is replaced: an idempotent one may be wedged then.
 * What the old one still holds is given its time, on a thread of its own, and ends in its futures like the rest.
 */
final class Sender {
    /** How long a replaced producer may still work off what it holds; the same as its default delivery time-out. */
    private static final Duration RETIREMENT = Duration.ofMinutes(2);

    private final Supplier<Producer<byte[], byte[]>> factory;
    private final FailedSendListener listener;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition idle = lock.newCondition();
    /** Guarded by the lock, as all below. */
    private Producer<byte[], byte[]> producer;
    private boolean suspect;
    private boolean closed;
    private long inFlight;

    Sender(Supplier<Producer<byte[], byte[]>> factory, FailedSendListener listener) {
        this.factory = factory;
        this.listener = listener;
        this.producer = factory.get();
    }

    CompletableFuture<RecordMetadata> send(String requestId, ProducerRecord<byte[], byte[]> message) {
        CompletableFuture<RecordMetadata> future = new CompletableFuture<>();
        Producer<byte[], byte[]> current;
        try {
            current = begin();
        } catch (RuntimeException e) {
            listener.onFailedSend(requestId, e);
            future.completeExceptionally(e);
            return future;
        }
        try {
            // Its own future tells the same as the callback.
            var unused = current.send(message, (metadata, failure) -> {
                if (failure == null) {
                    end(current, false);
                    future.complete(metadata);
                } else {
                    failed(current, requestId, future, failure);
                }
            });
        } catch (RuntimeException e) {
            failed(current, requestId, future, e);
        }
        return future;
    }

    private void failed(Producer<byte[], byte[]> by, String requestId, CompletableFuture<RecordMetadata> future,
            Exception failure) {
        // A producer may tell of one failure twice, by its callback and by throwing.
        if (future.completeExceptionally(failure)) {
            end(by, isIndefinite(failure));
            listener.onFailedSend(requestId, failure);
        }
    }

    private static boolean isIndefinite(Exception failure) {
        return failure instanceof TimeoutException || failure instanceof OutOfOrderSequenceException
                || failure instanceof ProducerFencedException || failure instanceof InvalidProducerEpochException
                || failure instanceof AuthenticationException;
    }

    private Producer<byte[], byte[]> begin() {
        lock.lock();
        try {
            if (closed) {
                throw new IllegalStateException("the producer is closed");
            }
            if (suspect) {
                Producer<byte[], byte[]> old = producer;
                producer = factory.get();
                suspect = false;
                Thread retirement = new Thread(() -> old.close(RETIREMENT), "signalbox-retired-producer");
                retirement.setDaemon(true);
                retirement.start();
            }
            inFlight++;
            return producer;
        } finally {
            lock.unlock();
        }
    }

    private void end(Producer<byte[], byte[]> by, boolean indefinite) {
        lock.lock();
        try {
            inFlight--;
            suspect |= indefinite && by.equals(producer);
            if (inFlight == 0) {
                idle.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Waits rather than calls {@link Producer#flush}, which knows no time limit; lingering batches leave by themselves. */
    boolean flush(Duration limit) throws InterruptedException {
        long nanos = limit.toNanos();
        lock.lock();
        try {
            while (inFlight > 0) {
                if (nanos <= 0) {
                    return false;
                }
                nanos = idle.awaitNanos(nanos);
            }
            return true;
        } finally {
            lock.unlock();
        }
    }

    void close(Duration limit) {
        Producer<byte[], byte[]> last;
        lock.lock();
        try {
            if (closed) {
                return;
            }
            closed = true;
            last = producer;
        } finally {
            lock.unlock();
        }
        last.close(Duration.ofNanos(Math.max(0, TimeUnit.MILLISECONDS.toNanos(limit.toMillis()))));
    }
}
