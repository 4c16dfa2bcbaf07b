package dev.signalbox.workers.router;

/** Where a {@link Breaker} stands. */
public enum BreakerState {
    /** Calls pass; failures are counted. Ends when they trip it. */
    CLOSED,
    /** No call passes, but for panic. Ends when its time is over, or an answer came all the same. */
    OPEN,
    /** One call at a time passes as a trial. Ends with the first trial's outcome. */
    HALF_OPEN,
    /** A growing part of the calls passes. Ends when all do, or failures trip it again. */
    RECOVERING;

    /** What moves a breaker. */
    public enum Event {
        /** Failures were too many. */
        TRIPPED,
        /** The time that it stays open is over. */
        COOLED,
        /** A call that was made although it was open was answered. */
        ANSWERED_WHILE_OPEN,
        TRIAL_ANSWERED,
        TRIAL_FAILED,
        /** All calls pass again. */
        EASED_IN
    }

    /** Every legal move; docs/routing.md shows this table, and a test compares them. */
    record Move(BreakerState from, Event event, BreakerState to) {
        static final java.util.List<Move> ALL = java.util.List.of(new Move(CLOSED, Event.TRIPPED, OPEN),
                new Move(OPEN, Event.COOLED, HALF_OPEN), new Move(OPEN, Event.ANSWERED_WHILE_OPEN, RECOVERING),
                new Move(HALF_OPEN, Event.TRIAL_ANSWERED, RECOVERING), new Move(HALF_OPEN, Event.TRIAL_FAILED, OPEN),
                new Move(RECOVERING, Event.TRIPPED, OPEN), new Move(RECOVERING, Event.EASED_IN, CLOSED));
    }

    /**
     * Where an event leads.
     *
     * @throws IllegalStateException if it cannot happen here
     */
    BreakerState after(Event event) {
        for (Move move : Move.ALL) {
            if (move.from() == this && move.event() == event) {
                return move.to();
            }
        }
        throw new IllegalStateException("a breaker that is " + this + " knows no " + event);
    }
}
