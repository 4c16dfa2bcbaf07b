package dev.signalbox.cli.whatif;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.Deployment;
import dev.signalbox.config.DeploymentName;
import dev.signalbox.dispatcher.capacity.CapacityModel;
import dev.signalbox.dispatcher.capacity.CapacityRules;
import dev.signalbox.dispatcher.capacity.Demand;
import dev.signalbox.dispatcher.capacity.DeploymentCapacity;
import dev.signalbox.dispatcher.capacity.Grant;
import dev.signalbox.schemas.Amounts;
import dev.signalbox.schemas.TenantLease;
import dev.signalbox.workers.capacity.CapacityUse;
import dev.signalbox.workers.capacity.Lease;
import dev.signalbox.workers.capacity.TenantLeases;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The dispatcher as far as capacity goes: hears workers' demands, of deployments and of tenants' calls at once, and leases to them, each a few ms later, by its own models. */
final class Allocator {
    private static final long TRANSIT_NANOS = Duration.ofMillis(10).toNanos();
    private static final long PASSING_NANOS = Duration.ofSeconds(1).toNanos();
    private static final long TERM = 1;

    private final VirtualTime time;
    private final List<WhatIfWorker> workers;
    private final Map<DeploymentName, CapacityModel> models = new LinkedHashMap<>();
    private final Map<TenantLease, CapacityModel> tenants = new LinkedHashMap<>();

    /** @param workers those there are; may be filled later */
    Allocator(Configuration configuration, VirtualTime time, List<WhatIfWorker> workers) {
        this.time = time;
        this.workers = workers;
        for (Deployment deployment : configuration.deployments().values()) {
            if (!deployment.limits().equals(Deployment.Limits.NONE)) {
                models.put(deployment.name(), new CapacityModel(DeploymentCapacity.of(configuration, deployment),
                        CapacityRules.DEFAULT, TERM, Map.of(), time.millis()));
            }
        }
        time.in(PASSING_NANOS, this::pass);
    }

    private void pass() {
        models.forEach((name, model) -> grant(name, model, model.onTime(time.millis())));
        tenants.forEach((lease, model) -> grant(lease, model, model.onTime(time.millis())));
        tenants.values().removeIf(CapacityModel::isIdle);
        time.in(PASSING_NANOS, this::pass);
    }

    void demanded(DeploymentName name, String worker, long seq, CapacityUse use) {
        Demand demand = demand(worker, seq, false, use);
        CapacityModel model = models.get(name);
        if (model != null) {
            time.in(TRANSIT_NANOS, () -> grant(name, model, model.onDemand(demand, time.millis())));
        }
    }

    private static Demand demand(String worker, long seq, boolean goodbye, CapacityUse use) {
        return new Demand(worker, seq, use.term(), use.grantNo(), goodbye, use.throttlings(), use.answers(),
                use.pools().stream().map(pool -> new Demand.OfPool(pool.pool(), pool.ownedPart(), pool.mayUse(),
                        pool.inUse(), pool.wanted(), pool.largest(), pool.oldestWaitMillis())).toList());
    }

    /** Of a tenant's calls at once. */
    void demanded(String worker, TenantLeases.Said said) {
        Demand demand = demand(worker, said.seq(), said.goodbye(), said.use());
        time.in(TRANSIT_NANOS, () -> {
            // Its term began with the dispatcher, long ago: there is nothing to learn.
            CapacityModel model = tenants.computeIfAbsent(said.lease(), lease -> new CapacityModel(
                    DeploymentCapacity.ofTenant(0), CapacityRules.DEFAULT, time.millis(), Map.of(), time.millis(),
                    time.millis()));
            said.limit().ifPresent(limit -> model.become(DeploymentCapacity.ofTenant(limit)));
            grant(said.lease(), model, model.onDemand(demand, time.millis()));
        });
    }

    private void grant(TenantLease tenant, CapacityModel model, List<Grant> grants) {
        for (Grant grant : grants) {
            Lease lease = lease(model, grant);
            time.in(TRANSIT_NANOS, () -> workers.stream().filter(worker -> worker.name().equals(grant.worker()))
                    .forEach(worker -> worker.granted(tenant, lease)));
        }
    }

    private static Lease lease(CapacityModel model, Grant grant) {
        Map<String, Amounts> mayUse = new HashMap<>();
        grant.pools().forEach((pool, granted) -> mayUse.put(pool, granted.mayUse()));
        return new Lease(model.term(), grant.no(), grant.demandSeq(), grant.keeps(), CapacityRules.DEFAULT.ttl(),
                model.capacity().drain(), mayUse);
    }

    private void grant(DeploymentName name, CapacityModel model, List<Grant> grants) {
        for (Grant grant : grants) {
            Map<String, CapacityUse.Granted> byPool = new LinkedHashMap<>();
            grant.pools().forEach((pool, granted) -> byPool.put(pool,
                    new CapacityUse.Granted(granted.mayUse(), granted.borrowed())));
            Lease lease = lease(model, grant);
            long told = time.nanos();
            time.in(TRANSIT_NANOS, () -> workers.forEach(worker -> {
                if (worker.name().equals(grant.worker())) {
                    worker.granted(name, lease, byPool);
                } else {
                    worker.grantedElsewhere(name, lease, told);
                }
            }));
        }
    }
}
