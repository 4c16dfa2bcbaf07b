package dev.signalbox.dispatcher;

import dev.signalbox.config.AlertSettings;
import dev.signalbox.config.Configuration;
import dev.signalbox.config.ConfigurationReader;
import dev.signalbox.config.ReadResult;
import dev.signalbox.dispatcher.alerts.AlertDelivery;
import dev.signalbox.dispatcher.alerts.Trouble;
import dev.signalbox.dispatcher.health.FleetTime;
import dev.signalbox.dispatcher.health.HealthRules;
import dev.signalbox.dispatcher.redundancy.FleetSources;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.Alert;
import dev.signalbox.schemas.avro.AttemptEvent;
import dev.signalbox.schemas.avro.CapacityDemand;
import dev.signalbox.schemas.avro.CapacityGrant;
import dev.signalbox.schemas.avro.DeploymentHealth;
import dev.signalbox.schemas.avro.RouteStanding;
import dev.signalbox.schemas.avro.TenantRecord;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.avro.specific.SpecificRecordBase;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.TestOutputTopic;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.TopologyTestDriver;

/** The application {@code signalbox-control} on a driven clock. */
final class ControlDriver implements AutoCloseable {
    static final Instant T0 = Instant.ofEpochMilli(1_700_000_000_000L);
    static final String YAML = """
            environment: test
            pools: { main: { use_cases: [otherwise] } }
            deployments:
              one.eu/model: { vendor: openai, model_id: m, credential: "${env:ONE}",
                              limits: { requests_per_minute: 60 } }
              one.us/model: { vendor: openai, model_id: m, credential: "${env:ONE}",
                              limits: { requests_per_minute: 60 } }
              two.eu/model: { vendor: anthropic, model_id: m, limits: { requests_per_minute: 60 } }
            routes: { model: { test: { otherwise: { sequence: [one.eu, one.us, two.eu] } } } }
            """;

    static final Duration LONGEST_CALL = Duration.ofMinutes(12);
    private final AtomicLong monotonic = new AtomicLong(77);
    final TopologyTestDriver driver;
    private final TestInputTopic<String, byte[]> attempts;
    final TestOutputTopic<String, DeploymentHealth> health;
    final TestOutputTopic<String, RouteStanding> routes;
    final TestOutputTopic<String, Alert> alerts;
    private final TestInputTopic<String, byte[]> demands;
    final TestOutputTopic<String, CapacityGrant> grants;
    private final TestInputTopic<String, byte[]> tenantUse;
    final TestOutputTopic<String, TenantRecord> tenants;
    Configuration configuration;
    List<Trouble> others = List.of();
    Set<String> doubted = Set.of();
    /** Of deployments, by name; of others {@link #LONGEST_CALL}. */
    Map<String, Duration> longestCalls = Map.of();
    Instant now = T0;

    ControlDriver(Path folder, String yaml) {
        this(folder, yaml, Duration.ZERO);
    }

    /** @param clockAhead of this machine's clock before the broker's */
    ControlDriver(Path folder, String yaml, Duration clockAhead) {
        configuration = configuration(yaml);
        Properties properties = new Properties();
        properties.putAll(StreamsSettings.control(Map.of("bootstrap.servers", "none:1"), folder));
        driver = new TopologyTestDriver(
                topology(monotonic,
                        new FleetSources(() -> configuration, millis -> others,
                                name -> longestCalls.getOrDefault(name, LONGEST_CALL),
                                name -> doubted.contains(name))),
                properties,
                T0.plus(clockAhead));
        attempts = driver.createInputTopic(Topics.ATTEMPTS, new StringSerializer(), new ByteArraySerializer());
        demands = driver.createInputTopic(Topics.CAPACITY_DEMAND, new StringSerializer(), new ByteArraySerializer());
        grants = output(Topics.CAPACITY_GRANTS, CapacityGrant::fromByteBuffer);
        tenantUse = driver.createInputTopic(Topics.TENANT_USE, new StringSerializer(), new ByteArraySerializer());
        tenants = output(Topics.TENANTS, TenantRecord::fromByteBuffer);
        health = output(Topics.HEALTH, DeploymentHealth::fromByteBuffer);
        routes = output(Topics.REDUNDANCY, RouteStanding::fromByteBuffer);
        alerts = output(Topics.ALERTS, Alert::fromByteBuffer);
    }

    static Configuration configuration(String yaml) {
        return switch (ConfigurationReader.read("test.yaml", yaml, name -> Optional.of("value of " + name))) {
            case ReadResult.Valid valid -> valid.configuration();
            case ReadResult.Invalid invalid -> throw new AssertionError(invalid.problems());
        };
    }

    static Topology topology(AtomicLong monotonic) {
        Configuration configuration = configuration(YAML);
        return topology(monotonic,
                new FleetSources(() -> configuration, millis -> List.of(), name -> LONGEST_CALL, name -> false));
    }

    private static Topology topology(AtomicLong monotonic, FleetSources sources) {
        return new DispatcherTopology(
                (topic, bytes) -> bytes == null
                        ? null
                        : read(() -> AttemptEvent.fromByteBuffer(ByteBuffer.wrap(bytes))),
                new DispatcherTopology.Leased(
                        (topic, bytes) -> bytes == null
                                ? null
                                : read(() -> CapacityDemand.fromByteBuffer(ByteBuffer.wrap(bytes))),
                        Serdes.serdeFrom(avro(CapacityGrant::toByteBuffer),
                                (topic, bytes) -> bytes == null
                                        ? null
                                        : read(() -> CapacityGrant.fromByteBuffer(ByteBuffer.wrap(bytes)))),
                        monotonic::get),
                Serdes.serdeFrom(avro(TenantRecord::toByteBuffer),
                        (topic, bytes) -> bytes == null
                                ? null
                                : read(() -> TenantRecord.fromByteBuffer(ByteBuffer.wrap(bytes)))),
                new DispatcherTopology.Outputs(avro(DeploymentHealth::toByteBuffer), avro(RouteStanding::toByteBuffer),
                        avro(Alert::toByteBuffer)),
                HealthRules.DEFAULT, new FleetTime(monotonic::get), sources,
                new AlertDelivery(() -> AlertSettings.DEFAULT, new SimpleMeterRegistry())).build();
    }

    private interface Bytes<T> {
        ByteBuffer of(T record) throws IOException;
    }

    private interface Parsed<T> {
        T of(ByteBuffer bytes) throws IOException;
    }

    private static <T extends SpecificRecordBase> Serializer<T> avro(Bytes<T> form) {
        return (topic, record) -> record == null ? null : read(() -> bytes(form.of(record)));
    }

    private <T> TestOutputTopic<String, T> output(String topic, Parsed<T> parsed) {
        return driver.createOutputTopic(topic, new StringDeserializer(),
                (name, bytes) -> bytes == null ? null : read(() -> parsed.of(ByteBuffer.wrap(bytes))));
    }

    void call(AttemptEvent event) {
        now = now.plusMillis(10);
        monotonic.addAndGet(10);
        attempts.pipeInput(event.getDeployment(), write(event), now);
    }

    void demand(CapacityDemand demand) {
        demands.pipeInput(demand.getDeployment(), read(() -> bytes(demand.toByteBuffer())), now);
    }

    void use(TenantRecord told) {
        tenantUse.pipeInput(told.getTenant(), read(() -> bytes(told.toByteBuffer())), now);
    }

    /** A worker asks for the time. */
    void askForTime(String worker) {
        demands.pipeInput(worker, null, now);
    }

    /** Of that time, which may be any. */
    void callAt(AttemptEvent event, Instant at) {
        attempts.pipeInput(event.getDeployment(), write(event), at);
    }

    void unreadable() {
        attempts.pipeInput("x", new byte[]{1, 2, 3}, now);
    }

    void calls(String deployment, String worker, String outcome, int count) {
        for (int i = 0; i < count; i++) {
            call(Events.ended(deployment, worker, outcome, 5));
        }
    }

    /** In steps of a second, as the application's punctuations come. */
    void pass(Duration time) {
        for (long i = 0; i < time.toSeconds(); i++) {
            now = now.plusSeconds(1);
            monotonic.addAndGet(1_000);
            driver.advanceWallClockTime(Duration.ofSeconds(1));
        }
    }

    /** In one step, for days and weeks: each punctuation comes once. */
    void jump(Duration time) {
        now = now.plus(time);
        monotonic.addAndGet(time.toMillis());
        driver.advanceWallClockTime(time);
    }

    @Override
    public void close() {
        driver.close();
    }

    static byte[] write(AttemptEvent event) {
        return read(() -> bytes(event.toByteBuffer()));
    }

    private static byte[] bytes(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return bytes;
    }

    interface Avro<T> {
        T run() throws IOException;
    }

    static <T> T read(Avro<T> step) {
        try {
            return step.run();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (RuntimeException e) {
            throw new SerializationException(e);
        }
    }
}
