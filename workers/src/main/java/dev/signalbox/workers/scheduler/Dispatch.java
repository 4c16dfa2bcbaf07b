package dev.signalbox.workers.scheduler;

import dev.signalbox.workers.intake.InboundRequest;
import java.util.OptionalLong;

/** A request in flight; it holds one of the pool's slots until it has ended or waits again, unless it is only answered. */
public final class Dispatch {
    private final Waiting waiting;
    private final long costUnits;
    private final long startedNanos;
    private final OptionalLong tokensBefore;
    private final boolean inSlot;
    private boolean ended;

    /**
     * @param costUnits what it is charged, by estimate
     * @param inSlot false: it is only answered, beside the slots
     */
    Dispatch(Waiting waiting, long costUnits, long startedNanos, boolean inSlot) {
        this.inSlot = inSlot;
        this.waiting = waiting;
        this.costUnits = costUnits;
        this.startedNanos = startedNanos;
        this.tokensBefore = waiting.task().usedTokens();
    }

    public InboundRequest request() {
        return waiting.request();
    }

    public RequestTask task() {
        return waiting.task();
    }

    /** What its tenant was charged at dispatch, by estimate, in cost units. */
    public long costUnits() {
        return costUnits;
    }

    /** What it has cost since: the tokens of its calls, or the estimate while those are not known. */
    public long spentCostUnits() {
        OptionalLong used = task().usedTokens();
        return used.isPresent() && tokensBefore.isPresent()
                ? Math.max(0, used.getAsLong() - tokensBefore.getAsLong())
                : costUnits;
    }

    /** Whether it holds one of the pool's slots. */
    boolean inSlot() {
        return inSlot;
    }

    /** Monotonic ns. */
    long startedNanos() {
        return startedNanos;
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
