package dev.signalbox.workers.router;

import dev.signalbox.workers.router.BreakerState.Event;
import java.util.Arrays;

/**
 * A worker's own fast view of one thing that can fail: a deployment's service, its model, or a credential. A pure model;
 * time is ns on a monotonic clock.
 *
 * <p>It trips on {@link Settings#failuresInARow} failures of as many requests without an answer between; on
 * {@link Settings#quietFailures} of them where no answer came for {@link Settings#quietNanos}, so that little traffic
 * finds an outage as well; on a share of failures over 10 s; and at once if the endpoint says that it is dead. One request
 * counts once in a row, so no request can trip it alone however often it is tried. What was called before the last
 * move says nothing about the time after it and is ignored.
 */
final class Breaker {
    /**
     * @param failureShare of at least {@code minimumCalls} within 10 s
     * @param firstOpenNanos how long it stays open at first; doubled each time it opens again before it was closed for
     *        {@code longestOpenNanos}, up to that
     * @param easeInNanos from the first answered trial until all calls pass
     */
    record Settings(int failuresInARow, int quietFailures, long quietNanos, double failureShare, int minimumCalls,
            long firstOpenNanos, long longestOpenNanos, long easeInNanos) {
        private static final long SECOND = 1_000_000_000L;
        /** For what mends itself. */
        static final Settings SERVICE = new Settings(5, 2, 5 * SECOND, 0.5, 20, 5 * SECOND, 20 * SECOND, 10 * SECOND);
        /** For what somebody must mend: a credential, a model's name. */
        static final Settings SETTING = new Settings(5, 2, 5 * SECOND, 0.5, 20, 15 * SECOND, 60 * SECOND,
                2 * SECOND);
    }

    private static final int SLICES = 10;
    private static final long SLICE_NANOS = 1_000_000_000L;
    private static final double FIRST_SHARE = 0.1;

    private final Settings settings;
    private final long[] row;
    private int inARow;
    private final int[] answeredBySlice = new int[SLICES];
    private final int[] failedBySlice = new int[SLICES];
    private long slice;
    private boolean everAnswered;
    private long lastAnswerNanos;
    private BreakerState state = BreakerState.CLOSED;
    private boolean moved;
    private long sinceNanos;
    private long openUntilNanos;
    private long openNanos;
    private boolean trialRuns;

    Breaker(Settings settings) {
        this.settings = settings;
        this.row = new long[settings.failuresInARow()];
    }

    /** Where it stands now: time alone half-opens it and ends its recovery. */
    BreakerState state(long nowNanos) {
        if (state == BreakerState.OPEN && nowNanos - openUntilNanos >= 0) {
            move(Event.COOLED, nowNanos);
        } else if (state == BreakerState.RECOVERING && nowNanos - sinceNanos >= settings.easeInNanos()) {
            move(Event.EASED_IN, nowNanos);
        }
        return state;
    }

    /** Whether a trial may start now. */
    boolean trialFree(long nowNanos) {
        return state(nowNanos) == BreakerState.HALF_OPEN && !trialRuns;
    }

    /** A trial starts; it ends by {@link #answered}, {@link #failed} or {@link #trialAbandoned}. */
    void trialStarted() {
        if (state != BreakerState.HALF_OPEN || trialRuns) {
            throw new IllegalStateException("no trial is free: " + state);
        }
        trialRuns = true;
    }

    /** The trial ended and taught nothing: the next one may start. */
    void trialAbandoned() {
        trialRuns = false;
    }

    /** Part of the calls that should pass, 0 to 1. */
    double share(long nowNanos) {
        return switch (state(nowNanos)) {
            case CLOSED -> 1;
            case OPEN, HALF_OPEN -> 0;
            case RECOVERING -> FIRST_SHARE
                    + (1 - FIRST_SHARE) * Math.max(0, nowNanos - sinceNanos) / settings.easeInNanos();
        };
    }

    /** When the next trial may start, while it is open. */
    long openUntilNanos() {
        return openUntilNanos;
    }

    /** When an answer came last; {@code orElse} if none ever did. */
    long lastAnswerNanos(long orElse) {
        return everAnswered ? lastAnswerNanos : orElse;
    }

    /** @param startedNanos when the call was started */
    void answered(long startedNanos, boolean trial, long nowNanos) {
        state(nowNanos);
        everAnswered = true;
        lastAnswerNanos = nowNanos;
        if (trial) {
            trialRuns = false;
        }
        if (moved && startedNanos - sinceNanos < 0 && !trial) {
            return;
        }
        inARow = 0;
        count(answeredBySlice, nowNanos);
        switch (state) {
            case OPEN -> move(Event.ANSWERED_WHILE_OPEN, nowNanos);
            case HALF_OPEN -> {
                if (trial) {
                    move(Event.TRIAL_ANSWERED, nowNanos);
                }
            }
            case CLOSED, RECOVERING -> {
            }
        }
    }

    /**
     * @param request tells requests apart
     * @param startedNanos when the call was started
     * @param atOnce whether this alone is enough
     * @param leastOpenNanos what the vendor asked for; 0: nothing
     */
    void failed(long request, long startedNanos, boolean trial, boolean atOnce, long leastOpenNanos, long nowNanos) {
        state(nowNanos);
        if (trial) {
            trialRuns = false;
            if (state == BreakerState.HALF_OPEN) {
                open(Event.TRIAL_FAILED, leastOpenNanos, nowNanos);
                return;
            }
        }
        if (moved && startedNanos - sinceNanos < 0) {
            return;
        }
        switch (state) {
            case OPEN, HALF_OPEN -> {
            }
            case CLOSED, RECOVERING -> {
                if (atOnce || tooMany(request, nowNanos)) {
                    open(Event.TRIPPED, leastOpenNanos, nowNanos);
                }
            }
        }
    }

    private boolean tooMany(long request, long nowNanos) {
        for (int i = 0; i < inARow; i++) {
            if (row[i] == request) {
                return false;
            }
        }
        row[inARow++] = request;
        count(failedBySlice, nowNanos);
        if (inARow >= settings.failuresInARow()) {
            return true;
        }
        boolean quiet = !everAnswered || nowNanos - lastAnswerNanos >= settings.quietNanos();
        if (inARow >= settings.quietFailures() && quiet) {
            return true;
        }
        int failures = sum(failedBySlice);
        int calls = failures + sum(answeredBySlice);
        return calls >= settings.minimumCalls() && failures >= settings.failureShare() * calls;
    }

    private void open(Event event, long leastOpenNanos, long nowNanos) {
        boolean again = event == Event.TRIAL_FAILED || state == BreakerState.RECOVERING
                || (moved && nowNanos - sinceNanos < settings.longestOpenNanos());
        openNanos = again && openNanos > 0
                ? Math.min(settings.longestOpenNanos(), openNanos * 2)
                : settings.firstOpenNanos();
        move(event, nowNanos);
        openUntilNanos = nowNanos + Math.max(openNanos, leastOpenNanos);
    }

    private void move(Event event, long nowNanos) {
        state = state.after(event);
        moved = true;
        sinceNanos = nowNanos;
        inARow = 0;
        trialRuns = false;
        Arrays.fill(answeredBySlice, 0);
        Arrays.fill(failedBySlice, 0);
    }

    private void count(int[] bySlice, long nowNanos) {
        long current = Math.floorDiv(nowNanos, SLICE_NANOS);
        long stale = Math.min(current - slice, SLICES);
        for (long i = 0; i < stale; i++) {
            int index = (int) Math.floorMod(current - i, (long) SLICES);
            answeredBySlice[index] = 0;
            failedBySlice[index] = 0;
        }
        slice = Math.max(slice, current);
        bySlice[(int) Math.floorMod(current, (long) SLICES)]++;
    }

    private static int sum(int[] bySlice) {
        int sum = 0;
        for (int amount : bySlice) {
            sum += amount;
        }
        return sum;
    }
}
