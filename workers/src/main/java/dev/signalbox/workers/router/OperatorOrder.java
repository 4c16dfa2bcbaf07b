package dev.signalbox.workers.router;

import java.time.Duration;

/**
 * What an operator ordered for a deployment, until it ends by itself.
 *
 * @param who and why, for a person
 * @param untilNanos when it ends, ns on this worker's monotonic clock
 */
public record OperatorOrder(Action action, String who, String why, long untilNanos) {

    /** What becomes of new calls; running ones go on. */
    public enum Action {
        /** No call is made, whatever happens: requests that nothing else can serve wait. */
        EJECT,
        /** No call is made while another deployment can serve; the last resort it stays. */
        DRAIN
    }

    boolean holds(long nowNanos) {
        return untilNanos - nowNanos > 0;
    }

    /** For a person. */
    String reason(long nowNanos) {
        return (action == Action.EJECT ? "ejected by " : "draining by order of ") + who + " for another "
                + Math.max(1, Duration.ofNanos(untilNanos - nowNanos).toSeconds()) + " s: " + why;
    }
}
