package dev.signalbox.workers.router;

/**
 * How many retries and failovers a deployment takes: in any {@value #SECONDS} s (counted in whole seconds) at most
 * {@value #SHARE} of its first calls and {@value #FLOOR} more, so that one vendor's outage cannot flood the next. A pure
 * model; time is ns on a monotonic clock.
 */
final class RetryBudget {
    static final double SHARE = 0.2;
    static final int FLOOR = 10;
    static final int SECONDS = 10;
    private static final long SECOND_NANOS = 1_000_000_000L;

    private final int[] firsts = new int[SECONDS];
    private final int[] retries = new int[SECONDS];
    private int sumOfFirsts;
    private int sumOfRetries;
    private long second = Long.MIN_VALUE;

    void firstCall(long nowNanos) {
        firsts[index(nowNanos)]++;
        sumOfFirsts++;
    }

    /** Whether a retry may be made now. */
    boolean allows(long nowNanos) {
        advance(nowNanos);
        return sumOfRetries + 1 <= SHARE * sumOfFirsts + FLOOR;
    }

    void retry(long nowNanos) {
        retries[index(nowNanos)]++;
        sumOfRetries++;
    }

    private int index(long nowNanos) {
        advance(nowNanos);
        return (int) Math.floorMod(second, (long) SECONDS);
    }

    private void advance(long nowNanos) {
        long current = Math.floorDiv(nowNanos, SECOND_NANOS);
        if (second == Long.MIN_VALUE) {
            second = current;
        }
        for (long steps = Math.min(current - second, SECONDS); steps > 0; steps--) {
            int index = (int) Math.floorMod(current - steps + 1, (long) SECONDS);
            sumOfFirsts -= firsts[index];
            sumOfRetries -= retries[index];
            firsts[index] = 0;
            retries[index] = 0;
        }
        second = Math.max(second, current);
    }
}
