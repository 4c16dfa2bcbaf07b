package dev.signalbox.dispatcher.health;

import static dev.signalbox.dispatcher.health.ProbeTransitions.Phase.GIVEN;
import static dev.signalbox.dispatcher.health.ProbeTransitions.Phase.OPEN;
import static dev.signalbox.dispatcher.health.ProbeTransitions.Phase.RUNNING;
import static dev.signalbox.dispatcher.health.ProbeTransitions.Signal.CLAIMED;
import static dev.signalbox.dispatcher.health.ProbeTransitions.Signal.ENDED;
import static dev.signalbox.dispatcher.health.ProbeTransitions.Signal.OPENED;
import static dev.signalbox.dispatcher.health.ProbeTransitions.Signal.PASSED_ON;
import static dev.signalbox.dispatcher.health.ProbeTransitions.Signal.STARTED;

import java.util.List;

/** The moves of the turn to probe, as data; {@code docs/dispatcher.md} shows them as a diagram made of it. */
final class ProbeTransitions {
    /** What a {@link ProbeTurn} is at. */
    enum Phase {
        /** Whoever has a call may claim it. Ends with the first claim, or by time where there are workers to take turns. */
        OPEN,
        /** One worker's turn: it may begin one call. Ends with that, or by time. */
        GIVEN,
        /** The call of the worker whose turn it is runs. Ends with it, or when it is taken for lost. */
        RUNNING
    }

    /** What moves it. */
    enum Signal {
        /** A worker has a call to make. */
        CLAIMED,
        /** Who may make a call has begun one. */
        STARTED,
        /** The call has ended: its worker may make another one, and its time begins anew. */
        ENDED,
        /** The time is up: the next worker's turn. */
        PASSED_ON,
        /** The time is up, and all workers have had their turn: whoever claims it first. */
        OPENED
    }

    /** One move. */
    record Transition(Phase from, Signal signal, Phase to) {
    }

    static final List<Transition> TABLE = List.of(
            new Transition(OPEN, CLAIMED, GIVEN),
            new Transition(OPEN, STARTED, RUNNING),
            new Transition(OPEN, PASSED_ON, GIVEN),
            new Transition(GIVEN, STARTED, RUNNING),
            new Transition(GIVEN, PASSED_ON, GIVEN),
            new Transition(GIVEN, OPENED, OPEN),
            new Transition(RUNNING, ENDED, GIVEN),
            new Transition(RUNNING, PASSED_ON, GIVEN),
            new Transition(RUNNING, OPENED, OPEN));

    private ProbeTransitions() {
    }

    /** @throws IllegalStateException if the table has no such move */
    static Phase next(Phase from, Signal signal) {
        return TABLE.stream().filter(move -> move.from() == from && move.signal() == signal).findFirst()
                .orElseThrow(() -> new IllegalStateException("no move out of " + from + " by " + signal)).to();
    }

    /** As a Mermaid state diagram. */
    static String diagram() {
        StringBuilder diagram = new StringBuilder(
                "stateDiagram-v2\n    [*] --> OPEN: called seldom\n    [*] --> GIVEN: called often\n");
        TABLE.forEach(move -> diagram.append("    ").append(move.from()).append(" --> ").append(move.to()).append(": ")
                .append(move.signal()).append('\n'));
        return diagram.toString();
    }
}
