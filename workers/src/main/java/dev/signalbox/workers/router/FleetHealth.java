package dev.signalbox.workers.router;

/** One deployment's {@link FleetView} in use: which trial of it runs here. A pure model; time is ns on a monotonic clock. */
final class FleetHealth {
    private FleetView view = FleetView.NONE;
    private boolean trialRuns;
    private long triedMillis = Long.MIN_VALUE;

    FleetView view() {
        return view;
    }

    /** @param newer or the same once more, on a clock that is known better by now */
    void told(FleetView newer) {
        view = newer.foundMillis() == triedMillis ? newer.tried() : newer;
    }

    boolean trialFree(long nowNanos) {
        return view.health(nowNanos) == BreakerState.HALF_OPEN && view.mayTry() && !trialRuns;
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

    /** @param failed whether it tells against the deployment: then the next one waits for the dispatcher's word */
    void trialEnded(boolean failed) {
        trialRuns = false;
        if (failed) {
            triedMillis = view.foundMillis();
            view = view.tried();
        }
    }
}
