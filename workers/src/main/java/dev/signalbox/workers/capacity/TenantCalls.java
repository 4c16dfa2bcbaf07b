package dev.signalbox.workers.capacity;

/**
 * A tenant's calls of a pool in this worker, where he has a limit of calls at once.
 *
 * @param limit the fleet's
 * @param part of it that this worker has where nobody leases
 * @param running calls under way
 * @param waiting requests that only this limit holds back; no more than the pool has free slots, but at least one if any
 * @param oldestWaitMillis time since one of his last got its turn, or they began to wait; 0: none waits
 */
public record TenantCalls(String tenant, long limit, long part, long running, long waiting, long oldestWaitMillis) {
    /** Of the same tenant, what both have together. */
    TenantCalls and(TenantCalls other) {
        return new TenantCalls(tenant, limit, Math.max(part, other.part), running + other.running,
                waiting + other.waiting, Math.max(oldestWaitMillis, other.oldestWaitMillis));
    }

    /** The same with nothing that runs or waits. */
    TenantCalls resting() {
        return new TenantCalls(tenant, limit, part, 0, 0, 0);
    }
}
