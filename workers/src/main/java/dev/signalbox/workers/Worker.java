package dev.signalbox.workers;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.DeploymentName;
import dev.signalbox.config.Pool;
import dev.signalbox.config.admin.AdminAnswer;
import dev.signalbox.config.admin.AdminServer;
import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.workers.intake.IntakeStatus;
import dev.signalbox.workers.router.PermitDesk;
import dev.signalbox.workers.scheduler.SchedulerStatus;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * The data plane of one process: for each pool a scheduler, for each of its lanes a consumer and a producer, and one
 * {@link RequestFlow} that every request goes through.
 */
public final class Worker implements AutoCloseable {
    private static final Duration CLOSE_LIMIT = Duration.ofSeconds(5);

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final JvmGcMetrics gc = new JvmGcMetrics();
    private final Configuration configuration;
    private final SharedStages shared;
    private final FleetKnowledge fleet;
    private final BudgetKnowledge budgets;
    private final List<PoolWorker> pools;
    private final AdminServer admin;

    private Worker(WorkerOptions options) {
        configuration = options.configuration();
        admin = new AdminServer(options.admin());
        WorkerMetrics metrics = new WorkerMetrics(registry);
        shared = new SharedStages(options, Connections.real(options.clientProperties(),
                options.configuration().topics().maxMessageBytes(), metrics), metrics);
        fleet = new FleetKnowledge(options, shared);
        budgets = new BudgetKnowledge(options, shared);
        pools = options.configuration().pools().stream().filter(pool -> serves(options, pool.name()))
                .map(pool -> new PoolWorker(pool, shared, options)).toList();
        pools.forEach(pool -> WorkerGauges.register(registry, pool, shared.clock));
        WorkerGauges.register(registry, shared.clock);
        Gauge.builder("signalbox.worker.suspected", fleet, FleetKnowledge::suspectedAt)
                .description("Deployments at which only this worker's calls fail").register(registry);
        DeploymentGauges.register(registry, options.configuration(), shared.permits);
        DeploymentGauges.register(registry, options.configuration(), shared.permits, shared.reach);
        new JvmMemoryMetrics().bindTo(registry);
        new JvmThreadMetrics().bindTo(registry);
        new ProcessorMetrics().bindTo(registry);
        new UptimeMetrics().bindTo(registry);
        gc.bindTo(registry);
        admin.health(this::live, this::ready, registry::scrape);
        var deployments = options.configuration().deployments().values();
        admin.page("/deployments", (path, query) -> AdminAnswer.json(200,
                DeploymentPage.of(deployments, shared.permits::view, System.nanoTime())));
        admin.start();
        Thread.startVirtualThread(shared.journal::prepare);
        pools.forEach(pool -> pool.start(() -> {
            fleet.awaitFirstReading();
            budgets.awaitFirstReading();
        }));
    }

    /**
     * Starts to serve; its topics must exist. Returns before partitions are assigned: see {@link #ready}.
     *
     * @throws java.io.UncheckedIOException if the admin port is in use
     */
    public static Worker start(WorkerOptions options) {
        return new Worker(options);
    }

    private static boolean serves(WorkerOptions options, PoolName pool) {
        return options.pools().isEmpty() || options.pools().contains(pool);
    }

    /** Whether partitions are assigned, and requests taken from all of them. */
    public boolean ready() {
        var lanes = intake().values();
        return lanes.stream().anyMatch(lane -> lane.partitions() > 0)
                && lanes.stream().allMatch(lane -> lane.claimedPartitions() == lane.partitions()) && live();
    }

    /** Whether no lane has ended by itself. */
    public boolean live() {
        return intake().values().stream().allMatch(lane -> lane.failure().isEmpty());
    }

    /** What each lane's intake holds. */
    public Map<Lane, IntakeStatus> intake() {
        Map<Lane, IntakeStatus> all = new LinkedHashMap<>();
        pools.forEach(pool -> all.putAll(pool.intake()));
        return all;
    }

    /** What each pool's scheduler holds. */
    public Map<PoolName, SchedulerStatus> schedulers() {
        Map<PoolName, SchedulerStatus> all = new LinkedHashMap<>();
        for (PoolWorker worker : pools) {
            Pool pool = worker.pool();
            all.put(pool.name(), worker.scheduler());
        }
        return all;
    }

    /**
     * What it knows of a deployment and goes by.
     *
     * @throws NullPointerException if the configuration has no such deployment
     */
    public PermitDesk.DeploymentView deployment(DeploymentName name) {
        return shared.permits.view(Objects.requireNonNull(configuration.deployments().get(name), name.toString()));
    }

    /** Port of health and metrics. */
    public int adminPort() {
        return admin.port();
    }

    /** Metrics in Prometheus' text format. */
    public String metrics() {
        return registry.scrape();
    }

    /**
     * Stops taking requests and lets the running ones finish. Waiting ones stay pending in Kafka.
     *
     * @return whether all of them finished within the limit
     */
    public boolean drain(Duration limit) {
        long end = System.nanoTime() + limit.toNanos();
        pools.forEach(PoolWorker::stop);
        boolean idle = true;
        for (PoolWorker pool : pools) {
            idle &= pool.awaitIdle(Duration.ofNanos(Math.max(0, end - System.nanoTime())));
        }
        return idle;
    }

    /** Drains for up to 5 s, publishes, commits and leaves; calls that still run are cut, and their requests served again. */
    @Override
    public void close() {
        drain(CLOSE_LIMIT);
        pools.forEach(PoolWorker::close);
        fleet.close();
        budgets.close();
        shared.close();
        admin.close();
        gc.close();
        registry.close();
    }
}
