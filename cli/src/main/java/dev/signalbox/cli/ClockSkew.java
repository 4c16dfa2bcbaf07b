package dev.signalbox.cli;

import java.time.Duration;
import java.util.Locale;

/**
 * How far this machine's wall clock is from another one, from one question and its answer.
 *
 * @param aheadMillis this clock minus the other; negative if this one is behind
 * @param uncertainMillis it may be off by that much each way: half of what the answer took
 */
record ClockSkew(long aheadMillis, long uncertainMillis) {

    /**
     * @param beforeMillis this clock when the question was asked
     * @param afterMillis this clock when the answer was there
     * @param otherMillis what the other clock said in it
     */
    static ClockSkew of(long beforeMillis, long afterMillis, long otherMillis) {
        long roundTrip = Math.max(0, afterMillis - beforeMillis);
        return new ClockSkew(beforeMillis + roundTrip / 2 - otherMillis, (roundTrip + 1) / 2);
    }

    /** The one of the two that is less uncertain. */
    ClockSkew sharper(ClockSkew other) {
        return other.uncertainMillis < uncertainMillis ? other : this;
    }

    /** Whether the clocks may be within that of each other: only what is beyond doubt is wrong. */
    boolean mayBeWithin(Duration limit) {
        return Math.abs(aheadMillis) - uncertainMillis <= limit.toMillis();
    }

    /** Such as {@code 3600.002 s ahead of}. */
    @Override
    public String toString() {
        return String.format(Locale.ROOT, "%.3f s (± %.3f s) %s", Math.abs(aheadMillis) / 1e3, uncertainMillis / 1e3,
                aheadMillis < 0 ? "behind" : "ahead of");
    }
}
