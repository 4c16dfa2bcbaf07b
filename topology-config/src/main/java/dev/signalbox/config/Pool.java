package dev.signalbox.config;

import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * An isolated share of capacity with its own request topics, consumers and workers.
 *
 * @param useCases use cases it serves; {@link #OTHERWISE} stands for those that no other pool lists
 * @param priorities its priorities, each with how it shares the pool's workers
 * @param borrowsFrom lower pools whose capacity it may use
 * @param lendsIdle whether lower pools may use what it leaves idle
 * @param reserve part of its capacity that it never lends, 0 to 1
 * @param borrowedCallLimit total time of a call on capacity that this pool lent, after which it is cut if this pool wants
 *        that back
 * @param sheds priorities whose requests are dropped, with a receipt, when capacity is short; the others wait
 * @param allow where its requests may be served
 */
public record Pool(PoolName name, Set<String> useCases, Map<Priority, PriorityShare> priorities,
        List<PoolName> borrowsFrom, boolean lendsIdle, double reserve, Duration borrowedCallLimit, Set<Priority> sheds,
        Residency allow) {
    public static final String OTHERWISE = "otherwise";

    /** A pool that sheds nothing and may be served anywhere. */
    public Pool(PoolName name, Set<String> useCases, Map<Priority, PriorityShare> priorities,
            List<PoolName> borrowsFrom, boolean lendsIdle, double reserve) {
        this(name, useCases, priorities, borrowsFrom, lendsIdle, reserve, Duration.ofSeconds(60), Set.of(),
                Residency.ANYWHERE);
    }

    /**
     * How a priority shares the pool's workers.
     *
     * @param weight part of the work it gets when all priorities have work, relative to the others' weights; positive
     * @param floor part of the pool's concurrent calls that it may always have, 0 to 1
     */
    public record PriorityShare(double weight, double floor) {
        /** A priority's share where the pool does not say: weights 8, 4, 2, 1 and a floor of 5 % each. */
        public static PriorityShare ofDefault(Priority priority) {
            double weight = switch (priority) {
                case INTERACTIVE -> 8;
                case STANDARD -> 4;
                case BATCH -> 2;
                case BACKGROUND -> 1;
            };
            return new PriorityShare(weight, 0.05);
        }
    }

    /**
     * Pools that may lend to that one: higher ones that lend, and lower ones that it borrows from.
     *
     * @param pools all, the highest rank first
     */
    public static List<PoolName> lendersOf(Pool borrower, List<Pool> pools) {
        List<PoolName> lenders = new ArrayList<>();
        boolean higher = true;
        for (Pool pool : pools) {
            boolean self = pool.name().equals(borrower.name());
            higher &= !self;
            if (!self && (higher ? pool.lendsIdle() : borrower.borrowsFrom().contains(pool.name()))) {
                lenders.add(pool.name());
            }
        }
        return lenders;
    }

    /** Whether it lists that use case by its name. */
    public boolean lists(String useCase) {
        return useCases.contains(useCase);
    }
}
