package dev.signalbox.dispatcher.health;

import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/**
 * The fleet's clock, the broker's, as this process knows it from the append times of the records it read: the latest one,
 * and what the process's own monotonic clock says has passed since. A record is never read before it was appended, so
 * the highest offset seen is the best one; a backlog makes it late, and it catches up with the backlog. Thread-safe.
 */
public final class FleetTime {
    private static final long UNKNOWN = Long.MIN_VALUE;

    private final LongSupplier monotonicMillis;
    private final AtomicLong offset = new AtomicLong(UNKNOWN);

    /** @param monotonicMillis of any origin */
    public FleetTime(LongSupplier monotonicMillis) {
        this.monotonicMillis = monotonicMillis;
    }

    /** A record that was appended then was just read. */
    public void observe(long appendedMillis) {
        offset.accumulateAndGet(appendedMillis - monotonicMillis.getAsLong(), Math::max);
    }

    /** Now, ms since 1970; empty before the first record, since this machine's own clock may be anything. */
    public OptionalLong nowMillis() {
        long known = offset.get();
        return known == UNKNOWN ? OptionalLong.empty() : OptionalLong.of(known + monotonicMillis.getAsLong());
    }
}
