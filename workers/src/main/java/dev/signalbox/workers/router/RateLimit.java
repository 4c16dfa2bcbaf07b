package dev.signalbox.workers.router;

import dev.signalbox.workers.scheduler.SlidingWindow;

/**
 * One limit by minute. An amount is held from its reservation on, without end, until it is dated: until it is known when the
 * vendor had counted it at the latest. From that date on it counts for a minute. A pure model, for one caller at a time;
 * time is ns on a monotonic clock.
 */
final class RateLimit {
    private final String unit;
    private final SlidingWindow window = new SlidingWindow();
    private long perMinute = Long.MAX_VALUE;
    private long most = Long.MAX_VALUE;
    private long held;
    private String allInUse = "";

    RateLimit(String unit) {
        this.unit = unit;
    }

    /** @param limit {@link Long#MAX_VALUE}: none; whether there is one must not change */
    void set(long limit) {
        perMinute = limit;
        allInUse = "all " + limit + " " + unit + " are in use";
    }

    /** @param limit beyond which a call cannot be made at all, however little others use */
    void most(long limit) {
        most = limit;
    }

    long perMinute() {
        return perMinute;
    }

    boolean isLimited() {
        return perMinute != Long.MAX_VALUE;
    }

    /** What counts now, held or dated. */
    long inUse(long nowNanos) {
        return isLimited() ? held + window.sum(nowNanos) : 0;
    }

    /** What counts now beyond the limit, since that became less. */
    long beyond(long nowNanos) {
        return Math.max(0, inUse(nowNanos) - perMinute);
    }

    /** Whether so much more would be within the limit now. */
    boolean fits(long amount, long nowNanos) {
        return !isLimited() || held + window.sum(nowNanos) + amount <= perMinute;
    }

    LimitVerdict check(long amount, long nowNanos) {
        if (!isLimited()) {
            return LimitVerdict.NOW;
        }
        if (amount > most) {
            return new LimitVerdict.Never("it needs " + amount + " of " + most + " " + unit);
        }
        long dated = window.sum(nowNanos);
        long over = held + dated + amount - perMinute;
        if (over <= 0) {
            return LimitVerdict.NOW;
        }
        return over <= dated
                ? new LimitVerdict.At(window.lapsedNanos(over, nowNanos), allInUse)
                : LimitVerdict.ON_RELEASE;
    }

    void hold(long amount) {
        held += isLimited() ? amount : 0;
    }

    /** Of what was held, that amount has not been used and will not be. */
    void giveBack(long amount) {
        held -= isLimited() ? amount : 0;
    }

    /** Of what was held, the vendor has counted that amount by then. */
    void date(long amount, long dateNanos, long nowNanos) {
        if (isLimited()) {
            held -= amount;
            window.add(amount, dateNanos, nowNanos);
        }
    }

    /** What was dated then was counted by another time. */
    void redate(long amount, long fromNanos, long toNanos, long nowNanos) {
        if (isLimited()) {
            window.adjust(fromNanos, -amount, nowNanos);
            window.add(amount, toNanos, nowNanos);
        }
    }

    /** Corrects what was dated then; beyond what was held, it counts all the same. */
    void adjust(long difference, long dateNanos, long nowNanos) {
        if (isLimited() && difference != 0) {
            window.adjust(dateNanos, difference, nowNanos);
        }
    }
}
