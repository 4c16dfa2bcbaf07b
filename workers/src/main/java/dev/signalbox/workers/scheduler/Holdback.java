package dev.signalbox.workers.scheduler;

/**
 * How many of a deployment's calls at once the other priorities leave free, so that {@code interactive} finds room without
 * waiting for one of their calls to end: one more than it had at once in the last minute (or the half before it), less what
 * it has now, and a quarter of the limit at most with those. While it has more than that, but no more than half of the limit,
 * now and on average of that time, so that the others have theirs, one is left free: a burst of it counts for as long as it
 * lasts. Where it has not called for a minute or so nothing is held back, and below a limit of 4 nothing ever is. A pure
 * model; time is monotonic ns.
 */
public final class Holdback {
    private static final long HALF_NANOS = 30_000_000_000L;
    private static final int MOST = 4;

    private int running;
    private int peak;
    private int peakBefore;
    private long halfFromNanos;
    /** Length of the half before it; 0 in the first one. */
    private long beforeNanos;
    private long sinceNanos;
    /** Calls times ns, in this half and in the one before it. */
    private double ran;
    private double ranBefore;
    private boolean called;

    /** A call of {@code interactive} starts. */
    public void started(long nowNanos) {
        advance(nowNanos);
        called = true;
        running++;
        peak = Math.max(peak, running);
    }

    /** One of those has ended. */
    public void ended(long nowNanos) {
        advance(nowNanos);
        running--;
    }

    /** @param limit most calls at once */
    public long heldBack(long limit, long nowNanos) {
        if (!called) {
            return 0;
        }
        advance(nowNanos);
        long wanted = Math.max(peak, peakBefore);
        if (wanted == 0 || limit < MOST) {
            return 0;
        }
        return Math.max(Math.min(limit / MOST, wanted + 1) - running, isLight(limit, nowNanos) ? 1 : 0);
    }

    private boolean isLight(long limit, long nowNanos) {
        double half = limit / 2.0;
        return running <= half && ran + ranBefore <= half * (nowNanos - halfFromNanos + beforeNanos);
    }

    private void advance(long nowNanos) {
        if (!called) {
            halfFromNanos = nowNanos;
            sinceNanos = nowNanos;
        }
        long halves = (nowNanos - halfFromNanos) / HALF_NANOS;
        if (halves > 0) {
            ranUntil(halfFromNanos + HALF_NANOS);
            peakBefore = halves == 1 ? peak : running;
            ranBefore = halves == 1 ? ran : (double) running * HALF_NANOS;
            beforeNanos = HALF_NANOS;
            peak = running;
            ran = 0;
            halfFromNanos += halves * HALF_NANOS;
            sinceNanos = halfFromNanos;
        }
        ranUntil(nowNanos);
    }

    private void ranUntil(long nanos) {
        ran += (double) running * (nanos - sinceNanos);
        sinceNanos = nanos;
    }
}
