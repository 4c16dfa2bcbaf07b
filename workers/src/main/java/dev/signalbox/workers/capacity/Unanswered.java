package dev.signalbox.workers.capacity;

/**
 * Demands in a row that nobody answered. They tell that nobody is there when they were sent in {@value #ROUNDS} rounds and over 5 s:
 * whoever stood still for long, and sent one before, does not know.
 */
final class Unanswered {
    static final long LONG_NANOS = 5_000_000_000L;
    static final int ROUNDS = 5;
    private static final long ROUND_NANOS = DemandPace.EACH_NANOS * 9 / 10;

    private int rounds;
    private long firstNanos;
    private long roundNanos;

    /** One is sent now. */
    void asked(long nowNanos) {
        if (rounds == 0) {
            firstNanos = nowNanos;
        }
        if (rounds == 0 || nowNanos - roundNanos >= ROUND_NANOS) {
            roundNanos = nowNanos;
            rounds = Math.min(ROUNDS, rounds + 1);
        }
    }

    void answered() {
        rounds = 0;
    }

    boolean isLong(long nowNanos) {
        return rounds >= ROUNDS && nowNanos - firstNanos >= LONG_NANOS;
    }
}
