package dev.signalbox.workers.router;

import dev.signalbox.config.Deployment;
import dev.signalbox.config.Route.FallbackModel;
import java.util.Optional;

/**
 * A deployment that was considered.
 *
 * @param score of the strategy, as its label says: the place in a sequence, the weight of a load balance, expected ms by
 *        in-flight calls and capacity, the price of the request
 * @param standing what it can do now
 * @param why it is not ready; empty if it is
 * @param change what the request becomes for it, if it serves another model than the one asked for
 * @param retryNanos when it may admit the request if it is busy by rate, when an ejected one may be tried, when an order ends, or
 *        until when it is spared, monotonic ns; 0: when a call ends
 */
public record Candidate(Deployment deployment, double score, Standing standing, Optional<String> why,
        Optional<FallbackModel> change, long retryNanos) {

    /** What a candidate can do for a request now, the best first. */
    public enum Standing {
        READY,
        /** It was ejected, and this request may try it. */
        TRIAL,
        /** It recovers, and others go first this time. */
        EASING,
        /** Its limits are used up for now. */
        BUSY,
        /** It could be called, but is dearer than one that is busy, and the request has time to wait for that. */
        SPARED,
        /** It failed too often. */
        EJECTED,
        /** An operator ordered that it is not called. */
        WITHDRAWN,
        /** It cannot serve the request at all. */
        UNFIT
    }

    Candidate(Deployment deployment, Standing standing) {
        this(deployment, 0, standing, Optional.empty(), Optional.empty(), 0);
    }

    Candidate(Deployment deployment, Standing standing, String why) {
        this(deployment, 0, standing, Optional.of(why), Optional.empty(), 0);
    }

    /** Whether it can serve the request, be it now or later. */
    public boolean fit() {
        return standing != Standing.UNFIT;
    }

    /** Why it cannot serve the request. */
    public Optional<String> unfit() {
        return fit() ? Optional.empty() : why;
    }

    /** Whether a call may be made now. */
    public boolean usable() {
        return standing == Standing.READY || standing == Standing.TRIAL || standing == Standing.EASING;
    }

    Candidate scored(double newScore) {
        return new Candidate(deployment, newScore, standing, why, change, retryNanos);
    }

    Candidate spared(long untilNanos) {
        return new Candidate(deployment, score, Standing.SPARED, Optional.of("dearer than one that is busy"), change,
                untilNanos);
    }

    Candidate changed(FallbackModel model) {
        return new Candidate(deployment, score, standing, why, Optional.of(model), retryNanos);
    }
}
