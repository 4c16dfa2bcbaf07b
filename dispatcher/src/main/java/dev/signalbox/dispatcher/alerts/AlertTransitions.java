package dev.signalbox.dispatcher.alerts;

import static dev.signalbox.dispatcher.alerts.AlertSignal.AGED;
import static dev.signalbox.dispatcher.alerts.AlertSignal.GONE;
import static dev.signalbox.dispatcher.alerts.AlertSignal.LASTED;
import static dev.signalbox.dispatcher.alerts.AlertSignal.SEEN;
import static dev.signalbox.dispatcher.alerts.AlertSignal.STAYED_AWAY;
import static dev.signalbox.dispatcher.alerts.AlertState.CLEARING;
import static dev.signalbox.dispatcher.alerts.AlertState.FORGOTTEN;
import static dev.signalbox.dispatcher.alerts.AlertState.PENDING;
import static dev.signalbox.dispatcher.alerts.AlertState.RAISED;
import static dev.signalbox.dispatcher.alerts.AlertState.RESOLVED;

import java.util.List;

/** The moves of an alert, as data; {@code docs/dispatcher.md} shows them as a diagram made of it. */
final class AlertTransitions {
    /** One move. */
    record Transition(AlertState from, AlertSignal signal, AlertState to) {
    }

    static final List<Transition> TABLE = List.of(
            new Transition(PENDING, LASTED, RAISED),
            new Transition(PENDING, GONE, FORGOTTEN),
            new Transition(RAISED, GONE, CLEARING),
            new Transition(CLEARING, SEEN, RAISED),
            new Transition(CLEARING, STAYED_AWAY, RESOLVED),
            new Transition(RESOLVED, SEEN, PENDING),
            new Transition(RESOLVED, AGED, FORGOTTEN));

    private AlertTransitions() {
    }

    /** @throws IllegalStateException if the table has no such move */
    static AlertState next(AlertState from, AlertSignal signal) {
        return TABLE.stream().filter(move -> move.from() == from && move.signal() == signal).findFirst()
                .orElseThrow(() -> new IllegalStateException("no move out of " + from + " by " + signal)).to();
    }

    /** As a Mermaid state diagram. */
    static String diagram() {
        StringBuilder diagram = new StringBuilder("stateDiagram-v2\n    [*] --> PENDING: first seen\n");
        TABLE.forEach(move -> diagram.append("    ").append(move.from()).append(" --> ").append(move.to()).append(": ")
                .append(move.signal()).append('\n'));
        return diagram.append("    FORGOTTEN --> [*]\n").toString();
    }
}
