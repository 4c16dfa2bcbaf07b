package dev.signalbox.workers.scheduler;

import dev.signalbox.workers.intake.InboundRequest;
import java.util.Comparator;

/**
 * A request that waits.
 *
 * @param costUnits what it is expected to cost, at least 1
 * @param arrival number in the order of arrival, unique in its scheduler
 */
record Waiting(InboundRequest request, long costUnits, long arrival) {
    /** Earliest deadline first, then first come first served. */
    static final Comparator<Waiting> BY_DEADLINE = Comparator
            .comparingLong((Waiting waiting) -> waiting.request().expiresAtMillis())
            .thenComparingLong(Waiting::arrival);

    /** By arrival, which is unique: hashing a request would read its whole body. */
    @Override
    public boolean equals(Object other) {
        return other instanceof Waiting waiting && waiting.arrival == arrival;
    }

    @Override
    public int hashCode() {
        return Long.hashCode(arrival);
    }

    String tenant() {
        return request.request().getTenant();
    }
}
