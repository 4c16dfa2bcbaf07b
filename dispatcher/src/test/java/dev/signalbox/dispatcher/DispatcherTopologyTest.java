package dev.signalbox.dispatcher;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.dispatcher.health.HealthStore;
import dev.signalbox.dispatcher.latency.LatencyStore;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.AttemptEvent;
import dev.signalbox.schemas.avro.DeploymentHealth;
import dev.signalbox.schemas.avro.DeploymentState;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.TestOutputTopic;
import org.apache.kafka.streams.TopologyTestDriver;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("issue-5")
class DispatcherTopologyTest {
    private static final Instant T0 = Instant.ofEpochMilli(1_700_000_000_000L);
    private static final String NAME = "vendor.eu/model";

    private final AtomicLong monotonic = new AtomicLong(77);
    private TopologyTestDriver driver;
    private TestInputTopic<String, byte[]> attempts;
    private TestOutputTopic<String, DeploymentHealth> health;
    private Instant now = T0;

    @BeforeEach
    void start(@TempDir Path folder) {
        Properties properties = new Properties();
        properties.putAll(StreamsSettings.control(Map.of("bootstrap.servers", "none:1"), folder));
        driver = new TopologyTestDriver(ControlDriver.topology(monotonic), properties, T0);
        attempts = driver.createInputTopic(Topics.ATTEMPTS, new StringSerializer(), new ByteArraySerializer());
        health = driver.createOutputTopic(Topics.HEALTH, new StringDeserializer(),
                (topic, bytes) -> bytes == null
                        ? null
                        : ControlDriver.read(() -> DeploymentHealth.fromByteBuffer(ByteBuffer.wrap(bytes))));
    }

    @AfterEach
    void stop() {
        driver.close();
    }

    @Test
    void theFirstCallIsPublishedAndFurtherOnesOnlyWhenTheStateChanges() {
        call(Events.answered(NAME, "a", 100, 1_100, 51));
        call(Events.answered(NAME, "a", 100, 1_100, 51));

        var records = health.readRecordsToList();
        assertThat(records).hasSize(1);
        assertThat(records.getFirst().getKey()).isEqualTo(NAME);
        DeploymentHealth first = records.getFirst().value();
        assertThat(first.getState()).isEqualTo(DeploymentState.HEALTHY);
        assertThat(first.getVersion()).isEqualTo(1);
        assertThat(first.getSinceMillis()).isEqualTo(T0.toEpochMilli() + 10);
        assertThat(first.getReason()).isEqualTo("first call seen");
    }

    @Test
    void aChangeIsPublishedAtOnceWithItsEvidenceAndTimes() {
        call(Events.answered(NAME, "a", 100, 1_100, 51));
        failures("b", 9);
        failures("a", 1);

        DeploymentHealth ejected = health.readValuesToList().getLast();
        assertThat(ejected.getState()).isEqualTo(DeploymentState.EJECTED);
        assertThat(ejected.getPreviousState()).isEqualTo(DeploymentState.DEGRADED);
        assertThat(ejected.getSignal()).isEqualTo("FAILING");
        assertThat(ejected.getReason()).contains("10 in a row", "2 of 2 workers", "CONNECTION_LOST");
        assertThat(ejected.getBlame()).isEqualTo("ENDPOINT");
        assertThat(ejected.getOutcomes()).containsOnly(Map.entry("ANSWERED", 1L), Map.entry("CONNECTION_LOST", 10L));
        assertThat(ejected.getErrorRate()).isEqualTo(10 / 11.0);
        assertThat(ejected.getEjectedUntilMillis()).isEqualTo(ejected.getSinceMillis() + 20_000);
        assertThat(ejected.getLatency()).extracting("windowSeconds").containsExactly(60, 300);
        assertThat(ejected.getLatency().getFirst().getTotal().getCount()).isEqualTo(1);
        assertThat(ejected.getLatency().getFirst().getTimePerOutputToken().getP50Millis()).isBetween(19.0, 21.0);
    }

    @Test
    void anEjectionEndsByTimeThoughNobodyCalls() {
        failures("a", 5);
        health.readValuesToList();
        pass(Duration.ofSeconds(19));
        assertThat(health.readValuesToList()).extracting(DeploymentHealth::getState)
                .doesNotContain(DeploymentState.PROBING);

        pass(Duration.ofSeconds(2));

        assertThat(health.readValuesToList()).extracting(DeploymentHealth::getState)
                .contains(DeploymentState.PROBING);
    }

    @Test
    void figuresOfADeploymentInUseAreRefreshedUnderTheSameVersion() {
        call(Events.answered(NAME, "a", 100, 1_100, 51));
        pass(Duration.ofSeconds(5));
        pass(Duration.ofMinutes(1));

        List<DeploymentHealth> records = health.readValuesToList();
        assertThat(records).hasSize(2);
        assertThat(records).extracting(DeploymentHealth::getVersion).containsOnly(1L);
        assertThat(records.get(1).getAsOfMillis()).isEqualTo(records.get(0).getAsOfMillis() + 5_000);
    }

    @Test
    void aDeploymentThatNobodyCallsForAWeekIsForgotten() {
        call(Events.answered(NAME, "a", 100, 1_100, 51));
        pass(Duration.ofDays(7));
        assertThat(health.readValuesToList()).doesNotContainNull();

        pass(Duration.ofSeconds(1));

        assertThat(health.readKeyValuesToList()).containsExactly(new KeyValue<>(NAME, null));
        assertThat(driver.getKeyValueStore(HealthStore.NAME).approximateNumEntries()).isZero();
    }

    @Test
    void namesOfAnyLengthStopNothing() {
        call(Events.ended(NAME, "w".repeat(100_000), "X".repeat(100_000), 5));

        assertThat(health.readValuesToList()).hasSize(1);
    }

    @Test
    void deploymentsAreApart() {
        failures("a", 4);
        call(Events.ended("other/model", "a", "CONNECTION_LOST", 5));

        assertThat(health.readKeyValuesToMap()).containsOnlyKeys(NAME, "other/model")
                .allSatisfy((name, record) -> assertThat(record.getState()).isEqualTo(DeploymentState.HEALTHY));
    }

    @Test
    void aRecordOutOfOrderOrTwiceBreaksNothing() {
        AttemptEvent event = Events.answered(NAME, "a", 100, 1_100, 51);
        call(event);
        now = now.minusSeconds(20);
        call(event);
        call(event);
        now = now.plusSeconds(400);
        call(event);
        now = now.minusSeconds(390);
        call(event);

        assertThat(health.readValuesToList()).hasSize(1);
        assertThat(driver.getWindowStore(LatencyStore.NAME)).isNotNull();
    }

    @Test
    void whatCannotBeReadAndWhatHasNoKeyStopNothing() {
        attempts.pipeInput(NAME, new byte[]{1, 2, 3}, now);
        attempts.pipeInput(null, ControlDriver.write(Events.started(NAME, "a")), now);
        attempts.pipeInput(NAME, null, now);
        call(Events.answered(NAME, "a", 100, 1_100, 51));

        assertThat(health.readValuesToList()).hasSize(1);
    }

    @Test
    void everyOperatorAndStoreHasANameOfOursAndThePageShowsThem() throws IOException {
        String description = ControlDriver.topology(monotonic).describe().toString().strip();

        assertThat(description).contains("Source: attempts ", "Processor: latency (stores: [latency-slices])",
                "Processor: health (stores: [health-standings, latency-slices])", "Sink: health-changes ")
                .doesNotContain("KSTREAM", "KTABLE", "0000");
        assertThat(Files.readString(Path.of(System.getProperty("signalbox.root"), "docs", "dispatcher.md")))
                .as("docs/dispatcher.md").contains("```\n" + description + "\n```\n")
                .contains("```mermaid\n" + TopologyDrawing.of(ControlDriver.topology(monotonic)) + "```\n");
    }

    private void failures(String worker, int count) {
        for (int i = 0; i < count; i++) {
            call(Events.ended(NAME, worker, "CONNECTION_LOST", 5));
        }
    }

    private void call(AttemptEvent event) {
        now = now.plusMillis(10);
        monotonic.addAndGet(10);
        attempts.pipeInput(event.getDeployment(), ControlDriver.write(event), now);
    }

    private void pass(Duration time) {
        now = now.plus(time);
        monotonic.addAndGet(time.toMillis());
        driver.advanceWallClockTime(time);
    }
}
