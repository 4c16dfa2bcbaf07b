package dev.signalbox.workers;

import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.TenantLease;
import dev.signalbox.workers.capacity.Lease;
import dev.signalbox.workers.capacity.TenantCalls;
import dev.signalbox.workers.capacity.TenantLeases;
import dev.signalbox.workers.scheduler.LeasedCalls;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * Tenants' leases at work: asked by the pools' schedulers, under their locks, and told by whoever reads grants. Thread-safe.
 *
 * <p>INVARIANT: the lock guards the model, for model steps only, and none is taken inside it. Calls are counted without it, after
 * what the worker goes by was noted.
 */
final class LeasedTenants {
    private final Supplier<? extends Collection<PoolWorker>> pools;
    private final LongSupplier nanos;
    private final TenantLeases model = new TenantLeases();
    private final ReentrantLock lock = new ReentrantLock();

    /**
     * @param pools those whose calls may run
     * @param nanos a monotonic clock
     */
    LeasedTenants(Supplier<? extends Collection<PoolWorker>> pools, LongSupplier nanos) {
        this.pools = pools;
        this.nanos = nanos;
    }

    private <T> T locked(Supplier<T> step) {
        lock.lock();
        try {
            return step.get();
        } finally {
            lock.unlock();
        }
    }

    private void step(Runnable step) {
        lock.lock();
        try {
            step.run();
        } finally {
            lock.unlock();
        }
    }

    /** For a pool's scheduler. */
    LeasedCalls of(PoolName pool) {
        return (tenant, nowNanos) -> {
            TenantLease lease = new TenantLease(pool, tenant);
            return locked(() -> model.atOnce(lease, nowNanos));
        };
    }

    /** What is to be told now; each 100 ms, by one thread at a time. */
    List<TenantLeases.Said> look() {
        Map<TenantLease, TenantLeases.Going> going = locked(() -> model.going(nanos.getAsLong()));
        Map<PoolName, TenantLeases.OfPool> counted = counted();
        return locked(() -> model.look(going, counted, nanos.getAsLong()));
    }

    /** With no call running and none to come. */
    List<TenantLeases.Said> goodbye() {
        Map<PoolName, TenantLeases.OfPool> counted = counted();
        return locked(() -> model.goodbye(counted, nanos.getAsLong()));
    }

    /** A pool that is served again while calls of before still run is counted as one. */
    private Map<PoolName, TenantLeases.OfPool> counted() {
        Map<PoolName, TenantLeases.OfPool> counted = new HashMap<>();
        for (PoolWorker pool : pools.get()) {
            List<TenantCalls> calls = pool.tenantCalls();
            counted.merge(pool.pool().name(), new TenantLeases.OfPool(pool.ownedPart(), calls),
                    TenantLeases.OfPool::and);
        }
        return counted;
    }

    boolean asks(TenantLease lease) {
        return locked(() -> model.asks(lease));
    }

    /** The dispatcher granted this worker that. */
    void granted(TenantLease lease, Lease news) {
        if (locked(() -> model.granted(lease, news, nanos.getAsLong()))) {
            pools.get().stream().filter(pool -> pool.pool().name().equals(lease.pool()))
                    .forEach(pool -> pool.leased(lease.tenant()));
        }
    }

    void grantedElsewhere(TenantLease lease, Lease other) {
        step(() -> model.grantedElsewhere(lease, other, nanos.getAsLong()));
    }

    /** The dispatcher is asked for a lease of a deployment. */
    void asked() {
        step(() -> model.asked(nanos.getAsLong()));
    }

    /** It granted this worker one. */
    void answered() {
        step(() -> model.answered());
    }
}
