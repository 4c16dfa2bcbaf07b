package dev.signalbox.workers;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.Pool;
import dev.signalbox.config.live.InForce;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.workers.scheduler.LeasedCalls;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a worker has once it has a configuration: the stages that all share, what the fleet knows, and the pools that it
 * serves. It takes over another configuration while requests run.
 */
final class Serving implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Serving.class);
    /** How long the running calls of a pool that is gone may take before they are left to run without it. */
    private static final Duration DRAIN_LIMIT = Duration.ofMinutes(10);

    private final WorkerOptions options;
    private final MeterRegistry registry;
    final SharedStages shared;
    final FleetKnowledge fleet;
    private final PoolOrders orders;
    private volatile InForce inForce;
    private final BudgetKnowledge budgets;
    private final CancellationFollower cancellations;
    private final LeasedTenants leasedTenants;
    private final @Nullable CapacityLeases leases;
    private final @Nullable TenantKnowledge tenants;
    private volatile List<PoolWorker> pools = List.of();
    /** Pools that are gone and whose calls still run. */
    private final Set<PoolWorker> leaving = ConcurrentHashMap.newKeySet();
    private List<Meter> deploymentGauges;
    /** It drains or is closed: orders are not followed any more. */
    private boolean ending;

    Serving(WorkerOptions options, InForce first, WorkerMetrics metrics, MeterRegistry registry) {
        this.options = options;
        this.registry = registry;
        Configuration configuration = first.configuration();
        shared = new SharedStages(options, first, Connections.real(options.clientProperties(),
                configuration.topics().maxMessageBytes(), metrics), metrics);
        inForce = first;
        orders = new PoolOrders(options.pools());
        fleet = new FleetKnowledge(options, shared, orders, this::followOrders);
        budgets = new BudgetKnowledge(options, shared);
        cancellations = new CancellationFollower(options, shared, registry,
                () -> pools().forEach(PoolWorker::hastenCancelled));
        leasedTenants = new LeasedTenants(this::running, System::nanoTime);
        leases = options.alone() ? null : new CapacityLeases(options, shared, leasedTenants);
        tenants = options.alone() ? null : new TenantKnowledge(options, shared, this::pools);
        pools = configuration.pools().stream().filter(pool -> options.serves(pool.name())).map(this::pool).toList();
        WorkerGauges.register(registry, shared.clock);
        Gauge.builder("signalbox.worker.suspected", fleet, FleetKnowledge::suspectedAt)
                .description("Deployments at which only this worker's calls fail").register(registry);
        deploymentGauges = DeploymentGauges.register(registry, configuration, shared.permits, shared.plan().reach());
        Thread.startVirtualThread(shared.journal::prepare);
        pools.forEach(this::start);
    }

    private PoolWorker pool(Pool pool) {
        PoolWorker worker = new PoolWorker(pool, shared, options,
                options.alone() ? LeasedCalls.NONE : leasedTenants.of(pool.name()));
        WorkerGauges.register(registry, worker, shared.clock);
        return worker;
    }

    private void start(PoolWorker pool) {
        pool.start(() -> {
            fleet.awaitFirstReading();
            takeOrders();
            budgets.awaitFirstReading();
            cancellations.awaitFirstReading();
            if (leases != null) {
                leases.awaitFirstReading();
            }
        });
    }

    List<PoolWorker> pools() {
        return pools;
    }

    /** Those whose calls may run. */
    private Set<PoolWorker> running() {
        Set<PoolWorker> running = new LinkedHashSet<>(pools);
        running.addAll(leaving);
        return running;
    }

    /**
     * Another configuration: pools that are gone take nothing more and drain, all others go by it at once, new ones begin.
     */
    synchronized void take(InForce next) {
        inForce = next;
        Configuration newer = next.configuration();
        Set<PoolName> wanted = served(newer);
        List<PoolWorker> stay = new ArrayList<>();
        List<PoolWorker> gone = new ArrayList<>();
        pools.forEach(pool -> (wanted.contains(pool.pool().name()) ? stay : gone).add(pool));
        gone.forEach(pool -> {
            leaving.add(pool);
            pool.stop();
            WorkerGauges.remove(registry, pool.pool().name());
        });
        shared.take(next, Set.copyOf(wanted)::contains);
        stay.forEach(pool -> newer.pool(pool.pool().name()).ifPresent(now -> pool.reweigh(now.priorities())));
        stay.forEach(pool -> wanted.remove(pool.pool().name()));
        List<PoolWorker> added = newer.pools().stream().filter(pool -> wanted.contains(pool.name())).map(this::pool)
                .toList();
        List<PoolWorker> now = new ArrayList<>(stay);
        now.addAll(added);
        pools = List.copyOf(now);
        fleet.tellAll();
        gauges(newer, stay);
        added.forEach(this::start);
        gone.forEach(pool -> Thread.ofVirtual().name("leaving-" + pool.pool().name()).start(() -> leave(pool)));
        if (now.isEmpty()) {
            LOG.warn(
                    "generation {} has none of the pools {} that this worker is to serve, or operators drain them: it serves nothing",
                    next.generation(), options.pools());
        }
    }

    private Set<PoolName> served(Configuration configuration) {
        long now = shared.clock.nowMillis();
        return configuration.pools().stream().map(Pool::name).filter(pool -> orders.serves(pool, now))
                .collect(Collectors.toCollection(HashSet::new));
    }

    /** Operators may have moved this worker or drained a pool, or such an order may be over. */
    private void followOrders() {
        if (differs()) {
            Thread.ofVirtual().name("pool-orders").start(this::takeOrders);
        }
    }

    private boolean differs() {
        return shared.clock.uncertaintyMillis().isPresent() && !served(inForce.configuration())
                .equals(pools.stream().map(pool -> pool.pool().name()).collect(Collectors.toSet()));
    }

    private synchronized void takeOrders() {
        if (!ending && differs()) {
            LOG.info("by operators' orders this worker serves the pools {} from now on",
                    served(inForce.configuration()));
            take(inForce);
        }
    }

    private void gauges(Configuration newer, List<PoolWorker> stay) {
        deploymentGauges.forEach(registry::remove);
        deploymentGauges = DeploymentGauges.register(registry, newer, shared.permits, shared.plan().reach());
        stay.forEach(pool -> {
            Set<String> routes = new HashSet<>(pool.routes());
            WorkerGauges.removeRoutes(registry, pool.pool().name(), routes::contains);
            WorkerGauges.routes(registry, pool);
        });
    }

    private void leave(PoolWorker pool) {
        LOG.info("pool {} is not served here any more: what runs of it ends", pool.pool().name());
        pool.awaitIdle(DRAIN_LIMIT);
        close(pool);
    }

    private void close(PoolWorker pool) {
        if (leaving.remove(pool)) {
            pool.close();
        }
    }

    /** Stops taking requests and lets the running ones finish; whether all did within the limit. */
    boolean drain(Duration limit) {
        synchronized (this) {
            ending = true;
        }
        long end = System.nanoTime() + limit.toNanos();
        List<PoolWorker> all = new ArrayList<>(pools);
        all.addAll(leaving);
        all.forEach(PoolWorker::stop);
        boolean idle = true;
        for (PoolWorker pool : all) {
            idle &= pool.awaitIdle(Duration.ofNanos(Math.max(0, end - System.nanoTime())));
        }
        return idle;
    }

    @Override
    public void close() {
        pools.forEach(PoolWorker::close);
        leaving.forEach(this::close);
        if (leases != null) {
            leases.goodbye();
            leases.close();
        }
        if (tenants != null) {
            tenants.close();
        }
        fleet.close();
        budgets.close();
        cancellations.close();
        shared.close();
    }
}
