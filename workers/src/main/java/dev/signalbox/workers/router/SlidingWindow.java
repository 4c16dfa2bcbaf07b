package dev.signalbox.workers.router;

/**
 * Amounts started within the last minute and a bit: a ring of buckets of {@value #BUCKET_MILLIS} ms. An amount counts
 * until its whole bucket is older than the window, so the sum never falls short of the truth, and a vendor that counts
 * sliding minutes at its own end sees no more than the limit even if calls reach it up to {@value #GUARD_MILLIS} ms
 * closer together than they were started.
 *
 * <p>Not thread-safe. Time is ns on a monotonic clock and never goes back by more than a bucket.
 */
final class SlidingWindow {
    static final long WINDOW_MILLIS = 60_000;
    static final long GUARD_MILLIS = 1_000;
    private static final long BUCKET_MILLIS = 100;
    private static final long BUCKET_NANOS = BUCKET_MILLIS * 1_000_000;
    private static final int BUCKETS = (int) ((WINDOW_MILLIS + GUARD_MILLIS) / BUCKET_MILLIS) + 1;

    private final long[] amounts = new long[BUCKETS];
    private long newest = Long.MIN_VALUE;
    private long sum;

    /** What counts now. */
    long sum(long nowNanos) {
        advance(nowNanos);
        return sum;
    }

    /** Adds an amount started now. */
    void add(long amount, long nowNanos) {
        advance(nowNanos);
        amounts[index(newest)] += amount;
        sum += amount;
    }

    /** The bucket of what was added then. */
    static long bucket(long nanos) {
        return Math.floorDiv(nanos, BUCKET_NANOS);
    }

    /** Corrects an amount added earlier; without effect once its bucket counts no more. Never falls below zero. */
    void adjust(long bucket, long difference, long nowNanos) {
        advance(nowNanos);
        if (bucket > newest - BUCKETS) {
            long applied = Math.max(difference, -amounts[index(bucket)]);
            amounts[index(bucket)] += applied;
            sum += applied;
        }
    }

    /** Until when at least {@code amount} of what counts now has lapsed, ns; {@code nowNanos} if nothing must lapse. */
    long lapsedNanos(long amount, long nowNanos) {
        advance(nowNanos);
        long lapsed = 0;
        for (long bucket = newest - BUCKETS + 1; bucket <= newest && lapsed < amount; bucket++) {
            lapsed += amounts[index(bucket)];
            if (lapsed >= amount) {
                return (bucket + BUCKETS) * BUCKET_NANOS;
            }
        }
        return nowNanos;
    }

    private void advance(long nowNanos) {
        long bucket = Math.floorDiv(nowNanos, BUCKET_NANOS);
        if (newest == Long.MIN_VALUE || bucket - newest >= BUCKETS) {
            java.util.Arrays.fill(amounts, 0);
            sum = 0;
            newest = newest == Long.MIN_VALUE ? bucket : Math.max(newest, bucket);
            return;
        }
        while (newest < bucket) {
            newest++;
            sum -= amounts[index(newest)];
            amounts[index(newest)] = 0;
        }
    }

    private static int index(long bucket) {
        return (int) Math.floorMod(bucket, (long) BUCKETS);
    }
}
