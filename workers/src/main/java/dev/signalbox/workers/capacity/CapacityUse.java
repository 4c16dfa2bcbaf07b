package dev.signalbox.workers.capacity;

import dev.signalbox.schemas.Amounts;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What this worker holds, uses and wants of a deployment now.
 *
 * @param term of the grant it goes by; 0: none
 * @param grantNo of that grant
 * @param leased whether it has a lease
 * @param throttlings how often the vendor refused calls for their rate, since the worker began
 * @param answers how many calls it answered meanwhile, of those that began after the last that it refused
 * @param pools those of which it has, uses or wants anything
 */
public record CapacityUse(long term, long grantNo, boolean leased, long throttlings, long answers,
        List<OfPool> pools) {
    public CapacityUse {
        pools = List.copyOf(pools);
    }

    /**
     * @param pool empty where the deployment is shared by all pools
     * @param ownedPart of the pool's partitions, 0 to 1
     * @param mayUse what it goes by: its lease, or without one its share
     * @param inUse what counts
     * @param wanted inUse and what waits
     * @param largest what the largest waiting request needs, none: nothing waits
     * @param oldestWaitMillis how long requests have waited and none of them was let in; 0: nothing waits
     */
    public record OfPool(String pool, double ownedPart, Amounts mayUse, Amounts inUse, Amounts wanted, Amounts largest,
            long oldestWaitMillis) {
        boolean waits() {
            return oldestWaitMillis > 0;
        }

        /** Whether it uses more than it may: the dispatcher waits to hear that it does not. */
        boolean isOver() {
            return !inUse.fitsIn(mayUse);
        }

        /** Whether it may make a call, and has too little of a minute for it. */
        boolean isIdle() {
            return waits() && inUse.calls() < mayUse.calls();
        }

        /** Whether it has anything to say. */
        public boolean isSomething() {
            return ownedPart > 0 || waits() || !inUse.equals(Amounts.NONE);
        }
    }

    /** Whether the dispatcher need not hear of it. */
    public boolean isNothing() {
        return !leased && pools.isEmpty();
    }

    Optional<OfPool> pool(String name) {
        return pools.stream().filter(pool -> pool.pool().equals(name)).findFirst();
    }

    /**
     * What a pool was granted.
     *
     * @param leased the most that it may use while the lease lasts
     * @param borrowed what of it is other pools', by pool
     * @param wantedBack pools that want what was borrowed of them back
     * @param limitPercent how much of the deployment's limits is granted, to all workers together
     */
    public record Granted(Amounts leased, Map<String, Amounts> borrowed, Set<String> wantedBack, int limitPercent) {
        public static final Granted NOTHING = new Granted(Amounts.NONE, Map.of());

        public Granted {
            borrowed = Map.copyOf(borrowed);
            wantedBack = Set.copyOf(wantedBack);
        }

        /** Nothing is wanted back, and the limits are whole. */
        public Granted(Amounts leased, Map<String, Amounts> borrowed) {
            this(leased, borrowed, Set.of(), 100);
        }
    }
}
