package dev.signalbox.cli.batch;

/** Events per second over the last {@value #SECONDS} seconds, or since the start where that is less. */
final class RecentRate {
    private static final int SECONDS = 8;
    private final long startedMillis;
    private final int[] counts = new int[SECONDS];
    private long second;

    RecentRate(long nowMillis) {
        this.startedMillis = nowMillis;
    }

    void count(long nowMillis) {
        advance(nowMillis);
        counts[(int) (second % SECONDS)]++;
    }

    double perSecond(long nowMillis) {
        advance(nowMillis);
        int sum = 0;
        for (int count : counts) {
            sum += count;
        }
        long spanMillis = Math.min(nowMillis - startedMillis,
                (SECONDS - 1) * 1000L + Math.floorMod(nowMillis - startedMillis, 1000L));
        return spanMillis < 100 ? 0 : sum * 1000.0 / spanMillis;
    }

    private void advance(long nowMillis) {
        long now = (nowMillis - startedMillis) / 1000;
        for (long passed = Math.max(second + 1, now - SECONDS + 1); passed <= now; passed++) {
            counts[(int) (passed % SECONDS)] = 0;
        }
        second = Math.max(second, now);
    }
}
