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
import dev.signalbox.workers.capacity.CapacityUse;
import dev.signalbox.workers.capacity.Lease;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The dispatcher as far as capacity goes: hears workers' demands and leases to them, each a few ms later, by its own models. */
final class Allocator {
    private static final long TRANSIT_NANOS = Duration.ofMillis(10).toNanos();
    private static final long PASSING_NANOS = Duration.ofSeconds(1).toNanos();
    private static final long TERM = 1;

    private final VirtualTime time;
    private final List<WhatIfWorker> workers;
    private final Map<DeploymentName, CapacityModel> models = new LinkedHashMap<>();

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
        time.in(PASSING_NANOS, this::pass);
    }

    void demanded(DeploymentName name, String worker, long seq, CapacityUse use) {
        Demand demand = new Demand(worker, seq, use.term(), use.grantNo(), false, use.throttlings(),
                use.answers(),
                use.pools().stream().map(pool -> new Demand.OfPool(pool.pool(), pool.ownedPart(), pool.mayUse(),
                        pool.inUse(), pool.wanted(), pool.largest(), pool.oldestWaitMillis())).toList());
        CapacityModel model = models.get(name);
        if (model != null) {
            time.in(TRANSIT_NANOS, () -> grant(name, model, model.onDemand(demand, time.millis())));
        }
    }

    private void grant(DeploymentName name, CapacityModel model, List<Grant> grants) {
        for (Grant grant : grants) {
            Map<String, Amounts> mayUse = new HashMap<>();
            Map<String, CapacityUse.Granted> byPool = new LinkedHashMap<>();
            grant.pools().forEach((pool, granted) -> {
                mayUse.put(pool, granted.mayUse());
                byPool.put(pool, new CapacityUse.Granted(granted.mayUse(), granted.borrowed()));
            });
            Lease lease = new Lease(TERM, grant.no(), grant.demandSeq(), grant.keeps(), CapacityRules.DEFAULT.ttl(),
                    model.capacity().drain(), mayUse);
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
