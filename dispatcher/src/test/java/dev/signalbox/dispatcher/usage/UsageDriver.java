package dev.signalbox.dispatcher.usage;

import dev.signalbox.config.Budget;
import dev.signalbox.dispatcher.Events;
import dev.signalbox.dispatcher.availability.AvailabilityBoard;
import dev.signalbox.dispatcher.availability.AvailabilityTopology;
import dev.signalbox.dispatcher.health.FleetTime;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.AttemptEvent;
import dev.signalbox.schemas.avro.AttemptId;
import dev.signalbox.schemas.avro.AvailabilityRecord;
import dev.signalbox.schemas.avro.BudgetRecord;
import dev.signalbox.schemas.avro.TokenUsage;
import dev.signalbox.schemas.avro.UsageRecord;
import dev.signalbox.schemas.avro.UsageRollup;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.avro.specific.SpecificRecordBase;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.TestOutputTopic;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.TopologyTestDriver;

/** The application {@code signalbox-usage} on a driven clock. */
final class UsageDriver implements AutoCloseable {
    static final Instant T0 = Instant.parse("2026-11-21T20:15:00Z");
    static final Duration LONGEST_CALL = Duration.ofMinutes(12);
    static final String NAME = "vendor.eu/model";

    private final AtomicLong monotonic = new AtomicLong(77);
    private final TopologyTestDriver driver;
    private final TestInputTopic<String, byte[]> attempts;
    final TestOutputTopic<String, UsageRecord> usage;
    final TestOutputTopic<String, UsageRollup> hourly;
    final TestOutputTopic<String, UsageRollup> daily;
    final TestOutputTopic<String, BudgetRecord> budgets;
    Instant now = T0;

    UsageDriver(Path folder) {
        Properties properties = new Properties();
        properties.putAll(Map.of(StreamsConfig.APPLICATION_ID_CONFIG, "usage", StreamsConfig.BOOTSTRAP_SERVERS_CONFIG,
                "none:1", StreamsConfig.STATE_DIR_CONFIG, folder.toString(),
                StreamsConfig.ENSURE_EXPLICIT_INTERNAL_RESOURCE_NAMING_CONFIG, true));
        driver = new TopologyTestDriver(topology(), properties, T0);
        attempts = driver.createInputTopic(Topics.ATTEMPTS, new StringSerializer(), new ByteArraySerializer());
        usage = driver.createOutputTopic(Topics.USAGE, new StringDeserializer(), usages().deserializer());
        hourly = driver.createOutputTopic(Topics.USAGE_HOURLY, new StringDeserializer(), rollups().deserializer());
        daily = driver.createOutputTopic(Topics.USAGE_DAILY, new StringDeserializer(), rollups().deserializer());
        budgets = driver.createOutputTopic(Topics.BUDGETS, new StringDeserializer(), budgets().deserializer());
    }

    Topology topology() {
        Deserializer<AttemptEvent> events = (topic, bytes) -> bytes == null
                ? null
                : read(() -> AttemptEvent.fromByteBuffer(ByteBuffer.wrap(bytes)));
        return new UsageTopology(() -> LONGEST_CALL, new FleetTime(monotonic::get), events, usages(), rollups(),
                budgets(),
                (scope, name) -> scope == Budget.Scope.TENANT && name.equals("acme"),
                new AvailabilityTopology(Serdes.serdeFrom((topic, status) -> null, (topic, bytes) -> {
                    throw new AssertionError("no statuses here");
                }), availabilities(), new AvailabilityBoard(() -> "test", Map::of))).build();
    }

    static AttemptEvent call(String request, int number) {
        AttemptEvent started = Events.started(NAME, "worker");
        started.setRequestId(request);
        started.setAttempt(new AttemptId(0, 1, number, 7L));
        return started;
    }

    static AttemptEvent answered(AttemptEvent started, long input, long output, String cost) {
        AttemptEvent ended = AttemptEvent.newBuilder(Events.answered(NAME, "worker", 5, 10, output))
                .setRequestId(started.getRequestId()).setAttempt(started.getAttempt()).setTenant(started.getTenant())
                .build();
        ended.setUsage(TokenUsage.newBuilder().setInputTokens(input).setOutputTokens(output).build());
        ended.setCost(new BigDecimal(cost).setScale(9));
        return ended;
    }

    void event(AttemptEvent event) {
        now = now.plusMillis(10);
        monotonic.addAndGet(10);
        attempts.pipeInput(event.getDeployment(), read(() -> bytes(event.toByteBuffer())), now);
    }

    void pass(Duration time) {
        now = now.plus(time);
        monotonic.addAndGet(time.toMillis());
        driver.advanceWallClockTime(time);
    }

    /** Of that time, which may be any. */
    void eventAt(AttemptEvent event, Instant at) {
        attempts.pipeInput(event.getDeployment(), read(() -> bytes(event.toByteBuffer())), at);
    }

    /** Entries of a store of sums. */
    long kept(UsageTable table) {
        return driver.getKeyValueStore(table.store()).approximateNumEntries();
    }

    @Override
    public void close() {
        driver.close();
    }

    private static Serde<UsageRecord> usages() {
        return Serdes.serdeFrom(written(UsageRecord::toByteBuffer), (topic, bytes) -> bytes == null
                ? null
                : read(() -> UsageRecord.fromByteBuffer(ByteBuffer.wrap(bytes))));
    }

    private static Serde<UsageRollup> rollups() {
        return Serdes.serdeFrom(written(UsageRollup::toByteBuffer), (topic, bytes) -> bytes == null
                ? null
                : read(() -> UsageRollup.fromByteBuffer(ByteBuffer.wrap(bytes))));
    }

    private static Serde<AvailabilityRecord> availabilities() {
        return Serdes.serdeFrom(written(AvailabilityRecord::toByteBuffer), (topic, bytes) -> bytes == null
                ? null
                : read(() -> AvailabilityRecord.fromByteBuffer(ByteBuffer.wrap(bytes))));
    }

    private static Serde<BudgetRecord> budgets() {
        return Serdes.serdeFrom(written(BudgetRecord::toByteBuffer), (topic, bytes) -> bytes == null
                ? null
                : read(() -> BudgetRecord.fromByteBuffer(ByteBuffer.wrap(bytes))));
    }

    private interface Written<T> {
        ByteBuffer of(T record) throws IOException;
    }

    private static <T extends SpecificRecordBase> Serializer<T> written(Written<T> form) {
        return (topic, record) -> record == null ? null : read(() -> bytes(form.of(record)));
    }

    private static byte[] bytes(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return bytes;
    }

    private interface Avro<T> {
        T run() throws IOException;
    }

    private static <T> T read(Avro<T> step) {
        try {
            return step.run();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
