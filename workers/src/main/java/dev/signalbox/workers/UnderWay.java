package dev.signalbox.workers;

import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * A request on its way, as the world outside sees it: whether its caller has cancelled it, which is looked up again only
 * when cancellations have come; and that it runs, which is told once, if its calls take as long as {@link #TOLD_AFTER}.
 */
final class UnderWay {
    /** Requests that are answered sooner are told of once, when they have ended. */
    static final Duration TOLD_AFTER = Duration.ofSeconds(2);

    private final String id;
    private final Cancellations cancellations;
    private final LongSupplier nanos;
    private final Runnable tellRunning;
    private volatile boolean cancelled;
    private volatile long lookedUpAt = -1;
    private volatile boolean told;

    /**
     * @param nanos a monotonic clock
     * @param tellRunning may block
     */
    UnderWay(String id, Cancellations cancellations, LongSupplier nanos, Runnable tellRunning) {
        this.id = id;
        this.cancellations = cancellations;
        this.nanos = nanos;
        this.tellRunning = tellRunning;
    }

    boolean isCancelled() {
        long added = cancellations.added();
        if (!cancelled && lookedUpAt != added) {
            cancelled = cancellations.contains(id);
            lookedUpAt = added;
        }
        return cancelled;
    }

    /** Asked again and again while a call runs that began then: whether the call is to go on. */
    boolean goesOn(long startedNanos) {
        if (!told && nanos.getAsLong() - startedNanos >= TOLD_AFTER.toNanos()) {
            told = true;
            Thread.startVirtualThread(tellRunning);
        }
        return !isCancelled();
    }
}
