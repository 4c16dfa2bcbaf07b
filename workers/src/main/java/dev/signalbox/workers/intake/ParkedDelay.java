package dev.signalbox.workers.intake;

/** How long a parked request waits on the retry topic until it is looked at again, if its route has no room before. */
public final class ParkedDelay {
    private static final long FIRST_MILLIS = 2_000;
    private static final int MAX_DOUBLINGS = 10;

    private ParkedDelay() {
    }

    /**
     * Twice as long with each hop up to a minute, half of it by chance, and no longer than the request lives.
     *
     * @param hop how often it was published again
     * @param lifeMillis what is left of its time to live
     * @param chance 0 to 1
     * @return ms
     */
    public static long millis(int hop, long lifeMillis, double chance) {
        long ceiling = Math.min(Postponed.MAX_DELAY_MILLIS, FIRST_MILLIS << Math.min(hop, MAX_DOUBLINGS));
        return Math.clamp(lifeMillis, 0, Math.round(ceiling * (1 + chance) / 2));
    }
}
