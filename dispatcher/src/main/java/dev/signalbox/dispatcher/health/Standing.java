package dev.signalbox.dispatcher.health;

import dev.signalbox.schemas.avro.DeploymentState;
import org.jspecify.annotations.Nullable;

/**
 * All that is known of one deployment's health. Immutable. Times are ms on the broker's clock.
 *
 * @param version 0: no call was ever seen; else 1 and one more for each change of state
 * @param previous state before the last change; null for the first
 * @param signal what brought the last change; null for the first state
 * @param reason one sentence for a person, written at the change
 * @param ejections in a row, the running one included
 * @param ejectedUntilMillis end of the last ejection; 0: there was none
 * @param countsFromMillis calls that began before that teach nothing: their failures led to the ejection that is over
 * @param consecutiveFailures since the last answer
 * @param probesAnswered in a row, while probing
 * @param lastCallMillis when the last call ended
 * @param probe who may try it while it is probed, or will be the first to
 */
record Standing(long version, DeploymentState state, @Nullable DeploymentState previous, @Nullable HealthSignal signal,
        String reason, long sinceMillis, int ejections, long ejectedUntilMillis, long countsFromMillis,
        int consecutiveFailures, int probesAnswered, long lastCallMillis, OutcomeWindow window, ProbeTurn probe) {
    static final Standing UNSEEN = new Standing(0, DeploymentState.HEALTHY, null, null, "no call seen yet", 0, 0, 0, 0,
            0, 0, 0, OutcomeWindow.EMPTY, ProbeTurn.NONE);

    Standing seen(long nowMillis) {
        return new Standing(1, state, null, null, "first call seen", nowMillis, 0, 0, 0, 0, 0, nowMillis, window,
                probe);
    }

    Standing withWindow(OutcomeWindow newWindow) {
        return new Standing(version, state, previous, signal, reason, sinceMillis, ejections, ejectedUntilMillis,
                countsFromMillis, consecutiveFailures, probesAnswered, lastCallMillis, newWindow, probe);
    }

    /** With one more call, which changes no state by itself. */
    Standing plus(Call call, long nowMillis, HealthRules rules) {
        int failures = call.answered() ? 0 : call.counts() ? consecutiveFailures + 1 : consecutiveFailures;
        int probes = state == DeploymentState.PROBING && call.answered() ? probesAnswered + 1 : probesAnswered;
        return new Standing(version, state, previous, signal, reason, sinceMillis, ejections, ejectedUntilMillis,
                countsFromMillis, failures, probes, nowMillis, window.plus(call, nowMillis, rules), probe);
    }

    /** In another state for that reason. */
    Standing moved(HealthSignal by, String why, long nowMillis) {
        return new Standing(version + 1, HealthTransitions.next(state, by), state, by, why, nowMillis, ejections,
                ejectedUntilMillis, countsFromMillis, consecutiveFailures, probesAnswered, lastCallMillis, window,
                probe);
    }

    /** Who should leave the next calls to others, for a second opinion; null: nobody. */
    @Nullable
    String soleWitness(long nowMillis, HealthRules rules) {
        boolean used = state == DeploymentState.HEALTHY || state == DeploymentState.DEGRADED;
        return used && consecutiveFailures > 0 ? window.soleWitness(nowMillis, rules.silence()).orElse(null) : null;
    }

    Standing withProbe(ProbeTurn newProbe) {
        return new Standing(version, state, previous, signal, reason, sinceMillis, ejections, ejectedUntilMillis,
                countsFromMillis, consecutiveFailures, probesAnswered, lastCallMillis, window, newProbe);
    }

    Standing ejected(int number, long untilMillis, ProbeTurn probers) {
        return new Standing(version, state, previous, signal, reason, sinceMillis, number, untilMillis,
                countsFromMillis, consecutiveFailures, probesAnswered, lastCallMillis, window, probers);
    }

    /** With nothing counted so far, and nothing to be counted of calls that began before. */
    Standing afresh(long nowMillis) {
        return new Standing(version, state, previous, signal, reason, sinceMillis, ejections, ejectedUntilMillis,
                nowMillis, 0, 0, lastCallMillis, OutcomeWindow.EMPTY, probe.begin(nowMillis));
    }
}
