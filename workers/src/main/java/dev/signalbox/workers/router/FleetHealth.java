package dev.signalbox.workers.router;

/**
 * One deployment's {@link FleetView} in use: which trial of it runs here. A pure model; time is ns on a monotonic clock.
 *
 * <p>INVARIANTS: one trial at a time; each turn of this worker's begins one call at most; it claims a turn once for each word of the
 * dispatcher's.
 */
final class FleetHealth {
    private FleetView view = FleetView.NONE;
    private boolean trialRuns;
    /** What was told when it claimed a turn last, or failed in one of an older dispatcher. */
    private long doneMillis = Long.MIN_VALUE;
    /** The turn that its last call began in. */
    private long usedTurn = Long.MIN_VALUE;

    FleetView view() {
        return view;
    }

    /** @param newer or the same once more, on a clock that is known better by now */
    void told(FleetView newer) {
        view = newer;
    }

    boolean trialFree(long nowNanos) {
        return view.health(nowNanos) == BreakerState.HALF_OPEN && !trialRuns && switch (view.right().whose()) {
            case MINE -> mayBegin(nowNanos);
            case FIRST -> view.foundMillis() != doneMillis;
            case ANOTHERS -> false;
        };
    }

    private boolean mayBegin(long nowNanos) {
        ProbeRight right = view.right();
        return right.mayBegin(nowNanos)
                && (right.turn() == ProbeRight.UNTOLD ? view.foundMillis() != doneMillis : right.turn() > usedTurn);
    }

    /** Whether a call may pass, be it as a trial. */
    boolean passes(long nowNanos) {
        return switch (view.health(nowNanos)) {
            case CLOSED, RECOVERING -> true;
            case HALF_OPEN -> trialFree(nowNanos);
            case OPEN -> false;
        };
    }

    /** Starts a trial if one is due. */
    boolean startTrial(long nowNanos) {
        if (!trialFree(nowNanos)) {
            return false;
        }
        trialRuns = true;
        return true;
    }

    /** Asked right before the call of the trial that was started, until that may be made: it is taken for begun then. */
    ProbeVerdict takeTurn(long nowNanos) {
        return switch (view.health(nowNanos)) {
            case CLOSED, RECOVERING -> ProbeVerdict.MAY_CALL;
            case OPEN -> ProbeVerdict.MAY_NOT;
            case HALF_OPEN -> switch (view.right().whose()) {
                case MINE -> mayBegin(nowNanos) ? begin() : ProbeVerdict.MAY_NOT;
                case FIRST -> claim();
                case ANOTHERS -> ProbeVerdict.MAY_NOT;
            };
        };
    }

    private ProbeVerdict begin() {
        if (view.right().turn() != ProbeRight.UNTOLD) {
            usedTurn = view.right().turn();
        }
        return ProbeVerdict.MAY_CALL;
    }

    private ProbeVerdict claim() {
        doneMillis = view.foundMillis();
        return ProbeVerdict.MUST_CLAIM;
    }

    /** @param failed whether it tells against the deployment: then the next one waits for the dispatcher's word */
    void trialEnded(boolean failed) {
        trialRuns = false;
        if (failed) {
            doneMillis = view.foundMillis();
        }
    }
}
