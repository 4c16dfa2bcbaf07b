package dev.signalbox.dispatcher;

import dev.signalbox.dispatcher.health.FleetTime;
import dev.signalbox.dispatcher.health.HealthReader;
import dev.signalbox.dispatcher.health.HealthRules;
import dev.signalbox.schemas.avro.AttemptEvent;
import dev.signalbox.schemas.serde.AvroDeserializer;
import dev.signalbox.schemas.serde.AvroSerializer;
import dev.signalbox.schemas.serde.SchemaRegistryClient;
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
import java.util.stream.Collectors;
import org.apache.kafka.streams.CloseOptions;
import org.apache.kafka.streams.CloseOptions.GroupMembershipOperation;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The control plane of one process. Requests flow without it; several share the deployments between them. */
public final class Dispatcher implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Dispatcher.class);
    private static final Duration CLOSE_LIMIT = Duration.ofSeconds(5);
    /** So that a broker or registry that is away does not turn into a busy loop. */
    private static final Duration PAUSE_AFTER_FAILURE = Duration.ofSeconds(1);

    private final PrometheusMeterRegistry metrics = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final JvmGcMetrics gc = new JvmGcMetrics();
    private final KafkaStreams streams;
    private final KafkaStreamsMetrics streamsMetrics;
    private final HealthReader healths;
    private final OperatorView view;

    private Dispatcher(DispatcherOptions options) {
        FleetTime time = new FleetTime(() -> TimeUnit.NANOSECONDS.toMillis(System.nanoTime()));
        streams = new KafkaStreams(topology(options, HealthRules.DEFAULT, time),
                new StreamsConfig(StreamsSettings.of(options.clientProperties(), options.stateDir())));
        streams.setUncaughtExceptionHandler(Dispatcher::replaceThread);
        healths = new HealthReader(streams, HealthRules.DEFAULT, time);
        streamsMetrics = new KafkaStreamsMetrics(streams);
        try {
            view = new OperatorView(options.admin(), this::live, this::ready, metrics::scrape, healths,
                    options.configuration().deployments().keySet().stream().map(Object::toString)
                            .collect(Collectors.toUnmodifiableSet()));
        } catch (RuntimeException e) {
            streams.close();
            throw e;
        }
        streamsMetrics.bindTo(metrics);
        new JvmMemoryMetrics().bindTo(metrics);
        new JvmThreadMetrics().bindTo(metrics);
        new ProcessorMetrics().bindTo(metrics);
        gc.bindTo(metrics);
    }

    private static Topology topology(DispatcherOptions options, HealthRules rules, FleetTime time) {
        SchemaRegistryClient registry = SchemaRegistryClient.of(options.registryProperties());
        return new DispatcherTopology(new AvroDeserializer<>(AttemptEvent.class, registry),
                new AvroSerializer<>(registry, options.registryProperties()), rules, time).build();
    }

    /**
     * Starts it; its topics must exist. Returns before tasks are assigned: see {@link #ready}.
     *
     * @throws java.io.UncheckedIOException if the admin port is in use
     * @throws org.apache.kafka.common.KafkaException if a property makes no sense
     */
    public static Dispatcher start(DispatcherOptions options) {
        Dispatcher dispatcher = new Dispatcher(options);
        dispatcher.view.start();
        dispatcher.streams.start();
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
        return streams.state().isRunningOrRebalancing();
    }

    /** Whether all its tasks run. */
    public boolean ready() {
        return streams.state() == KafkaStreams.State.RUNNING;
    }

    /** Health of the deployments of this instance's tasks. */
    public HealthReader healths() {
        return healths;
    }

    /** Port of the operators' view. */
    public int adminPort() {
        return view.port();
    }

    /** Metrics in Prometheus' text format. */
    public String metrics() {
        return metrics.scrape();
    }

    /** Commits and leaves the group, so that others take over at once. */
    @Override
    public void close() {
        view.close();
        streamsMetrics.close();
        streams.close(CloseOptions.groupMembershipOperation(GroupMembershipOperation.LEAVE_GROUP)
                .withTimeout(CLOSE_LIMIT));
        gc.close();
        metrics.close();
    }
}
