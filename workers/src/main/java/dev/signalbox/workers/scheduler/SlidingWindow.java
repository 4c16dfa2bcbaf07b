package dev.signalbox.workers.scheduler;

/**
 * Amounts that count for a minute from their date, which may lie up to {@value #AHEAD_MILLIS} ms ahead: a ring of buckets of
 * {@value #BUCKET_MILLIS} ms. An amount counts at once, and until its whole bucket is older than the window and
 * {@value #GUARD_MILLIS} ms, so the sum never falls short of the truth.
 *
 * <p>Not thread-safe. Time is ns on a monotonic clock and never goes back by more than a bucket.
 */
public final class SlidingWindow {
    public static final long WINDOW_MILLIS = 60_000;
    public static final long GUARD_MILLIS = 100;
    public static final long AHEAD_MILLIS = 5_000;
    private static final long BUCKET_MILLIS = 100;
    private static final long BUCKET_NANOS = BUCKET_MILLIS * 1_000_000;
    /** For how many buckets an amount counts, its own included. */
    private static final int COUNTED = (int) ((WINDOW_MILLIS + GUARD_MILLIS) / BUCKET_MILLIS) + 1;
    private static final int AHEAD = (int) (AHEAD_MILLIS / BUCKET_MILLIS);
    private static final int BUCKETS = COUNTED + AHEAD;

    private final long[] amounts = new long[BUCKETS];
    /** The bucket of now. */
    private long newest = Long.MIN_VALUE;
    private long sum;

    /** What counts now. */
    public long sum(long nowNanos) {
        advance(nowNanos);
        return sum;
    }

    /** Adds an amount that counts for a minute from that date on. */
    public void add(long amount, long dateNanos, long nowNanos) {
        advance(nowNanos);
        amounts[index(Math.max(dated(dateNanos), newest - COUNTED + 1))] += amount;
        sum += amount;
    }

    /**
     * Corrects an amount that was added with that date; without effect once it counts no more. Never takes more than the
     * bucket holds.
     */
    public void adjust(long dateNanos, long difference, long nowNanos) {
        advance(nowNanos);
        long bucket = dated(dateNanos);
        if (bucket > newest - COUNTED) {
            long applied = Math.max(difference, -amounts[index(bucket)]);
            amounts[index(bucket)] += applied;
            sum += applied;
        }
    }

    /** Until when at least {@code amount} of what counts now has lapsed, ns; {@code nowNanos} if nothing must lapse. */
    public long lapsedNanos(long amount, long nowNanos) {
        advance(nowNanos);
        long lapsed = 0;
        for (long bucket = newest - COUNTED + 1; bucket <= newest + AHEAD && lapsed < amount; bucket++) {
            lapsed += amounts[index(bucket)];
            if (lapsed >= amount) {
                return (bucket + COUNTED) * BUCKET_NANOS;
            }
        }
        return nowNanos;
    }

    private long dated(long nanos) {
        return Math.min(Math.floorDiv(nanos, BUCKET_NANOS), newest + AHEAD);
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
            int lapsing = index(newest - COUNTED);
            sum -= amounts[lapsing];
            amounts[lapsing] = 0;
        }
    }

    private static int index(long bucket) {
        return (int) Math.floorMod(bucket, (long) BUCKETS);
    }
}
