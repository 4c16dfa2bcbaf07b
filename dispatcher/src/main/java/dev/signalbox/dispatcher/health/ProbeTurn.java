package dev.signalbox.dispatcher.health;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Who may try a deployment whose ejection is over: one worker of the fleet, one call at a time. Where many calls come the workers
 * take turns; where few come, the first to claim the turn for a call that it has gets it, since a turn given in advance would wait
 * for a request. It moves along {@link ProbeTransitions}. Immutable; times are ms on the broker's clock.
 *
 * <p>INVARIANT: a turn is for one call, and each has a later {@link #untilMillis} than the one before.
 *
 * @param workers that take turns; empty: whoever claims it first
 * @param turn place in them; their number: whoever claims it first, as all of them may be gone
 * @param claimed who did
 * @param sinceMillis when the turn, or the call that runs, began
 * @param runs whether his call runs
 * @param call event id of the call that runs, or that ended last; empty: not known
 */
record ProbeTurn(List<String> workers, int turn, @Nullable String claimed, long sinceMillis, boolean runs,
        String call) {
    static final ProbeTurn NONE = of(List.of(), 0);
    /** How long a turn is kept for a worker that makes no call. */
    static final Duration TURN = Duration.ofSeconds(5);

    ProbeTurn {
        workers = List.copyOf(workers);
    }

    /** A turn of nobody's call. */
    static ProbeTurn of(List<String> workers, int turn) {
        return new ProbeTurn(workers, turn, null, 0, false, "");
    }

    /** Whose turn it is; null: whoever claims it first. */
    @Nullable
    String worker() {
        return claimed != null ? claimed : turn < workers.size() ? workers.get(turn) : null;
    }

    /** Until when it is kept for a worker that has not begun its call; in the past once it has. */
    long untilMillis() {
        return runs ? sinceMillis : sinceMillis + TURN.toMillis();
    }

    ProbeTransitions.Phase phase() {
        return runs
                ? ProbeTransitions.Phase.RUNNING
                : worker() == null ? ProbeTransitions.Phase.OPEN : ProbeTransitions.Phase.GIVEN;
    }

    /** Other turns from the next probing on; a call that runs goes on. */
    ProbeTurn next(List<String> newWorkers, int newTurn) {
        return new ProbeTurn(newWorkers, newTurn, runs ? worker() : null, sinceMillis, runs, call);
    }

    /** The ejection is over. A call of an earlier probing that still runs is waited for. */
    ProbeTurn begin(long nowMillis) {
        return runs ? this : given(turn, null, nowMillis);
    }

    /**
     * The next one's turn where this one's is over.
     *
     * @param longestCall a call whose end was not told by then is lost
     */
    ProbeTurn at(long nowMillis, Duration longestCall) {
        if (worker() == null && workers.isEmpty()) {
            return this;
        }
        Duration limit = runs ? longestCall : TURN;
        if (nowMillis - sinceMillis < limit.toMillis()) {
            return this;
        }
        int next = (turn + 1) % (workers.size() + 1);
        return moved(next < workers.size() ? ProbeTransitions.Signal.PASSED_ON : ProbeTransitions.Signal.OPENED,
                given(next, null, nowMillis));
    }

    /** That worker has a call to make. */
    ProbeTurn claimed(String worker, long nowMillis) {
        return phase() == ProbeTransitions.Phase.OPEN
                ? moved(ProbeTransitions.Signal.CLAIMED, given(turn, worker, nowMillis))
                : this;
    }

    /** That worker has begun a call. Who did not claim an open turn, as workers of before there were claims, takes it by that. */
    ProbeTurn started(String worker, String id, long nowMillis) {
        String whose = worker();
        return runs || id.equals(call) || (whose != null && !whose.equals(worker))
                ? this
                : moved(ProbeTransitions.Signal.STARTED,
                        new ProbeTurn(workers, turn, whose == null ? worker : claimed, nowMillis, true, id));
    }

    /** A call of that worker has ended. */
    ProbeTurn ended(String worker, String id, long nowMillis) {
        if (!worker.equals(worker())) {
            return this;
        }
        if (!runs) {
            // Its start may come yet, or come again.
            return new ProbeTurn(workers, turn, claimed, sinceMillis, false, id);
        }
        return call.isEmpty() || call.equals(id)
                ? moved(ProbeTransitions.Signal.ENDED,
                        new ProbeTurn(workers, turn, claimed, Math.max(nowMillis, sinceMillis + 1), false, id))
                : this;
    }

    private ProbeTurn given(int place, @Nullable String worker, long nowMillis) {
        return new ProbeTurn(workers, place, worker, nowMillis, false, call);
    }

    private ProbeTurn moved(ProbeTransitions.Signal by, ProbeTurn after) {
        if (ProbeTransitions.next(phase(), by) != after.phase()) {
            throw new IllegalStateException(by + " does not lead from " + this + " to " + after);
        }
        return after;
    }
}
