package dev.signalbox.dispatcher.health;

import dev.signalbox.schemas.Blame;
import dev.signalbox.schemas.avro.AttemptEvent;
import dev.signalbox.schemas.avro.AttemptId;
import dev.signalbox.schemas.avro.AttemptPhase;
import java.util.Optional;

/**
 * One ended call, as far as health is concerned.
 *
 * @param id its event id, which tells it from others
 * @param outcome ANSWERED or a failure class, by its name
 * @param worker who made it
 * @param startedMillis when it began, on the broker's clock
 */
record Call(String id, String outcome, String worker, long startedMillis) {
    /** Characters of a name, which is stored; our own are shorter. */
    private static final int LONGEST_NAME = 200;

    Call {
        id = cut(id);
        outcome = cut(outcome);
        worker = cut(worker);
    }

    /** As it is kept. */
    static String cut(String name) {
        return name.length() > LONGEST_NAME ? name.substring(0, LONGEST_NAME) : name;
    }

    /** The event id of a call, as it is kept: of an overlong request id its end goes, which the attempt's number precedes. */
    static String id(AttemptEvent event) {
        AttemptId attempt = event.getAttempt();
        return cut(attempt.getHop() + "/" + attempt.getEpoch() + "/" + attempt.getNumber() + "/" + attempt.getSource()
                + "/" + event.getRequestId());
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
        return Optional.of(new Call(id(event), event.getOutcome(), event.getWorker(),
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
