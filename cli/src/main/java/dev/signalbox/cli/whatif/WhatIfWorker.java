package dev.signalbox.cli.whatif;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.Deployment;
import dev.signalbox.config.DeploymentName;
import dev.signalbox.config.Pool;
import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.TenantLease;
import dev.signalbox.workers.capacity.CapacityUse;
import dev.signalbox.workers.capacity.DemandPace;
import dev.signalbox.workers.capacity.Lease;
import dev.signalbox.workers.capacity.TenantLeases;
import dev.signalbox.workers.intake.LaneBounds;
import dev.signalbox.workers.router.PermitDesk;
import dev.signalbox.workers.router.RouteReach;
import dev.signalbox.workers.scheduler.Dispatch;
import dev.signalbox.workers.scheduler.PoolRules;
import dev.signalbox.workers.scheduler.PoolScheduler;
import dev.signalbox.workers.scheduler.RequestCost;
import dev.signalbox.workers.scheduler.RequestTask.Readiness;
import dev.signalbox.workers.scheduler.SchedulerStatus;
import java.time.Duration;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Collectors;

/** A worker's scheduler and permit desk, moved along by virtual time. */
final class WhatIfWorker {
    private static final long LOOK_NANOS = Duration.ofMillis(100).toNanos();
    private static final double SECOND_NANOS = 1e9;
    private static final Duration SHORTEST_ELSEWHERE = Duration.ofSeconds(1);

    private final String name;
    private final VirtualTime time;
    private final Allocator allocator;
    private final Configuration configuration;
    private final TenantTalk tenants;
    private final PermitDesk desk;
    private final RouteReach reach;
    private final Map<PoolName, Served> pools = new LinkedHashMap<>();
    private final Map<DeploymentName, DemandPace> paces = new HashMap<>();
    private final TenantLeases leases = new TenantLeases();

    private static final class Served {
        final PoolScheduler scheduler;
        /** Of its partitions. */
        final double part;
        final Map<Priority, WhatIfIntake> lanes = new EnumMap<>(Priority.class);
        /** When it is to be looked at again, ns; {@link Long#MAX_VALUE}: never. */
        long alarmNanos = Long.MAX_VALUE;
        /** Whether it is being looked at: what ends meanwhile needs no look of its own. */
        boolean dispatching;

        Served(PoolScheduler scheduler, double part) {
            this.scheduler = scheduler;
            this.part = part;
        }
    }

    /** What all workers have in common. */
    record Fleet(Configuration configuration, VirtualTime time, Allocator allocator, TenantSums tenants,
            DivertedTenants diverted) {
    }

    /**
     * @param served pools that it serves
     * @param owned partitions of each of their topics
     * @param phase when in a second it tells of its tenants, 0 to 1
     */
    WhatIfWorker(String name, Set<PoolName> served, List<Integer> owned, Fleet fleet, double phase,
            SplittableRandom random) {
        this.name = name;
        this.time = fleet.time;
        this.allocator = fleet.allocator;
        this.configuration = fleet.configuration;
        this.desk = new PermitDesk(configuration, random);
        this.reach = new RouteReach(configuration);
        double part = (double) owned.size() / configuration.topics().partitions();
        for (Pool pool : configuration.pools()) {
            boolean serves = served.contains(pool.name()) && part > 0;
            desk.share(pool.name(), serves ? part : 0);
            if (serves) {
                pools.put(pool.name(), serve(pool, owned, part, fleet.diverted));
            }
        }
        Map<PoolName, PoolScheduler> schedulers = new LinkedHashMap<>();
        pools.forEach((pool, each) -> schedulers.put(pool, each.scheduler));
        this.tenants = new TenantTalk(name, time, fleet.tenants, schedulers, pool -> dispatch(served(pool)),
                (long) (phase * SECOND_NANOS));
        time.in(0, this::look);
    }

    private Served serve(Pool pool, List<Integer> owned, double part, DivertedTenants diverted) {
        PoolScheduler scheduler = new PoolScheduler(pool.priorities(), configuration.worker().maxInFlight(),
                Integer.MAX_VALUE, new PoolRules(configuration::tenant, pool::sheds,
                        (tenant, nanos) -> leases.atOnce(new TenantLease(pool.name(), tenant), nanos)));
        scheduler.share(part);
        Served served = new Served(scheduler, part);
        LaneBounds bounds = LaneBounds.of(configuration.worker());
        pool.priorities().keySet().forEach(priority -> served.lanes.put(priority,
                new WhatIfIntake(new Lane(pool.name(), priority), owned, bounds, scheduler, reach.names(), this::offer,
                        diverted, time)));
        return served;
    }

    TenantTalk tenants() {
        return tenants;
    }

    String name() {
        return name;
    }

    PermitDesk desk() {
        return desk;
    }

    RouteReach reach() {
        return reach;
    }

    private Served served(PoolName pool) {
        return Optional.ofNullable(pools.get(pool)).orElseThrow();
    }

    private void look() {
        Map<DeploymentName, Deployment> deployments = configuration.deployments();
        for (Deployment deployment : deployments.values()) {
            if (!deployment.limits().equals(Deployment.Limits.NONE)) {
                CapacityUse use = desk.capacity(deployment.name(), waiting(deployment.name()), time.nanos());
                DemandPace pace = paces.computeIfAbsent(deployment.name(), any -> new DemandPace());
                if (pace.isDue(use, time.nanos())) {
                    allocator.demanded(deployment.name(), name, desk.demanded(deployment.name(), time.nanos()), use);
                    pace.told(use, time.nanos());
                }
            }
        }
        lookAtTenants();
        pools.values().forEach(served -> served.lanes.values().forEach(WhatIfIntake::look));
        time.in(LOOK_NANOS, this::look);
    }

    private void lookAtTenants() {
        long now = time.nanos();
        Map<PoolName, TenantLeases.OfPool> counted = new LinkedHashMap<>();
        pools.forEach((pool, served) -> counted.put(pool,
                new TenantLeases.OfPool(served.part, served.scheduler.tenantCalls(now))));
        leases.look(leases.going(now), counted, now).forEach(said -> allocator.demanded(name, said));
    }

    void granted(TenantLease tenant, Lease lease) {
        if (leases.granted(tenant, lease, time.nanos())) {
            Served served = served(tenant.pool());
            served.scheduler.leased(tenant.tenant());
            dispatch(served);
        }
    }

    /** As many as it could call at once, and one more. */
    private Map<PoolName, Integer> waiting(DeploymentName deployment) {
        return pools.entrySet().stream().collect(Collectors.toMap(Map.Entry::getKey, each -> {
            PoolScheduler scheduler = each.getValue().scheduler;
            SchedulerStatus status = scheduler.status();
            return Math.min(scheduler.waiting(deployment), Math.max(1, status.maxInFlight() - status.inFlight()));
        }));
    }

    void granted(DeploymentName deployment, Lease lease, Map<String, CapacityUse.Granted> byPool) {
        if (desk.granted(deployment, lease, byPool, time.nanos())) {
            freed(deployment);
        }
    }

    void grantedElsewhere(DeploymentName deployment, Lease lease, long toldNanos) {
        desk.grantedElsewhere(deployment, lease, toldNanos, time.nanos());
    }

    /** There may be room there. */
    void freed(DeploymentName deployment) {
        pools.forEach((pool, served) -> {
            served.scheduler.freed(deployment);
            dispatch(served);
        });
    }

    private WhatIfIntake intake(Lane lane) {
        return Optional.ofNullable(served(lane.pool()).lanes.get(lane.priority())).orElseThrow();
    }

    /** It is in a partition that this worker owns. */
    void arrives(WhatIfRequest request, int partition) {
        intake(request.request().lane()).arrives(request, partition);
    }

    /** It is to wait here. */
    private void offer(WhatIfRequest request) {
        Lane lane = request.request().lane();
        Served served = served(lane.pool());
        long cost = RequestCost.promptTokens(request.request());
        if (served.scheduler.arrived(request.request(), cost, time.millis(), time.nanos()).isPresent()) {
            request.shed();
            intake(lane).ended(request);
            return;
        }
        PoolScheduler.Offer offer = served.scheduler.offer(request, cost);
        if (offer != PoolScheduler.Offer.WAITING) {
            throw new IllegalStateException("a request that could not wait: " + offer);
        }
        dispatch(served);
    }

    private void dispatch(Served served) {
        if (served.dispatching) {
            return;
        }
        served.dispatching = true;
        for (Optional<Dispatch> next = next(served); next.isPresent(); next = next(served)) {
            ((WhatIfRequest) next.get().task()).go(next.get());
        }
        served.dispatching = false;
        OptionalLong due = served.scheduler.dueNanos(time.millis(), time.nanos());
        if (due.isPresent() && due.getAsLong() < served.alarmNanos) {
            long alarm = Math.max(due.getAsLong(), time.nanos() + 1);
            served.alarmNanos = alarm;
            time.at(alarm, () -> {
                if (served.alarmNanos == alarm) {
                    served.alarmNanos = Long.MAX_VALUE;
                    dispatch(served);
                }
            });
        }
    }

    private Optional<Dispatch> next(Served served) {
        return served.scheduler.next(task -> task.ask(), time.millis(), time.nanos());
    }

    /** Its path has ended. */
    void ended(Dispatch dispatch) {
        finished(dispatch);
        intake(dispatch.request().lane()).ended((WhatIfRequest) dispatch.task());
    }

    private void finished(Dispatch dispatch) {
        Served served = served(dispatch.request().lane().pool());
        served.scheduler.finished(dispatch, dispatch.spentCostUnits(), time.nanos());
        dispatch(served);
    }

    /** Another visit follows: what does not begin soon waits elsewhere until then. */
    void comesAgain(Dispatch dispatch, Duration pause) {
        if (pause.compareTo(SHORTEST_ELSEWHERE) < 0) {
            again(dispatch, pause);
        } else {
            finished(dispatch);
            intake(dispatch.request().lane()).pauses((WhatIfRequest) dispatch.task(), pause);
        }
    }

    /** Another step follows: at once on its slot if nobody else waits for room there, or later. */
    void again(Dispatch dispatch, Duration pause) {
        Served served = served(dispatch.request().lane().pool());
        if (pause.isZero() && served.scheduler.mayAsk(dispatch)) {
            switch (dispatch.task().ask()) {
                case Readiness.Ready ready -> {
                    ((WhatIfRequest) dispatch.task()).go(dispatch);
                    return;
                }
                case Readiness.Busy busy -> served.scheduler.refused(dispatch, busy, time.nanos());
            }
        } else {
            served.scheduler.again(dispatch, pause, time.nanos());
        }
        dispatch(served);
    }

    /** Requests of a pool that wait here. */
    int waiting(PoolName pool) {
        Served served = pools.get(pool);
        return served == null
                ? 0
                : served.scheduler.status().waiting()
                        + served.lanes.values().stream().mapToInt(WhatIfIntake::waitingOutside).sum();
    }
}
