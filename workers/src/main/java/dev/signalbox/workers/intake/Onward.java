package dev.signalbox.workers.intake;

import java.time.Duration;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** Publishes records of the retry topic again that wait on, so that what stands behind them is read. */
@FunctionalInterface
public interface Onward {
    /** Nothing is published, and everything waits where it is. */
    Onward NOWHERE = (waiting, written, failed) -> failed.run();

    /**
     * Publishes one.
     *
     * @param written told when it is acknowledged, on any thread: it is short
     * @param failed told when it is not known to be written; the same
     */
    void publish(Waiting waiting, Runnable written, Runnable failed);

    /** Who is parked where it publishes. */
    default ParkedLines lines() {
        return new ParkedLines();
    }

    /**
     * A record that waits on.
     *
     * @param source as it came, with a key
     * @param hop how often it was published again
     * @param firstEnqueuedMillis append time of the first record, ms on the broker's clock
     * @param rest for how long it waits yet
     */
    record Waiting(ConsumerRecord<byte[], byte[]> source, int hop, long firstEnqueuedMillis, Duration rest) {
    }
}
