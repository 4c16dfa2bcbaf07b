package dev.signalbox.workers.intake;

import java.util.OptionalLong;

/**
 * Broker time minus local monotonic time, learnt from acknowledged sends: the broker stamped the record between send and
 * acknowledgement, so each sample bounds the offset from both sides; the truth lies in all of them. Bounds widen with age by
 * the drift that two sound clocks may have; samples that contradict them (a broker's clock was set) replace them. A record
 * that was only read bounds the offset from below: it was stamped before now.
 *
 * <p>Regimes: fresh samples with short round trips keep the bounds within a few ms; without any the estimate stays where it
 * was and grows less certain by 0.2 ms a second. A pure model; monotonic nanoseconds are parameters.
 */
final class BrokerOffset {
    /** 200 ppm: twice what a poor quartz does. */
    private static final long DRIFT_DIVISOR = 5_000;
    private static final long NANOS_PER_MILLI = 1_000_000;

    private boolean acknowledged;
    private boolean seen;
    private long lowNanos;
    private long highNanos;
    private long atNanos;

    /** A send at {@code sentNanos} was acknowledged at {@code ackNanos} with this append time. */
    void acknowledged(long appendMillis, long sentNanos, long ackNanos) {
        // Stamps are cut to whole ms, so the true time may be up to 1 ms later.
        long low = appendMillis * NANOS_PER_MILLI - ackNanos;
        long high = (appendMillis + 1) * NANOS_PER_MILLI - sentNanos;
        age(ackNanos);
        if (!acknowledged || low > highNanos || high < lowNanos) {
            lowNanos = low;
            highNanos = high;
        } else {
            lowNanos = Math.max(lowNanos, low);
            highNanos = Math.min(highNanos, high);
        }
        acknowledged = true;
    }

    /** A record with this append time was read by {@code nowNanos}; counts only until the first acknowledgement. */
    void read(long appendMillis, long nowNanos) {
        long low = appendMillis * NANOS_PER_MILLI - nowNanos;
        if (!acknowledged && (!seen || low > lowNanos)) {
            lowNanos = low;
            highNanos = low;
            seen = true;
        }
    }

    /** Broker time, ms; empty before the first sample. */
    OptionalLong nowMillis(long nowNanos) {
        OptionalLong middle = middleNanos();
        return middle.isEmpty() ? middle : OptionalLong.of(millis(nowNanos, middle.getAsLong()));
    }

    /** The middle of the bounds, ns; empty before the first sample. */
    OptionalLong middleNanos() {
        return acknowledged || seen
                ? OptionalLong.of(lowNanos + (highNanos - lowNanos) / 2)
                : OptionalLong.empty();
    }

    /** Broker time, ms, at this offset. */
    static long millis(long nowNanos, long offsetNanos) {
        return Math.floorDiv(nowNanos + offsetNanos, NANOS_PER_MILLI);
    }

    /** Half the width of the bounds at this time, ms rounded up; empty before the first acknowledgement. */
    OptionalLong uncertaintyMillis(long nowNanos) {
        if (!acknowledged) {
            return OptionalLong.empty();
        }
        long width = highNanos - lowNanos + 2 * Math.max(0, nowNanos - atNanos) / DRIFT_DIVISOR;
        return OptionalLong.of(Math.ceilDiv(width / 2, NANOS_PER_MILLI));
    }

    private void age(long nowNanos) {
        if (acknowledged) {
            long drift = Math.max(0, nowNanos - atNanos) / DRIFT_DIVISOR;
            lowNanos -= drift;
            highNanos += drift;
        }
        atNanos = acknowledged ? Math.max(atNanos, nowNanos) : nowNanos;
    }
}
