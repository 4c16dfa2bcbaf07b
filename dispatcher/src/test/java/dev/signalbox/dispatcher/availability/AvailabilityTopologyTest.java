package dev.signalbox.dispatcher.availability;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.UseCase;
import dev.signalbox.config.UseCase.Objective;
import dev.signalbox.dispatcher.availability.AvailabilityBoard.Burn;
import dev.signalbox.dispatcher.health.FleetTime;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.AvailabilityRecord;
import dev.signalbox.schemas.avro.RequestState;
import dev.signalbox.schemas.avro.RequestStatus;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.TestOutputTopic;
import org.apache.kafka.streams.TopologyTestDriver;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("issue-5")
class AvailabilityTopologyTest {
    private static final Instant T0 = Instant.parse("2026-11-21T20:15:00Z");
    private static final Offset<Double> CLOSE = Offset.offset(1e-9);

    private final AtomicLong monotonic = new AtomicLong(77);
    private final AvailabilityBoard board = new AvailabilityBoard(() -> "test", () -> Map.of("chat",
            new UseCase("chat", Optional.empty(), Optional.of(new Objective(0.99, Duration.ofDays(28))))));
    private final Map<String, AvailabilityRecord> hours = new HashMap<>();
    private TopologyTestDriver driver;
    private TestInputTopic<String, byte[]> statuses;
    private TestOutputTopic<String, AvailabilityRecord> out;
    private Instant now = T0;

    @BeforeEach
    void start(@TempDir Path folder) {
        Properties properties = new Properties();
        properties.putAll(Map.of(StreamsConfig.APPLICATION_ID_CONFIG, "usage", StreamsConfig.BOOTSTRAP_SERVERS_CONFIG,
                "none:1", StreamsConfig.STATE_DIR_CONFIG, folder.toString(),
                StreamsConfig.ENSURE_EXPLICIT_INTERNAL_RESOURCE_NAMING_CONFIG, true));
        StreamsBuilder builder = new StreamsBuilder();
        Serde<RequestStatus> reader = Serdes.serdeFrom((topic, status) -> read(() -> bytes(status.toByteBuffer())),
                (topic, bytes) -> bytes == null
                        ? null
                        : read(() -> RequestStatus.fromByteBuffer(ByteBuffer.wrap(bytes))));
        Serde<AvailabilityRecord> records = Serdes.serdeFrom(
                (topic, record) -> record == null ? null : read(() -> bytes(record.toByteBuffer())),
                (topic, bytes) -> bytes == null
                        ? null
                        : read(() -> AvailabilityRecord.fromByteBuffer(ByteBuffer.wrap(bytes))));
        new AvailabilityTopology(reader, records, board).addTo(builder, new FleetTime(monotonic::get));
        driver = new TopologyTestDriver(builder.build(), properties, T0);
        statuses = driver.createInputTopic(Topics.STATUS, new StringSerializer(),
                Serdes.ByteArray().serializer());
        out = driver.createOutputTopic(Topics.AVAILABILITY, new StringDeserializer(), records.deserializer());
    }

    @AfterEach
    void stop() {
        driver.close();
    }

    @Test
    void eachRequestCountsOnceAsWhatItsUsersSaw() {
        ended("r-1", "chat", "COMPLETED");
        ended("r-1", "chat", "COMPLETED");
        RequestStatus late = status("r-2", "chat", "COMPLETED");
        late.setLate(true);
        send(late);
        ended("r-3", "chat", "EXPIRED");
        ended("r-4", "chat", "SHED");
        ended("r-5", "chat", "FAILED");
        ended("r-6", "batch jobs/night", "COMPLETED");
        for (String spoilt : List.of("REJECTED", "CANCELLED", "FAILED")) {
            RequestStatus own = status("own-" + spoilt, "chat", spoilt);
            own.setCallersFault(true);
            send(own);
        }
        RequestStatus running = status("r-7", "chat", "COMPLETED");
        running.setState(RequestState.RUNNING);
        send(running);
        settle();

        assertThat(hours).containsOnlyKeys("2026-11-21T20Z/test/chat", "2026-11-21T20Z/test/batch+jobs%2Fnight");
        AvailabilityRecord chat = hours.get("2026-11-21T20Z/test/chat");
        assertThat(List.of(chat.getAccepted(), chat.getInTime(), chat.getLate(), chat.getExpired(), chat.getShed(),
                chat.getFailed())).containsExactly(5L, 1L, 1L, 1L, 1L, 1L);
        assertThat(hours.get("2026-11-21T20Z/test/batch+jobs%2Fnight").getUseCase()).isEqualTo("batch jobs/night");
    }

    @Test
    void whereARequestIsCanBeAskedForADay() {
        RequestStatus running = status("r-1", "chat", "COMPLETED");
        running.setState(RequestState.RUNNING);
        send(running);
        assertThat(told("r-1").orElseThrow().status().getState()).isEqualTo(RequestState.RUNNING);
        long ranMillis = told("r-1").orElseThrow().toldMillis();

        pass(Duration.ofMinutes(1));
        ended("r-1", "chat", "EXPIRED");
        pass(Duration.ofMinutes(1));
        ended("r-1", "chat", "COMPLETED");
        send(running);
        RequestStatuses.Told end = told("r-1").orElseThrow();
        assertThat(end.status().getStatus()).as("the first end counts").isEqualTo("EXPIRED");
        assertThat(end.toldMillis() - ranMillis).isEqualTo(60_000);
        assertThat(told("r-2")).isEmpty();

        for (int i = 0; i < 3; i++) {
            pass(Duration.ofHours(20));
            ended("later-" + i, "chat", "COMPLETED");
        }
        assertThat(told("r-1")).as("bounded").isEmpty();
        assertThat(told("later-2")).isPresent();
    }

    private Optional<RequestStatuses.Told> told(String id) {
        return RequestStatuses.of(driver.getWindowStore(RequestStatuses.STORE), id);
    }

    @Test
    void theErrorBudgetIsSpentByWhatWasMissedInTheWindow() {
        assertThat(board.availability("chat")).as("nothing seen").isNaN();
        for (int i = 0; i < 400; i++) {
            ended("r-" + i, "chat", i % 100 == 0 ? "EXPIRED" : "COMPLETED");
        }
        settle();
        assertThat(board.availability("chat")).isCloseTo(0.99, CLOSE);
        assertThat(board.budgetLeft("chat")).as("spent exactly").isCloseTo(0, CLOSE);
        assertThat(board.burnRate("chat", Burn.HOUR_1)).isCloseTo(1, CLOSE);

        pass(Duration.ofHours(3));
        for (int i = 0; i < 400; i++) {
            ended("later-" + i, "chat", "COMPLETED");
        }
        settle();
        assertThat(board.budgetLeft("chat")).isCloseTo(0.5, CLOSE);
        assertThat(board.burnRate("chat", Burn.HOUR_1)).isZero();
        assertThat(board.burnRate("chat", Burn.HOURS_6)).isCloseTo(0.5, CLOSE);

        pass(Duration.ofDays(28));
        assertThat(board.availability("chat")).as("nothing in the window").isNaN();
        assertThat(board.figures("chat").orElseThrow().accepted()).isZero();
    }

    @Test
    void whatIsToldAgainAfterARestartTakesThePlaceOfWhatWasTold() {
        TestInputTopic<String, SliceCounts> told = driver.createInputTopic("usage-by-use-case-repartition",
                new StringSerializer(), SliceCounts.serde().serializer());
        ended("r-1", "chat", "COMPLETED");
        settle();
        long slice = UseCaseKey.start(UseCaseKey.SLICE, T0.toEpochMilli());
        told.pipeInput("test/chat", new SliceCounts(slice, 3, new EndedCounts(5, 0, 0, 0, 1)), now);
        told.pipeInput("test/chat", new SliceCounts(slice, 3, new EndedCounts(5, 0, 0, 0, 1)), now);
        told.pipeInput("test/chat", new SliceCounts(slice, 0, new EndedCounts(1, 0, 0, 0, 0)), now);
        told.pipeInput("test/chat", new SliceCounts(slice, 3, new EndedCounts(7, 0, 0, 0, 1)), now);
        settle();

        AvailabilityRecord chat = hours.get("2026-11-21T20Z/test/chat");
        assertThat(List.of(chat.getAccepted(), chat.getInTime(), chat.getFailed())).containsExactly(9L, 8L, 1L);
    }

    @Test
    void anEndThatComesLateCountsInItsOwnHourAndHoursPublishedOnceAreNotPublishedAgain() {
        ended("r-1", "chat", "COMPLETED");
        settle();
        now = now.minus(Duration.ofHours(2));
        ended("r-2", "chat", "EXPIRED");
        ended("r-2", "chat", "EXPIRED");
        now = now.plus(Duration.ofHours(2));
        ended("r-3", "chat", "COMPLETED");
        settle();

        assertThat(hours.get("2026-11-21T20Z/test/chat").getInTime()).isEqualTo(2);
        assertThat(hours.get("2026-11-21T18Z/test/chat").getExpired()).isEqualTo(1);
        hours.clear();
        settle();
        assertThat(hours).as("nothing has changed").isEmpty();
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void sumsAreThoseOfTheRequests(long seed) {
        Random random = new Random(seed);
        List<String> kinds = List.of("COMPLETED", "EXPIRED", "SHED", "FAILED");
        Map<String, Long> expected = new HashMap<>();
        List<RequestStatus> again = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            String kind = kinds.get(random.nextInt(4));
            RequestStatus one = status("r-" + i, "use-" + random.nextInt(3), kind);
            expected.merge(one.getUseCase() + "/" + kind, 1L, Long::sum);
            send(one);
            again.add(one);
            if (random.nextInt(5) == 0) {
                Collections.shuffle(again, random);
                send(again.removeLast());
            }
            pass(Duration.ofMillis(random.nextInt(2_000)));
        }
        settle();

        Map<String, Long> summed = new HashMap<>();
        hours.values().forEach(hour -> {
            summed.merge(hour.getUseCase() + "/COMPLETED", hour.getInTime(), Long::sum);
            summed.merge(hour.getUseCase() + "/EXPIRED", hour.getExpired(), Long::sum);
            summed.merge(hour.getUseCase() + "/SHED", hour.getShed(), Long::sum);
            summed.merge(hour.getUseCase() + "/FAILED", hour.getFailed(), Long::sum);
        });
        assertThat(summed).as("seed %d", seed).isEqualTo(expected);
    }

    private static RequestStatus status(String id, String useCase, String status) {
        return RequestStatus.newBuilder().setRequestId(id).setState(RequestState.ENDED).setPool("main")
                .setPriority("standard").setEnvironment("test").setUseCase(useCase).setTenant("acme")
                .setRequestedModel("m").setWorker("worker").setReplyTopic("llm.replies").setStatus(status).build();
    }

    private void ended(String id, String useCase, String status) {
        send(status(id, useCase, status));
    }

    private void send(RequestStatus status) {
        statuses.pipeInput(status.getRequestId(), read(() -> bytes(status.toByteBuffer())), now);
    }

    /** What was counted is told, then summed up and judged. */
    private void settle() {
        pass(EndingProcessor.PUBLISH);
        pass(AvailabilityProcessor.PUBLISH);
    }

    private void pass(Duration time) {
        now = now.plus(time);
        monotonic.addAndGet(time.toMillis());
        driver.advanceWallClockTime(time);
        out.readRecordsToList().forEach(record -> hours.put(record.key(), record.value()));
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
