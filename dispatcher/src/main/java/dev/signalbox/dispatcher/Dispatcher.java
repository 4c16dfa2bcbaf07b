package dev.signalbox.dispatcher;

import dev.signalbox.config.Budget;
import dev.signalbox.dispatcher.alerts.AlertDelivery;
import dev.signalbox.dispatcher.redundancy.FleetSources;
import dev.signalbox.config.admin.AdminServer;
import dev.signalbox.dispatcher.usage.UsageTopology;
import dev.signalbox.dispatcher.view.FleetPages;
import dev.signalbox.dispatcher.view.Peers;
import dev.signalbox.schemas.avro.BudgetRecord;
import dev.signalbox.schemas.avro.CapacityDemand;
import dev.signalbox.schemas.avro.CapacityGrant;
import dev.signalbox.schemas.avro.TenantRecord;
import dev.signalbox.schemas.avro.UsageRecord;
import dev.signalbox.schemas.avro.UsageRollup;
import java.util.List;
import java.util.Map;
import java.util.function.BiPredicate;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import dev.signalbox.dispatcher.health.FleetTime;
import dev.signalbox.dispatcher.health.HealthReader;
import dev.signalbox.dispatcher.health.HealthRules;
import dev.signalbox.schemas.avro.AttemptEvent;
import dev.signalbox.schemas.avro.AvailabilityRecord;
import dev.signalbox.schemas.avro.RequestStatus;
import dev.signalbox.dispatcher.availability.AvailabilityBoard;
import dev.signalbox.dispatcher.availability.AvailabilityGauges;
import dev.signalbox.dispatcher.availability.AvailabilityTopology;
import dev.signalbox.schemas.serde.AvroDeserializer;
import dev.signalbox.schemas.serde.AvroSerializer;
import dev.signalbox.schemas.serde.SchemaRegistryClient;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.kafka.KafkaStreamsMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.streams.CloseOptions;
import org.apache.kafka.streams.CloseOptions.GroupMembershipOperation;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.state.HostInfo;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The control plane of one process. Requests flow without it; several share the deployments between them. */
public final class Dispatcher implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Dispatcher.class);
    private static final Duration CLOSE_LIMIT = Duration.ofSeconds(5);
    /** How long after a call the report of its end may come: its worker tries three times, 10 s for the buffer and 30 s to deliver. */
    private static final Duration REPORT = Duration.ofMinutes(2);
    /** So that a broker or registry that is away does not turn into a busy loop. */
    private static final Duration PAUSE_AFTER_FAILURE = Duration.ofSeconds(1);

    private final PrometheusMeterRegistry metrics = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final JvmGcMetrics gc = new JvmGcMetrics();
    private final KafkaStreams control;
    private final KafkaStreams usage;
    private final Configured configured;
    private final Budgeted budgeted;
    private final FleetHealths fleetHealths;
    private final AvailabilityBoard availability;
    private final List<KafkaStreamsMetrics> streamsMetrics;
    private final HealthReader healths;
    private final AlertDelivery delivery;
    private final FleetReports reports;
    private final BacklogWatch backlog;
    private final AdminServer server;
    private final Peers peers;

    private Dispatcher(DispatcherOptions options) {
        // First of all: Kafka Streams is told where the others find this instance's part of the stores.
        server = new AdminServer(options.admin());
        peers = new Peers(options.admin().token());
        HostInfo self = new HostInfo(options.advertisedHost(), server.port());
        FleetTime time = fleetTime();
        SchemaRegistryClient registry = SchemaRegistryClient.of(options.registryProperties());
        configured = new Configured(options);
        budgeted = new Budgeted(options, registry, configured::budgets);
        fleetHealths = new FleetHealths(options, registry, configured::configuration);
        delivery = new AlertDelivery(() -> configured.configuration().alerts(), metrics);
        control = application(
                control(registry, options, time,
                        new FleetSources(configured::configuration, budgeted::troubles,
                                deployment -> configured.callLimits().of(deployment).plus(REPORT),
                                fleetHealths.doubt())),
                StreamsSettings.inFleet(StreamsSettings.control(options.clientProperties(), options.stateDir()), self,
                        options.standbyReplicas()));
        availability = new AvailabilityBoard(configured::environment, configured::useCases);
        usage = application(usage(registry, options, configured, budgeted, availability),
                StreamsSettings.inFleet(StreamsSettings.usage(options.clientProperties(), options.stateDir()), self,
                        options.standbyReplicas()));
        healths = new HealthReader(control, HealthRules.DEFAULT, time);
        reports = new FleetReports(options.clientProperties(), registry);
        backlog = new BacklogWatch(options, registry, configured, reports::routes, metrics);
        streamsMetrics = List.of(new KafkaStreamsMetrics(control), new KafkaStreamsMetrics(usage));
        ApplicationGauges.register(metrics, StreamsSettings.CONTROL, control);
        ApplicationGauges.register(metrics, StreamsSettings.USAGE, usage);
        show(self);
        streamsMetrics.forEach(application -> application.bindTo(metrics));
        configured
                .onEach(configuration -> AvailabilityGauges.register(metrics, availability, configuration.useCases()));
        new JvmMemoryMetrics().bindTo(metrics);
        new JvmThreadMetrics().bindTo(metrics);
        new ProcessorMetrics().bindTo(metrics);
        gc.bindTo(metrics);
        Gauge.builder("signalbox.config.generation", configured, Configured::generation)
                .description("Generation of the configuration in force here; 0: none, or this process's own")
                .register(metrics);
        Gauge.builder("signalbox.config.last.reload.successful", configured, Configured::lastReloadSuccessful)
                .description("1 if the last configuration that was put in force could be used here, else 0")
                .register(metrics);
    }

    /** Of one application alone: it is as late as what that one reads. */
    private static FleetTime fleetTime() {
        return new FleetTime(() -> TimeUnit.NANOSECONDS.toMillis(System.nanoTime()));
    }

    private void show(HostInfo self) {
        server.health(this::live, this::ready, metrics::scrape);
        OperatorView view = new OperatorView(new FleetPages(server, peers), self);
        view.deployments(control, healths, configured::deployments);
        view.usage(usage);
        view.requests(usage);
        view.reports(server, reports);
    }

    private KafkaStreams application(Topology topology, Map<String, Object> settings) {
        KafkaStreams application = new KafkaStreams(topology, new StreamsConfig(settings));
        application.setGlobalStateRestoreListener(new RestoreMeter(metrics, StoreNames.of(topology)));
        application.setUncaughtExceptionHandler(Dispatcher::replaceThread);
        return application;
    }

    private Topology control(SchemaRegistryClient registry, DispatcherOptions options, FleetTime time,
            FleetSources sources) {
        Serde<CapacityGrant> grants = Serdes.serdeFrom(new AvroSerializer<>(registry, options.registryProperties()),
                new AvroDeserializer<>(CapacityGrant.class, registry));
        return new DispatcherTopology(new AvroDeserializer<>(AttemptEvent.class, registry),
                new DispatcherTopology.Leased(new AvroDeserializer<>(CapacityDemand.class, registry), grants,
                        () -> TimeUnit.NANOSECONDS.toMillis(System.nanoTime())),
                Serdes.serdeFrom(new AvroSerializer<>(registry, options.registryProperties()),
                        new AvroDeserializer<>(TenantRecord.class, registry)),
                new DispatcherTopology.Outputs(new AvroSerializer<>(registry, options.registryProperties()),
                        new AvroSerializer<>(registry, options.registryProperties()),
                        new AvroSerializer<>(registry, options.registryProperties())),
                HealthRules.DEFAULT, time, sources, delivery).build();
    }

    private static Topology usage(SchemaRegistryClient registry, DispatcherOptions options,
            Configured configured, BiPredicate<Budget.Scope, String> hasBudget, AvailabilityBoard availability) {
        return new UsageTopology(() -> configured.callLimits().longest().plus(REPORT), fleetTime(),
                new AvroDeserializer<>(AttemptEvent.class, registry),
                Serdes.serdeFrom(new AvroSerializer<>(registry, options.registryProperties()),
                        new AvroDeserializer<>(UsageRecord.class, registry)),
                Serdes.serdeFrom(new AvroSerializer<>(registry, options.registryProperties()),
                        new AvroDeserializer<>(UsageRollup.class, registry)),
                Serdes.serdeFrom(new AvroSerializer<>(registry, options.registryProperties()),
                        new AvroDeserializer<>(BudgetRecord.class, registry)),
                hasBudget,
                new AvailabilityTopology(
                        Serdes.serdeFrom(new AvroSerializer<>(registry, options.registryProperties()),
                                new AvroDeserializer<>(RequestStatus.class, registry)),
                        Serdes.serdeFrom(new AvroSerializer<>(registry, options.registryProperties()),
                                new AvroDeserializer<>(AvailabilityRecord.class, registry)),
                        availability))
                .build();
    }

    /**
     * Starts it; its topics must exist. Returns before tasks are assigned: see {@link #ready}.
     *
     * @throws java.io.UncheckedIOException if the admin port is in use
     * @throws org.apache.kafka.common.KafkaException if a property makes no sense
     */
    public static Dispatcher start(DispatcherOptions options) {
        Dispatcher dispatcher = new Dispatcher(options);
        dispatcher.server.start();
        dispatcher.control.start();
        dispatcher.configured.awaitFirst();
        dispatcher.budgeted.awaitFirstReading();
        dispatcher.usage.start();
        return dispatcher;
    }

    /** On the failed thread, which has nothing else to do. */
    private static StreamThreadExceptionResponse replaceThread(Throwable failure) {
        LOG.error("a thread of the control plane failed and is replaced; requests flow on", failure);
        LockSupport.parkNanos(PAUSE_AFTER_FAILURE.toNanos());
        return StreamThreadExceptionResponse.REPLACE_THREAD;
    }

    /** Whether it runs, or its tasks are being assigned. */
    public boolean live() {
        return control.state().isRunningOrRebalancing() && usage.state().isRunningOrRebalancing();
    }

    /** Whether it has a configuration and all its tasks run. */
    public boolean ready() {
        return configured.isKnown() && control.state() == KafkaStreams.State.RUNNING
                && usage.state() == KafkaStreams.State.RUNNING;
    }

    /** Health of the deployments of this instance's tasks. */
    public HealthReader healths() {
        return healths;
    }

    /** Generation of the configuration in force here; 0: none, or this process's own. */
    public long generation() {
        return configured.generation();
    }

    /** Port of the operators' view. */
    public int adminPort() {
        return server.port();
    }

    /** Metrics in Prometheus' text format. */
    public String metrics() {
        return metrics.scrape();
    }

    /** Commits and leaves the group, so that others take over at once. */
    @Override
    public void close() {
        server.close();
        peers.close();
        backlog.close();
        streamsMetrics.forEach(KafkaStreamsMetrics::close);
        Thread other = Thread.startVirtualThread(() -> close(usage));
        close(control);
        try {
            other.join(CLOSE_LIMIT);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        budgeted.close();
        fleetHealths.close();
        delivery.close();
        reports.close();
        configured.close();
        gc.close();
        metrics.close();
    }

    private static void close(KafkaStreams application) {
        application.close(CloseOptions.groupMembershipOperation(GroupMembershipOperation.LEAVE_GROUP)
                .withTimeout(CLOSE_LIMIT));
    }
}
