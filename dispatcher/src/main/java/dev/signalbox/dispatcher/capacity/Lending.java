package dev.signalbox.dispatcher.capacity;

import dev.signalbox.schemas.Amounts;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What pools use of each other's capacity now, one kind of amount at a time. Each has its own part first. What one leaves
 * idle goes, by rank of who asks, to higher pools that borrow from it and, but for its reserve, to lower pools if it lends.
 *
 * <p>INVARIANT: {@link #capacity} of all pools sums up to the sum of their own parts, and no pool that wants all of its own
 * has less.
 */
final class Lending {
    static final Lending NONE = new Lending(List.of(), Amounts.Kind.CALLS, Map.of());
    private final Map<String, Long> capacity = new LinkedHashMap<>();
    private final Map<String, Map<String, Long>> loans = new LinkedHashMap<>();

    /**
     * @param pools the highest rank first
     * @param wanted by pool
     */
    Lending(List<PoolCapacity> pools, Amounts.Kind kind, Map<String, Long> wanted) {
        Map<String, Long> idle = new LinkedHashMap<>();
        for (PoolCapacity pool : pools) {
            long own = pool.own().of(kind);
            capacity.put(pool.name(), own);
            loans.put(pool.name(), new LinkedHashMap<>());
            idle.put(pool.name(), Math.max(0, own - wanted.getOrDefault(pool.name(), 0L)));
        }
        for (int i = 0; i < pools.size(); i++) {
            PoolCapacity borrower = pools.get(i);
            long unmet = wanted.getOrDefault(borrower.name(), 0L) - borrower.own().of(kind);
            // Of those below it the lowest first, then of those above it the nearest.
            for (int j = pools.size() - 1; j > i && unmet > 0; j--) {
                if (borrower.borrowsFrom().contains(pools.get(j).name())) {
                    unmet -= lend(pools.get(j), borrower, kind, 0, unmet, idle);
                }
            }
            for (int j = i - 1; j >= 0 && unmet > 0; j--) {
                if (pools.get(j).lendsIdle()) {
                    unmet -= lend(pools.get(j), borrower, kind, pools.get(j).reserve(), unmet, idle);
                }
            }
        }
    }

    private long lend(PoolCapacity lender, PoolCapacity borrower, Amounts.Kind kind, double reserve, long wanted,
            Map<String, Long> idle) {
        long kept = (long) Math.ceil(lender.own().of(kind) * reserve - 1e-9);
        long lent = Math.max(0, Math.min(wanted, idle.getOrDefault(lender.name(), 0L) - kept));
        if (lent > 0) {
            idle.merge(lender.name(), -lent, Long::sum);
            capacity.merge(lender.name(), -lent, Long::sum);
            capacity.merge(borrower.name(), lent, Long::sum);
            loans.getOrDefault(borrower.name(), new LinkedHashMap<>()).merge(lender.name(), lent, Long::sum);
        }
        return lent;
    }

    /** What other pools could lend it at most, by pool. */
    static Map<String, Long> lenders(List<PoolCapacity> pools, PoolCapacity borrower, Amounts.Kind kind) {
        Map<String, Long> lenders = new LinkedHashMap<>();
        boolean higher = true;
        for (PoolCapacity pool : pools) {
            boolean self = pool.name().equals(borrower.name());
            higher &= !self;
            if (!self && pool.own().of(kind) > 0
                    && (higher ? pool.lendsIdle() : borrower.borrowsFrom().contains(pool.name()))) {
                lenders.put(pool.name(), pool.own().of(kind));
            }
        }
        return lenders;
    }

    /** What the pool's workers have between them. */
    long capacity(String pool) {
        return capacity.getOrDefault(pool, 0L);
    }

    /** What of it is other pools', by pool. */
    Map<String, Long> borrowed(String pool) {
        return loans.getOrDefault(pool, Map.of());
    }
}
