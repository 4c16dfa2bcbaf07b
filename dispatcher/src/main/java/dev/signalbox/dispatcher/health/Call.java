package dev.signalbox.dispatcher.health;

import dev.signalbox.schemas.Blame;
import dev.signalbox.schemas.avro.AttemptEvent;
import dev.signalbox.schemas.avro.AttemptPhase;
import java.util.Optional;

/**
 * One ended call, as far as health is concerned.
 *
 * @param outcome ANSWERED or a failure class, by its name
 * @param worker who made it
 * @param startedMillis when it began, on the broker's clock
 */
record Call(String outcome, String worker, long startedMillis) {
    /** Characters of a name, which is stored; our own are shorter. */
    private static final int LONGEST_NAME = 200;

    Call {
        outcome = cut(outcome);
        worker = cut(worker);
    }

    private static String cut(String name) {
        return name.length() > LONGEST_NAME ? name.substring(0, LONGEST_NAME) : name;
    }

    /**
     * Empty unless it is an ENDED with an outcome.
     *
     * @param endedMillis append time of the event
     */
    static Optional<Call> of(AttemptEvent event, long endedMillis) {
        if (event.getPhase() != AttemptPhase.ENDED || event.getOutcome() == null) {
            return Optional.empty();
        }
        Long duration = event.getDurationMillis();
        return Optional.of(new Call(event.getOutcome(), event.getWorker(),
                endedMillis - (duration == null ? 0 : Math.max(0, duration))));
    }

    boolean answered() {
        return outcome.equals(Blame.ANSWERED);
    }

    Blame blame() {
        return Blame.of(outcome);
    }

    /** Whether it counts for or against the deployment. */
    boolean counts() {
        return answered() || blame() != Blame.NOBODY;
    }
}
