package dev.signalbox.workers.capacity;

import dev.signalbox.schemas.Amounts;

/**
 * A pool's part of a deployment, and this worker's part of that by the partitions it owns.
 *
 * @param pool empty where the deployment is shared by all pools
 * @param own the pool's part of the limits
 * @param ownedPart partitions of the pool's lanes that this worker owns / all, 0 to 1; 0 while it is out of touch with its
 *        group's coordinator for longer than a session
 */
public record PoolShare(String pool, Amounts own, double ownedPart) {
    /** Part of its share that a worker uses once leases are known and it has none. */
    static final double SAFE = 0.5;

    /** All of it: while nobody grants leases. */
    Amounts whole() {
        return own.times(ownedPart);
    }

    Amounts safe() {
        return own.times(SAFE * ownedPart);
    }
}
