package dev.signalbox.dispatcher.health;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Who may try a deployment whose ejection is over: one worker of the fleet, one call at a time. Where many calls come the workers
 * take turns; where few come, whoever has one first claims the turn, since a turn given in advance would wait for a request.
 * It moves along {@link ProbeTransitions}. Immutable; times are ms on the broker's clock.
 *
 * @param workers that take turns; empty: whoever comes first
 * @param turn place in them; their number: whoever comes first, as all of them may be gone
 * @param claimed who came first
 * @param sinceMillis when the turn, or the call that runs, began
 * @param runs whether his call runs
 */
record ProbeTurn(List<String> workers, int turn, @Nullable String claimed, long sinceMillis, boolean runs) {
    static final ProbeTurn NONE = new ProbeTurn(List.of(), 0, null, 0, false);
    /** How long a turn is kept for a worker that makes no call. */
    static final Duration TURN = Duration.ofSeconds(5);
    /** A call whose end was not told by then is taken for lost. */
    static final Duration LONGEST_CALL = Duration.ofSeconds(60);

    ProbeTurn {
        workers = List.copyOf(workers);
    }

    /** Whose turn it is; null: whoever comes first. */
    @Nullable
    String worker() {
        return claimed != null ? claimed : turn < workers.size() ? workers.get(turn) : null;
    }

    ProbeTransitions.Phase phase() {
        return runs
                ? ProbeTransitions.Phase.RUNNING
                : worker() == null ? ProbeTransitions.Phase.OPEN : ProbeTransitions.Phase.GIVEN;
    }

    /** The ejection is over. */
    ProbeTurn begin(long nowMillis) {
        return new ProbeTurn(workers, turn, null, nowMillis, false);
    }

    /** The next one's turn where this one's is over. */
    ProbeTurn at(long nowMillis) {
        if (worker() == null && workers.isEmpty()) {
            return this;
        }
        Duration limit = runs ? LONGEST_CALL : TURN;
        if (nowMillis - sinceMillis < limit.toMillis()) {
            return this;
        }
        int next = (turn + 1) % (workers.size() + 1);
        return moved(next < workers.size() ? ProbeTransitions.Signal.PASSED_ON : ProbeTransitions.Signal.OPENED,
                new ProbeTurn(workers, next, null, nowMillis, false));
    }

    /** That worker has begun a call. */
    ProbeTurn started(String worker, long nowMillis) {
        String whose = worker();
        return runs || (whose != null && !whose.equals(worker))
                ? this
                : moved(ProbeTransitions.Signal.STARTED,
                        new ProbeTurn(workers, turn, whose == null ? worker : claimed, nowMillis, true));
    }

    /** A call of that worker has ended. */
    ProbeTurn ended(String worker, long nowMillis) {
        return worker.equals(worker())
                ? moved(ProbeTransitions.Signal.ENDED, new ProbeTurn(workers, turn, claimed, nowMillis, false))
                : this;
    }

    private ProbeTurn moved(ProbeTransitions.Signal by, ProbeTurn after) {
        if (ProbeTransitions.next(phase(), by) != after.phase()) {
            throw new IllegalStateException(by + " does not lead from " + this + " to " + after);
        }
        return after;
    }
}
