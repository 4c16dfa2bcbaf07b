package dev.signalbox.workers.capacity;

import dev.signalbox.workers.capacity.CapacityUse.OfPool;
import org.jspecify.annotations.Nullable;

/**
 * When a worker tells the dispatcher of a deployment: each second, and at once, but not within 100 ms of the last time, if
 * requests begin to wait, a call that it may make lacks a minute's amounts, a new term's first grant has come, the vendor refused
 * calls for their rate, or it uses no more than it may after that became less. A pure model; time is ns on a monotonic clock.
 */
public final class DemandPace {
    static final long EACH_NANOS = 1_000_000_000L;
    static final long LEAST_NANOS = 100_000_000L;

    private @Nullable CapacityUse told;
    private long toldNanos;

    public boolean isDue(CapacityUse use, long nowNanos) {
        CapacityUse before = told;
        if (before == null) {
            return !use.isNothing();
        }
        long since = nowNanos - toldNanos;
        return since >= EACH_NANOS
                ? !use.isNothing() || !before.isNothing()
                : since >= LEAST_NANOS && news(before, use);
    }

    private static boolean news(CapacityUse before, CapacityUse now) {
        return now.term() != before.term() || now.throttlings() > before.throttlings()
                || now.pools().stream().anyMatch(pool -> before.pool(pool.pool()).map(last -> news(last, pool))
                        .orElse(pool.waits()));
    }

    private static boolean news(OfPool before, OfPool now) {
        boolean begins = now.waits() && !before.waits();
        boolean idles = now.isIdle() && !before.isIdle();
        boolean gaveUp = !now.isOver() && (before.isOver() || !before.mayUse().fitsIn(now.mayUse()));
        return begins || idles || gaveUp;
    }

    public void told(CapacityUse use, long nowNanos) {
        told = use;
        toldNanos = nowNanos;
    }
}
