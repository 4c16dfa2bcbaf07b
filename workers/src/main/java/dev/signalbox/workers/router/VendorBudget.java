package dev.signalbox.workers.router;

import dev.signalbox.workers.router.VendorSignals.Remaining;
import java.util.OptionalInt;

/**
 * What a vendor said is left of one of its limits, until that is full again. Where the limit is known, what is left is
 * taken to refill steadily over that time; where it is not, it stays until then. Each response's word replaces the last.
 */
final class VendorBudget {
    private static final long DEFAULT_NANOS = 1_000_000_000L;

    private OptionalInt limit;
    private boolean known;
    private long left;
    private long saidNanos;
    private long fullNanos;

    /** @param limit the vendor's whole limit, if the configuration knows it */
    VendorBudget(OptionalInt limit) {
        this.limit = limit;
    }

    void limit(OptionalInt newLimit) {
        limit = newLimit;
    }

    void heard(Remaining remaining, long nowNanos) {
        if (remaining.amount().isPresent()) {
            known = true;
            left = remaining.amount().getAsLong();
            saidNanos = nowNanos;
            fullNanos = nowNanos + remaining.resetsIn().map(java.time.Duration::toNanos).orElse(DEFAULT_NANOS);
        }
    }

    void take(long amount) {
        if (known) {
            left -= amount;
        }
    }

    LimitVerdict check(long amount, long nowNanos) {
        if (!known || fullNanos - nowNanos <= 0) {
            return LimitVerdict.NOW;
        }
        double refill = limit.isEmpty() ? 0 : Math.max(0, limit.getAsInt() - left) / (double) (fullNanos - saidNanos);
        if (left + refill * (nowNanos - saidNanos) >= amount) {
            return LimitVerdict.NOW;
        }
        long at = refill > 0 ? saidNanos + (long) Math.ceil((amount - left) / refill) : fullNanos;
        return new LimitVerdict.At(at - fullNanos > 0 ? fullNanos : at, "the vendor says that too little is left");
    }
}
