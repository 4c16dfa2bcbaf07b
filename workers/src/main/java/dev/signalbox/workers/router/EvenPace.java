package dev.signalbox.workers.router;

/**
 * Lets calls go out evenly, where a whole minute's amount is free and many wait: after an outage of the deployment, or when
 * a lease came back after there was none. Otherwise what was not used in a minute may be used in a burst.
 *
 * <p>Each call moves the time at which the next one conforms (GCRA) by its part of the limit's minute, at {@value #CATCH_UP} of
 * the limit's rate, so that the sliding minute fills up evenly and is what holds calls back from then on. The tolerance is what
 * keeps 10 s within {@value #MOST} of the limit's part of 10 s; where only a few calls fit into that, they are further apart. A call that
 * alone needs more than its 10 s goes at its time.
 *
 * <p>It ends {@value #LEAST_SECONDS} s after it was last begun, but not while calls were refused by it in the last 10 s, and
 * after {@value #LONGEST_SECONDS} s in any case. A pure model, for one caller at a time; time is ns on a monotonic clock.
 */
final class EvenPace {
    static final double MOST = 1.1;
    private static final double CATCH_UP = 1.05;
    private static final long SECOND = 1_000_000_000L;
    private static final long WINDOW_NANOS = 10 * SECOND;
    private static final double MINUTE_NANOS = 60.0 * SECOND;
    private static final long LEAST_SECONDS = 60;
    private static final long LONGEST_SECONDS = 300;
    /** Room for what the network adds to the time between two calls. */
    private static final double APART = 1.02;

    private boolean active;
    private long untilNanos;
    private long refusedNanos;
    private long requestsNanos;
    private long inputNanos;
    private long outputNanos;

    /** From now on; again and again while its reason lasts. */
    void begin(long nowNanos) {
        if (!isActive(nowNanos)) {
            active = true;
            refusedNanos = nowNanos - WINDOW_NANOS;
            requestsNanos = nowNanos;
            inputNanos = nowNanos;
            outputNanos = nowNanos;
        }
        untilNanos = nowNanos + LEAST_SECONDS * SECOND;
    }

    boolean isActive(long nowNanos) {
        if (active && nowNanos - untilNanos >= 0) {
            boolean wanted = nowNanos - refusedNanos < WINDOW_NANOS
                    && nowNanos - untilNanos < (LONGEST_SECONDS - LEAST_SECONDS) * SECOND;
            active = wanted;
        }
        return active;
    }

    /**
     * Whether the call may go out now.
     *
     * @param requests in a minute; {@link Long#MAX_VALUE}: no limit
     * @param inputTokens likewise
     * @param outputTokens likewise
     */
    LimitVerdict check(CallNeed need, long requests, long inputTokens, long outputTokens, long nowNanos) {
        if (!isActive(nowNanos)) {
            return LimitVerdict.NOW;
        }
        long at = conforms(requestsNanos, 1, requests, nowNanos);
        at = later(at, conforms(inputNanos, need.inputTokens(), inputTokens, nowNanos));
        at = later(at, conforms(outputNanos, need.outputTokens(), outputTokens, nowNanos));
        if (at - nowNanos <= 0) {
            return LimitVerdict.NOW;
        }
        refusedNanos = nowNanos;
        return new LimitVerdict.At(at, "calls go out evenly after it was out");
    }

    /** The call goes out. */
    void started(CallNeed need, long requests, long inputTokens, long outputTokens, long nowNanos) {
        if (isActive(nowNanos)) {
            requestsNanos = next(requestsNanos, requestPeriod(requests), requests, nowNanos);
            inputNanos = next(inputNanos, period(need.inputTokens(), inputTokens), inputTokens, nowNanos);
            outputNanos = next(outputNanos, period(need.outputTokens(), outputTokens), outputTokens, nowNanos);
        }
    }

    private static long later(long a, long b) {
        return a - b >= 0 ? a : b;
    }

    private static long conforms(long theoreticalNanos, long amount, long perMinute, long nowNanos) {
        if (perMinute <= 0 || perMinute == Long.MAX_VALUE) {
            return nowNanos;
        }
        double tolerance = (MOST - CATCH_UP) * WINDOW_NANOS - amount * MINUTE_NANOS / (double) perMinute;
        return theoreticalNanos - Math.max(0, (long) tolerance);
    }

    private static long next(long theoreticalNanos, long period, long perMinute, long nowNanos) {
        return perMinute <= 0 || perMinute == Long.MAX_VALUE
                ? nowNanos
                : later(theoreticalNanos, nowNanos) + period;
    }

    private static long period(long amount, long perMinute) {
        return (long) (amount * MINUTE_NANOS / CATCH_UP / (double) perMinute);
    }

    private static long requestPeriod(long perMinute) {
        double inWindow = Math.floor(MOST * (double) perMinute / 6);
        double apart = inWindow < 1 ? 0 : APART * WINDOW_NANOS / inWindow;
        // Where many fit, the tolerance keeps to it.
        return Math.max(period(1, perMinute), inWindow > 11 ? 0 : (long) apart);
    }
}
