package dev.signalbox.dispatcher.health;

import static dev.signalbox.dispatcher.health.HealthSignal.DEAD;
import static dev.signalbox.dispatcher.health.HealthSignal.ERRORS_GONE;
import static dev.signalbox.dispatcher.health.HealthSignal.ERRORS_RISING;
import static dev.signalbox.dispatcher.health.HealthSignal.FAILING;
import static dev.signalbox.dispatcher.health.HealthSignal.PROBES_ANSWERED;
import static dev.signalbox.dispatcher.health.HealthSignal.PROBE_FAILED;
import static dev.signalbox.dispatcher.health.HealthSignal.TIME_SERVED;
import static dev.signalbox.schemas.avro.DeploymentState.DEGRADED;
import static dev.signalbox.schemas.avro.DeploymentState.EJECTED;
import static dev.signalbox.schemas.avro.DeploymentState.HEALTHY;
import static dev.signalbox.schemas.avro.DeploymentState.PROBING;

import dev.signalbox.schemas.avro.DeploymentState;
import java.util.List;

/**
 * The moves of a deployment's state machine, as data; {@code docs/dispatcher.md} shows them as a diagram made of it.
 *
 * <ul>
 * <li>HEALTHY: used. Ends with too many failures.
 * <li>DEGRADED: used, and watched. Ends with fewer failures, or more.
 * <li>EJECTED: not used. Ends by time.
 * <li>PROBING: tried. Ends with a few answers, or with one failure.
 * </ul>
 */
final class HealthTransitions {
    /** One move. */
    record Transition(DeploymentState from, HealthSignal signal, DeploymentState to) {
    }

    static final List<Transition> TABLE = List.of(
            new Transition(HEALTHY, ERRORS_RISING, DEGRADED),
            new Transition(HEALTHY, FAILING, EJECTED),
            new Transition(HEALTHY, DEAD, EJECTED),
            new Transition(DEGRADED, ERRORS_GONE, HEALTHY),
            new Transition(DEGRADED, FAILING, EJECTED),
            new Transition(DEGRADED, DEAD, EJECTED),
            new Transition(EJECTED, TIME_SERVED, PROBING),
            new Transition(PROBING, PROBES_ANSWERED, HEALTHY),
            new Transition(PROBING, PROBE_FAILED, EJECTED));

    private HealthTransitions() {
    }

    /** @throws IllegalStateException if the table has no such move */
    static DeploymentState next(DeploymentState from, HealthSignal signal) {
        return TABLE.stream().filter(move -> move.from() == from && move.signal() == signal).findFirst()
                .orElseThrow(() -> new IllegalStateException("no move out of " + from + " by " + signal)).to();
    }

    /** As a Mermaid state diagram. */
    static String diagram() {
        StringBuilder diagram = new StringBuilder("stateDiagram-v2\n    [*] --> HEALTHY: first call seen\n");
        TABLE.forEach(move -> diagram.append("    ").append(move.from()).append(" --> ").append(move.to()).append(": ")
                .append(move.signal()).append('\n'));
        return diagram.toString();
    }
}
