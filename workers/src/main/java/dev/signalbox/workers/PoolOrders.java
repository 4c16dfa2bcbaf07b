package dev.signalbox.workers;

import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.avro.ControlAction;
import dev.signalbox.schemas.avro.ControlOrder;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Which pools a worker serves: those that it was started with, or those that an operator moved it to, less those that one
 * drains. Orders end by themselves. Times are ms on the broker's clock. Thread-safe.
 *
 * <p>Bound: the order about this worker, and one for each drained pool, at most {@value #MOST_POOLS}.
 */
final class PoolOrders {
    private static final int MOST_POOLS = 1_000;

    private final Set<PoolName> own;
    private final Map<PoolName, Long> drainedUntil = new HashMap<>();
    private @Nullable Moved moved;

    private record Moved(Set<PoolName> pools, long untilMillis) {
    }

    /** @param own pools that it was started with; empty: all */
    PoolOrders(Set<PoolName> own) {
        this.own = Set.copyOf(own);
    }

    /** An order about this worker; null takes back the one before. */
    synchronized void worker(@Nullable ControlOrder order, long atMillis) {
        moved = order == null || order.getAction() != ControlAction.MOVE
                ? null
                : new Moved(order.getPools().stream().map(PoolName::new).collect(Collectors.toUnmodifiableSet()),
                        atMillis + order.getDurationMillis());
    }

    /** An order about a pool; null takes back the one before. */
    synchronized void pool(PoolName pool, @Nullable ControlOrder order, long atMillis) {
        if (order == null || order.getAction() != ControlAction.DRAIN) {
            drainedUntil.remove(pool);
        } else if (drainedUntil.size() < MOST_POOLS || drainedUntil.containsKey(pool)) {
            drainedUntil.put(pool, atMillis + order.getDurationMillis());
        }
    }

    /** Whether it serves that pool now. */
    synchronized boolean serves(PoolName pool, long nowMillis) {
        Long until = drainedUntil.get(pool);
        if (until != null && nowMillis < until) {
            return false;
        }
        Moved now = moved;
        if (now != null && nowMillis < now.untilMillis) {
            return now.pools.contains(pool);
        }
        return own.isEmpty() || own.contains(pool);
    }
}
