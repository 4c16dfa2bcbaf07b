package dev.signalbox.workers.scheduler;

import dev.signalbox.workers.intake.InboundRequest;

/** A request in flight; it holds one of the pool's slots until {@link PoolScheduler#finished}. */
public final class Dispatch {
    private final InboundRequest request;
    private final long costUnits;
    private boolean ended;

    Dispatch(InboundRequest request, long costUnits) {
        this.request = request;
        this.costUnits = costUnits;
    }

    public InboundRequest request() {
        return request;
    }

    /** What its priority and its tenant were charged at dispatch, in cost units. */
    public long costUnits() {
        return costUnits;
    }

    /** Ends it; false if it had ended. */
    boolean end() {
        boolean first = !ended;
        ended = true;
        return first;
    }
}
