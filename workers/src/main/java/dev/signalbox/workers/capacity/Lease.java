package dev.signalbox.workers.capacity;

import dev.signalbox.schemas.Amounts;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/**
 * What the dispatcher granted this worker of one deployment; the fields are those of the record on {@code llm.capacity.grants}.
 *
 * @param demandSeq the demand that it answers
 * @param keeps whether it gives nothing: the less of it and of what there is already holds
 * @param ttl from this worker's sending of that demand
 * @param drain how long after a lease calls may count somewhere
 * @param mayUse by pool
 */
public record Lease(long term, long grantNo, long demandSeq, boolean keeps, Duration ttl, Duration drain,
        Map<String, Amounts> mayUse) {
    public Lease {
        mayUse = Map.copyOf(mayUse);
    }

    /** The same, but of each pool no more than that. */
    Lease within(Amounts most) {
        Map<String, Amounts> less = new HashMap<>();
        mayUse.forEach((pool, amounts) -> less.put(pool, amounts.min(most)));
        return new Lease(term, grantNo, demandSeq, keeps, ttl, drain, less);
    }
}
