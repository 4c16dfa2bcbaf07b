package dev.signalbox.workers;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.DeploymentName;
import dev.signalbox.config.Pool;
import dev.signalbox.config.admin.AdminAnswer;
import dev.signalbox.config.admin.AdminServer;
import dev.signalbox.config.live.ConfigurationSource;
import dev.signalbox.config.live.InForce;
import dev.signalbox.config.live.LiveConfiguration;
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
import org.jspecify.annotations.Nullable;

/**
 * The data plane of one process: for each pool a scheduler, for each of its lanes a consumer and a producer, and one
 * {@link RequestFlow} that every request goes through. Before it has a configuration it serves nothing but its health.
 */
public final class Worker implements AutoCloseable {
    private static final Duration CLOSE_LIMIT = Duration.ofSeconds(5);

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final JvmGcMetrics gc = new JvmGcMetrics();
    private final WorkerOptions options;
    private final WorkerMetrics metrics = new WorkerMetrics(registry);
    private final AdminServer admin;
    private final @Nullable LiveConfiguration live;
    private volatile @Nullable Serving serving;
    private boolean closed;

    private Worker(WorkerOptions options) {
        this.options = options;
        admin = new AdminServer(options.admin());
        new JvmMemoryMetrics().bindTo(registry);
        new JvmThreadMetrics().bindTo(registry);
        new ProcessorMetrics().bindTo(registry);
        new UptimeMetrics().bindTo(registry);
        gc.bindTo(registry);
        admin.health(this::live, this::ready, registry::scrape);
        admin.page("/deployments", (path, query) -> AdminAnswer.json(200, deployments()));
        admin.start();
        live = switch (options.configuration()) {
            case ConfigurationSource.Fixed(Configuration configuration) -> {
                begin(new InForce(0, configuration));
                yield null;
            }
            case ConfigurationSource.Live source ->
                LiveConfiguration.start(source, options.clientProperties(), this::take);
        };
        Gauge.builder("signalbox.config.generation", this, Worker::generation)
                .description("Generation of the configuration in force here; 0: none, or this worker's own")
                .register(registry);
        Gauge.builder("signalbox.config.last.reload.successful", this, Worker::lastReloadSuccessful)
                .description("1 if the last configuration that was put in force could be used here, else 0")
                .register(registry);
    }

    private double lastReloadSuccessful() {
        return live == null || live.lastSuccessful() ? 1 : 0;
    }

    private synchronized void take(InForce next) {
        Serving running = serving;
        if (running != null) {
            running.take(next);
        } else if (!closed) {
            begin(next);
        }
    }

    private synchronized void begin(InForce first) {
        serving = new Serving(options, first, metrics, registry);
    }

    private String deployments() {
        Serving running = serving;
        return running == null
                ? "{\"deployments\":[]}\n"
                : DeploymentPage.of(running.shared.plan().configuration().deployments().values(),
                        running.shared.permits::view, System.nanoTime());
    }

    /** Generation of the configuration in force here; 0: none, or this worker's own. */
    public long generation() {
        Serving running = serving;
        return running == null ? 0 : running.shared.plan().generation();
    }

    private List<PoolWorker> pools() {
        Serving running = serving;
        return running == null ? List.of() : running.pools();
    }

    /**
     * Starts to serve, once it has a configuration; its topics must exist. Returns before partitions are assigned: see {@link #ready}.
     *
     * @throws java.io.UncheckedIOException if the admin port is in use
     */
    public static Worker start(WorkerOptions options) {
        return new Worker(options);
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
        pools().forEach(pool -> all.putAll(pool.intake()));
        return all;
    }

    /** What each pool's scheduler holds. */
    public Map<PoolName, SchedulerStatus> schedulers() {
        Map<PoolName, SchedulerStatus> all = new LinkedHashMap<>();
        for (PoolWorker worker : pools()) {
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
        SharedStages shared = Objects.requireNonNull(serving, "no configuration yet").shared;
        return shared.permits
                .view(Objects.requireNonNull(shared.plan().configuration().deployments().get(name), name.toString()));
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
        Serving running = serving;
        return running == null || running.drain(limit);
    }

    /** Drains for up to 5 s, publishes, commits and leaves; calls that still run are cut, and their requests served again. */
    @Override
    public void close() {
        if (live != null) {
            live.close();
        }
        drain(CLOSE_LIMIT);
        synchronized (this) {
            closed = true;
            Serving running = serving;
            if (running != null) {
                running.close();
            }
        }
        admin.close();
        gc.close();
        registry.close();
    }
}
