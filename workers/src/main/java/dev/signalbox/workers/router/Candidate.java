package dev.signalbox.workers.router;

import dev.signalbox.config.Deployment;
import java.util.Optional;

/**
 * A deployment that was considered.
 *
 * @param score of the strategy, as its label says: the place in a sequence, the weight of a load balance
 * @param unfit why it cannot serve the request; empty if it can
 */
public record Candidate(Deployment deployment, double score, Optional<String> unfit) {
    /** Whether it can serve the request. */
    public boolean fit() {
        return unfit.isEmpty();
    }
}
