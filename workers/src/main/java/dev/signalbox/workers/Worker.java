package dev.signalbox.workers;

import dev.signalbox.schemas.Lane;
import dev.signalbox.workers.intake.IntakeStatus;
import dev.signalbox.workers.scheduler.SchedulerStatus;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * A worker process's data plane: for each pool a scheduler, for each of its lanes a consumer and a producer, and one
 * {@link RequestFlow} that every request goes through.
 */
public final class Worker implements AutoCloseable {
    private final WorkerParts parts;

    private Worker(WorkerParts parts) {
        this.parts = parts;
    }

    /** Starts to serve; its topics must exist. Returns before partitions are assigned: see {@link #ready}. */
    public static Worker start(WorkerOptions options) {
        return new Worker(WorkerParts.start(options));
    }

    /** Whether every lane has its partitions, or knows that it gets none, and takes requests. */
    public boolean ready() {
        return parts.ready();
    }

    /** Whether no lane has ended by itself. */
    public boolean live() {
        return parts.live();
    }

    /** What each lane's intake holds. */
    public Map<Lane, IntakeStatus> intake() {
        return parts.intake();
    }

    /** What each pool's scheduler holds. */
    public List<SchedulerStatus> schedulers() {
        return parts.schedulers();
    }

    /** Port of health and metrics. */
    public int adminPort() {
        return parts.adminPort();
    }

    /** Metrics in Prometheus' text format. */
    public String metrics() {
        return parts.scrape();
    }

    /**
     * Stops taking requests, lets the running ones finish, publishes and commits. Waiting requests stay pending in Kafka.
     *
     * @return whether all of it was done within the limit
     */
    public boolean drain(Duration limit) {
        return parts.drain(limit);
    }

    /** Drains for up to 5 s, then closes whatever still runs; what was cut is served again after the next start. */
    @Override
    public void close() {
        parts.drain(Duration.ofSeconds(5));
        parts.close();
    }
}
