package dev.signalbox.workers.scheduler;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * A tenant in one priority: where its requests wait, and its virtual counter, the cost units that it was served by its
 * weight.
 *
 * <p>A call is charged by an estimate when it starts and settled when it ends. What was charged too much is given back: for
 * as much as that the counter may stay behind the others'; whatever else it is behind is absence, which earns nothing.
 */
final class TenantAccount {
    /** Of those that are idle, whose counters do not change. */
    static final Comparator<TenantAccount> BY_COUNTER = (a, b) -> a.counter != b.counter
            ? Double.compare(a.counter, b.counter)
            : Long.compare(a.number, b.number);
    /** In the order in which they are let go again. */
    static final Comparator<TenantAccount> BY_RELEASE = (a, b) -> a.heldUntilNanos != b.heldUntilNanos
            ? Long.compare(a.heldUntilNanos - b.heldUntilNanos, 0)
            : Long.compare(a.number, b.number);
    /** Part that one call has in what the next estimate expects beyond the prompt. */
    private static final double LEARNING = 0.125;

    final String name;
    /** Tells accounts of a priority apart: in the order in which they came. */
    final long number;
    /** One for each way on which it has requests. */
    final List<TurnOrder.Queue> queues = new ArrayList<>(1);
    /** Tells those that wait apart, the last that came being the lowest; changed only while it waits on no way. */
    long turn;
    /** Whether it is at a limit of its own, so that none of its requests can go. */
    boolean held;
    /** Changed only while it is not held. */
    long heldUntilNanos;
    int inFlight;
    /** Requests on its ways. */
    int waiting;
    /** Of their records. */
    long waitingBytes;
    private double counter;
    private double owed;
    private double beyondPrompt;

    /**
     * @param number unique in its priority
     * @param beyondPrompt what calls cost above their prompts until this tenant's own are known, cost units
     */
    TenantAccount(String name, long number, double beyondPrompt) {
        this.name = name;
        this.number = number;
        this.beyondPrompt = beyondPrompt;
    }

    double counter() {
        return counter;
    }

    boolean isIdle() {
        return queues.isEmpty() && inFlight == 0;
    }

    /** What a call is expected to cost now: its prompt, and what its calls have cost beyond theirs; at least 1. */
    long estimate(long promptUnits) {
        return Math.max(1, promptUnits + Math.round(beyondPrompt));
    }

    /** It is there again: absence earns nothing. The counter never falls by it. */
    void catchUp(double level) {
        owed = Math.min(owed, Math.max(0, level - counter));
        counter = Math.max(counter, level - owed);
    }

    /** @param units cost units divided by its weight */
    void charge(double units) {
        counter += units;
        owed = Math.max(0, owed - units);
    }

    /** Lowers the counter, see {@link TurnOrder#advance}. */
    void giveBack(double units) {
        counter -= units;
        owed += units;
    }

    /** It was served elsewhere, with which it gets no further ahead than that. */
    void chargeUpTo(double units, double most) {
        charge(Math.max(0, Math.min(units, most - counter)));
    }

    void learn(long beyond) {
        beyondPrompt += LEARNING * (beyond - beyondPrompt);
    }
}
