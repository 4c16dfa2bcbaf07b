package dev.signalbox.system.processes;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.AttemptEvent;
import dev.signalbox.schemas.avro.AttemptPhase;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.schemas.client.ReplyReaderOptions;
import dev.signalbox.schemas.serde.AvroDeserializer;
import dev.signalbox.schemas.serde.SchemaRegistryClient;
import dev.signalbox.simulator.SimulatorOptions;
import dev.signalbox.simulator.meter.CallOutcome;
import dev.signalbox.simulator.meter.CallRecord;
import dev.signalbox.simulator.profile.Limits;
import dev.signalbox.simulator.profile.ModelProfile;
import dev.signalbox.simulator.profile.VendorProfile;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * K20 with real processes: {@code everything-else} floods while {@code conversation-serving} idles and lends, and then wakes. Calls
 * of 8 s, of which a borrowed one has 3 s once its owner wants the capacity back.
 */
@Tag("issue-6")
@Tag("long")
@Timeout(value = 6, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LentCapacityIT {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Lane OWNER = new Lane(new PoolName("conversation-serving"), Priority.INTERACTIVE);
    private static final Lane OTHERS = new Lane(new PoolName("everything-else"), Priority.STANDARD);
    private static final int CALLS = 10;
    private static final int OWN = 7;
    private static final int RESERVE = 2;
    private static final int FLOOD = 40;
    private static final Duration CAP = Duration.ofSeconds(3);
    /** For so long at most a permit is held before its call begins, since that is announced first. */
    private static final Duration BEFORE_ITS_CALL = Duration.ofMillis(250);
    private static final Duration BACK = Duration.ofSeconds(2);
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir
    private static Path folder;

    private record Told(AttemptEvent event, long atMillis) {
    }

    @Test
    void whatWasLentComesBackAndNobodyLosesAnAnswer() throws Exception {
        ModelProfile answers = ModelProfile.paced(80, 100).withLimits(Limits.NONE.withConcurrency(CALLS));
        try (Fleet fleet = Fleet.start(folder, 1, 0, SimulatorOptions.of(VendorProfile.of("v", answers)),
                vendors -> """
                        environment: test
                        vendors: { v: { family: openai, base_url: "%s" } }
                        deployments:
                          v/paced: { vendor: v, model_id: paced, limits: { concurrency: %d }, pools: { conversation-serving: 70%%, everything-else: 30%% } }
                        pools:
                          conversation-serving: { use_cases: [chat], priorities: [interactive], lends: idle, reserve: 20%%, borrowed_call_limit: %ds }
                          everything-else: { use_cases: [otherwise], priorities: [standard] }
                        routes: { paced: { test: { otherwise: { sequence: [v] } } } }
                        topics: { partitions: %d }
                        """
                        .formatted(vendors.baseUrl("v"), CALLS, CAP.toSeconds(), Fleet.PARTITIONS),
                System.getProperty("java.class.path"));
                FleetDispatcher dispatcher = fleet.startDispatcher("dispatcher");
                Traffic traffic = new Traffic(fleet.callerProperties(), ReplyReaderOptions.latest())) {
            dispatcher.awaitReady();
            fleet.addWorker();
            fleet.addWorker();
            fleet.workers().forEach(FleetWorker::awaitReady);
            for (int i = 0; i < FLOOD; i++) {
                traffic.ask(OTHERS, Traffic.request("flood-" + i, false));
            }
            Awaitility.await("all but the reserve is used").atMost(PATIENCE).pollInterval(Duration.ofMillis(100))
                    .until(() -> running(fleet, "flood-", System.currentTimeMillis()) == CALLS - RESERVE);
            borrowingIsSeen(fleet);
            Awaitility.await("calls that outlast the owner's patience").atMost(PATIENCE)
                    .pollInterval(Duration.ofMillis(50)).until(() -> justBegun(fleet) >= 2);

            long woke = System.currentTimeMillis();
            List<String> owners = new ArrayList<>();
            for (int i = 0; i < 3 * OWN; i++) {
                LlmRequest request = Traffic.request("chat-" + i, false);
                request.setUseCase("chat");
                traffic.ask(OWNER, request);
                owners.add(request.getId());
            }
            Awaitility.await("the owner has all of its own").atMost(PATIENCE).pollInterval(Duration.ofMillis(20))
                    .until(() -> running(fleet, "chat-", System.currentTimeMillis()) == OWN);
            long whole = System.currentTimeMillis() - woke;
            for (String id : owners) {
                assertThat(traffic.reply(id).get(60, TimeUnit.SECONDS).getStatus()).isEqualTo(ReplyStatus.COMPLETED);
            }
            // Until then a third of them waits, which is all that the owner may have.
            long busyUntil = fleet.vendors().calls().stream().filter(call -> call.requestId().startsWith("chat-"))
                    .map(CallRecord::startedMillis).sorted().toList().get(2 * OWN - 1);
            List<LlmReply> flooded = new ArrayList<>();
            for (int i = 0; i < FLOOD; i++) {
                flooded.add(traffic.reply("flood-" + i).get(120, TimeUnit.SECONDS));
            }
            usageTellsWhatWasBorrowed(fleet);
            judge(fleet, woke, busyUntil, whole, flooded);
        }
    }

    private static void judge(Fleet fleet, long woke, long busyUntil, long whole, List<LlmReply> flooded) {
        List<Told> attempts = attempts(fleet);
        List<Long> borrowedStarts = attempts.stream().filter(told -> told.event.getPhase() == AttemptPhase.STARTED)
                .filter(told -> "conversation-serving".equals(told.event.getLender())).map(Told::atMillis).toList();
        long last = borrowedStarts.stream().filter(at -> at <= busyUntil).mapToLong(Long::longValue).max().orElse(woke);
        List<Told> cut = attempts.stream().filter(told -> "LOAN_ENDED".equals(told.event.getOutcome())).toList();
        List<Long> firsts = fleet.vendors().calls().stream().filter(call -> call.requestId().startsWith("chat-"))
                .map(call -> call.startedMillis() - woke).sorted().limit(RESERVE).toList();
        System.out.printf(Locale.ROOT,
                "K20: %d borrowed calls, the last one %d ms after the owner's first request; the reserve's calls after %s ms; %d cut, the owner has all its own after %d ms; %d refused%n",
                borrowedStarts.size(), last - woke, firsts, cut.size(), whole,
                fleet.vendors().meter("v", "paced").refused());
        assertThat(last - woke).as("the last borrowed call").isLessThanOrEqualTo(BACK.toMillis());
        assertThat(firsts).as("the reserve serves at once").allSatisfy(after -> assertThat(after).isLessThan(1_000));
        assertThat(whole).isLessThanOrEqualTo(CAP.plus(BACK).plusSeconds(1).toMillis());
        assertThat(cut).isNotEmpty().allSatisfy(told -> {
            assertThat(told.event.getPool()).isEqualTo("everything-else");
            assertThat(told.event.getLender()).isEqualTo("conversation-serving");
            assertThat(told.event.getDurationMillis()).as("its permit is older than the call itself")
                    .isGreaterThanOrEqualTo(CAP.minus(BEFORE_ITS_CALL).toMillis());
        });
        assertThat(cut).as("no more than were missing").hasSizeLessThanOrEqualTo(CALLS - RESERVE - (CALLS - OWN));
        assertThat(flooded).allSatisfy(
                reply -> assertThat(reply.getStatus()).as("%s", reply.getError()).isEqualTo(ReplyStatus.COMPLETED));
        assertThat(fleet.vendors().meter("v", "paced").refused()).as("refused by the vendor").isZero();
    }

    private static void borrowingIsSeen(Fleet fleet) throws Exception {
        double borrowed = fleet.workers().stream()
                .mapToDouble(worker -> worker.metric("signalbox_permits_borrowed",
                        "lender=\"conversation-serving\",pool=\"everything-else\"").orElse(0))
                .sum();
        assertThat(borrowed).as("calls on the owner's capacity").isBetween(1.0, (double) OWN - RESERVE);
        try (Child command = fleet.command("describe",
                List.of("pools", "describe", "everything-else", "-o", "json"))) {
            assertThat(command.awaitEnd(PATIENCE)).as(command.printed()).isZero();
            JsonNode rows = JSON.readTree(command.printed().lines().filter(line -> line.startsWith("[")).findFirst()
                    .orElseThrow());
            assertThat(rows).allSatisfy(
                    row -> assertThat(row.path("borrows").asText()).contains("v/paced: ",
                            "calls of conversation-serving"));
        }
    }

    private static void usageTellsWhatWasBorrowed(Fleet fleet) {
        long borrowed = attempts(fleet).stream().filter(told -> told.event.getPhase() == AttemptPhase.ENDED)
                .filter(told -> "conversation-serving".equals(told.event.getLender())).count();
        Awaitility.await("sums are published each 5 s").atMost(PATIENCE).untilAsserted(() -> {
            try (Child command = fleet.command("usage-" + System.nanoTime(),
                    List.of("usage", "report", "--since", "1d", "--by", "pool,lender", "-o", "json"))) {
                assertThat(command.awaitEnd(PATIENCE)).as(command.printed()).isZero();
                String printed = command.printed();
                JsonNode lines = JSON.readTree(printed.substring(printed.indexOf('{'), printed.lastIndexOf('}') + 1))
                        .path("usage");
                assertThat(lines).as(printed).anySatisfy(line -> {
                    assertThat(line.path("pool").asText()).isEqualTo("everything-else");
                    assertThat(line.path("lender").asText()).isEqualTo("conversation-serving");
                    assertThat(line.path("calls").asLong()).isEqualTo(borrowed);
                });
            }
        });
    }

    private static long justBegun(Fleet fleet) {
        long now = System.currentTimeMillis();
        return running(fleet, "flood-", now) - running(fleet, "flood-", now - 2_500);
    }

    private static long running(Fleet fleet, String prefix, long nowMillis) {
        return fleet.vendors().calls().stream().filter(call -> call.requestId().startsWith(prefix))
                .filter(call -> call.outcome() == CallOutcome.RUNNING
                        && call.startedMillis() <= nowMillis)
                .count();
    }

    private static List<Told> attempts(Fleet fleet) {
        Map<String, Object> properties = fleet.callerProperties();
        List<Told> told = new ArrayList<>();
        try (KafkaConsumer<String, AttemptEvent> consumer = new KafkaConsumer<>(properties, new StringDeserializer(),
                new AvroDeserializer<>(AttemptEvent.class, SchemaRegistryClient.of(properties)))) {
            consumer.assign(consumer.partitionsFor(Topics.ATTEMPTS).stream()
                    .map(info -> new TopicPartition(info.topic(), info.partition())).collect(Collectors.toList()));
            consumer.seekToBeginning(consumer.assignment());
            for (var polled = consumer.poll(Duration.ofSeconds(5)); !polled.isEmpty(); polled = consumer
                    .poll(Duration.ofSeconds(1))) {
                for (ConsumerRecord<String, AttemptEvent> record : polled) {
                    told.add(new Told(record.value(), record.timestamp()));
                }
            }
        }
        return told;
    }
}
