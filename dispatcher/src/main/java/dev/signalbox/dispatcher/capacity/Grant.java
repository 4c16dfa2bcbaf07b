package dev.signalbox.dispatcher.capacity;

import dev.signalbox.schemas.Amounts;
import java.util.Map;
import java.util.Set;

/**
 * A worker's lease, or its end.
 *
 * @param no within the term
 * @param demandSeq the demand that it answers
 * @param keeps whether the worker keeps the less of this and of what it has: a new term that still learns gives nothing
 * @param pools by pool; empty: the worker is gone
 */
public record Grant(String worker, long no, long demandSeq, boolean keeps, Map<String, OfPool> pools) {
    public Grant {
        pools = Map.copyOf(pools);
    }

    /**
     * @param mayUse the most that it may use, what is borrowed included
     * @param claim what the worker may use or still uses, this grant included: what a next term counts for it
     * @param borrowed what of it is other pools', by pool
     * @param wantedBack pools that lack calls of their own part
     */
    public record OfPool(Amounts mayUse, Amounts claim, Map<String, Amounts> borrowed, Set<String> wantedBack) {
        /** Nothing is wanted back. */
        public OfPool(Amounts mayUse, Amounts claim, Map<String, Amounts> borrowed) {
            this(mayUse, claim, borrowed, Set.of());
        }

        public OfPool {
            borrowed = Map.copyOf(borrowed);
            wantedBack = Set.copyOf(wantedBack);
        }
    }

    static Grant over(String worker) {
        return new Grant(worker, 0, 0, false, Map.of());
    }

    public boolean isOver() {
        return pools.isEmpty();
    }
}
