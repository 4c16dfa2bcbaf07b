package dev.signalbox.workers.router;

/**
 * How much of its time to live a request has spent.
 *
 * @param spentMillis since its first record
 * @param totalMillis its time to live
 */
public record TimeSpent(long spentMillis, long totalMillis) {
    /** It has no time to wait for anything. */
    public static final TimeSpent ALL = new TimeSpent(0, 0);
    private static final long LONGEST_MILLIS = 365L * 86_400_000;

    public TimeSpent {
        totalMillis = Math.min(totalMillis, LONGEST_MILLIS);
        spentMillis = Math.clamp(spentMillis, 0, LONGEST_MILLIS);
    }

    /**
     * Until so much of it is spent, ns; not above 0 if it is.
     *
     * @param part 0 to 1
     */
    long nanosUntil(double part) {
        return (Math.round(part * (double) totalMillis) - spentMillis) * 1_000_000;
    }
}
