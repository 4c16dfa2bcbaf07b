package dev.signalbox.workers.scheduler;

import dev.signalbox.workers.intake.InboundRequest;

/** A request in flight; it holds one of the pool's slots until it has ended or waits again. */
public final class Dispatch {
    private final Waiting waiting;
    private boolean ended;

    Dispatch(Waiting waiting) {
        this.waiting = waiting;
    }

    public InboundRequest request() {
        return waiting.request();
    }

    public RequestTask task() {
        return waiting.task();
    }

    /** What its priority and its tenant were charged at dispatch, in cost units. */
    public long costUnits() {
        return waiting.costUnits();
    }

    /** To wait again, at its old place in time. */
    Waiting waiting() {
        return waiting;
    }

    /** Ends it; false if it had ended. */
    boolean end() {
        boolean first = !ended;
        ended = true;
        return first;
    }
}
