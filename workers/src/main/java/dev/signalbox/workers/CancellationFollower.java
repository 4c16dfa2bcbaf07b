package dev.signalbox.workers;

import dev.signalbox.config.live.TopicFollower;
import dev.signalbox.schemas.Topics;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads {@code llm.cancellations}, whole and by itself: any worker may have the request. What waits is asked for soon after,
 * what runs looks for itself.
 */
final class CancellationFollower implements AutoCloseable {
    /** A request that is cancelled is one that costs; but a topic that cannot be read must not keep all others waiting. */
    private static final Duration FIRST_READING = Duration.ofSeconds(30);
    private static final long SWEEP_MILLIS = 50;
    private static final Logger LOG = LoggerFactory.getLogger(CancellationFollower.class);

    private final Cancellations cancellations;
    private final Runnable hasten;
    private final TopicFollower follower;
    private final ScheduledFuture<?> sweep;
    /** Read and written by the timer alone. */
    private long swept;
    private boolean sweepAgain;

    /** @param hasten looks through what waits; may block */
    CancellationFollower(WorkerOptions options, SharedStages shared, MeterRegistry registry, Runnable hasten) {
        this.cancellations = shared.cancellations;
        this.hasten = hasten;
        Gauge.builder("signalbox.cancellations", cancellations, Cancellations::size)
                .description("Cancelled ids that are kept").register(registry);
        Gauge.builder("signalbox.cancellations.bytes", cancellations, Cancellations::bytes)
                .description("Memory of the cancelled ids that are kept").register(registry);
        FunctionCounter.builder("signalbox.cancellations.let.go", cancellations, Cancellations::letGo)
                .description("Cancelled ids that were let go before their time").register(registry);
        this.follower = TopicFollower.start(options.clientProperties(), Map.of(Topics.CANCELLATIONS, this::read),
                "cancellations");
        this.sweep = shared.timer.scheduleWithFixedDelay(this::sweep, SWEEP_MILLIS, SWEEP_MILLIS,
                TimeUnit.MILLISECONDS);
    }

    /** Waits until all was read that was there at the start, but no longer than 30 s. */
    void awaitFirstReading() {
        if (!follower.awaitFirstReading(FIRST_READING)) {
            LOG.warn(
                    "{} was not read to its end within {} s: requests are served, and one that was cancelled before may be"
                            + " called until it is",
                    Topics.CANCELLATIONS, FIRST_READING.toSeconds());
        }
    }

    private void read(ConsumerRecord<byte[], byte[]> record) {
        if (record.key() != null) {
            cancellations.add(new String(record.key(), StandardCharsets.UTF_8), record.timestamp());
        }
    }

    /** And once more after the last: a request may have begun to wait meanwhile. */
    private void sweep() {
        long added = cancellations.added();
        if (added != swept || sweepAgain) {
            sweepAgain = added != swept;
            swept = added;
            Thread.startVirtualThread(hasten);
        }
    }

    @Override
    public void close() {
        sweep.cancel(false);
        follower.close();
    }
}
