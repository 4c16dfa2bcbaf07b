package dev.signalbox.workers.intake;

import java.time.Duration;
import java.util.function.Predicate;

/**
 * Requests of one lane, and the promise that each comes again, here or elsewhere, until it is completed. The consumer
 * group of {@link LaneConsumer} is one; a share group or a simulation can be others.
 */
public interface RequestSource extends AutoCloseable {

    /** Starts to deliver to the sink. */
    void start();

    /**
     * The request is done for good: its reply, or its dead letter, is acknowledged. Any thread; never blocks. A ticket of
     * an assignment that was lost changes nothing.
     */
    void complete(Ticket ticket);

    /** Delivers nothing new from now on, but keeps its partitions and takes completions. Any thread; returns at once. */
    void stopAdmitting();

    /** Requests of these ids are delivered now, though they were put off. Any thread; returns at once. */
    void hasten(Predicate<String> ids);

    /**
     * A request was published to the retry topic: from then on, ms on the broker's clock, it is not to wait behind what waits
     * longer. Any thread; returns at once.
     */
    void expect(long dueMillis);

    /** A request of that route was published to the retry topic because the route was blocked. Any thread; returns at once. */
    void parked(String route);

    /** For how long at most nobody who gives it partitions has heard of it; who is silent for a session may own none any more. */
    Duration silence();

    /** What it holds now; cheap enough for a gauge. */
    IntakeStatus status();

    /**
     * Commits what is complete, gives the partitions back and ends its threads, within the time given.
     *
     * @return whether it ended in time
     */
    boolean close(Duration limit);

    /** As {@link #close(Duration)} with 5 s. */
    @Override
    default void close() {
        close(Duration.ofSeconds(5));
    }
}
