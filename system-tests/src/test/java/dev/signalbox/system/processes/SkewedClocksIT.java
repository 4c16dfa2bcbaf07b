package dev.signalbox.system.processes;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.schemas.client.ReplyReaderOptions;
import dev.signalbox.simulator.SimulatorOptions;
import dev.signalbox.simulator.fault.FaultRule;
import dev.signalbox.simulator.profile.ModelProfile;
import dev.signalbox.simulator.profile.VendorProfile;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * K16 with processes (times, health, control): of three workers one is an hour ahead of the brokers, one an hour behind; the dispatcher, the
 * operator and a producer are an hour ahead, then an hour behind. Times to live, control records and health hold.
 */
@Tag("issue-5")
@Tag("issue-7")
@Tag("long")
@Timeout(value = 5, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SkewedClocksIT {
    private static final int TOKENS = 20;
    private static final String SICK = "one/paced";
    private static final Duration PATIENCE = Duration.ofSeconds(40);
    private static final Duration ORDER = Duration.ofSeconds(12);
    private static final int REQUESTS = 60;

    @TempDir
    private static Path folder;
    private static Fleet fleet;
    private static Traffic traffic;

    @BeforeAll
    static void start() throws Exception {
        ModelProfile answers = ModelProfile.paced(TOKENS, 5);
        ModelProfile never = ModelProfile.paced(TOKENS, 1_500);
        fleet = Fleet.start(folder, 1, 0,
                SimulatorOptions.of(VendorProfile.of("one", answers).withModel("slow", never),
                        VendorProfile.of("two", answers)),
                vendors -> """
                        environment: test
                        vendors:
                          one: { family: openai, base_url: "%s" }
                          two: { family: openai, base_url: "%s" }
                        deployments:
                          one/paced: { vendor: one, model_id: paced }
                          two/paced: { vendor: two, model_id: paced }
                          one/slow: { vendor: one, model_id: slow }
                        pools:
                          main: { use_cases: [otherwise], priorities: [standard] }
                        routes:
                          paced: { test: { otherwise: { sequence: [one, two] } } }
                          slow: { test: { otherwise: { sequence: [one] } } }
                        topics: { partitions: %d }
                        """.formatted(vendors.baseUrl("one"), vendors.baseUrl("two"), Fleet.PARTITIONS),
                System.getProperty("java.class.path"));
        fleet.addWorker();
        fleet.addWorker(SkewedClock.jvmOption(folder, Duration.ofHours(1)));
        fleet.addWorker(SkewedClock.jvmOption(folder, Duration.ofHours(-1)));
        fleet.awaitReady();
        traffic = new Traffic(fleet.callerProperties(), ReplyReaderOptions.latest());
    }

    @AfterAll
    static void stop() {
        if (traffic != null) {
            traffic.close();
        }
        if (fleet != null) {
            fleet.close();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, -1})
    void timesToLiveControlAndHealthHold(int hours) throws Exception {
        String clock = SkewedClock.jvmOption(folder, Duration.ofHours(hours));
        try (FleetDispatcher dispatcher = fleet.startDispatcher("dispatcher" + hours, clock)) {
            dispatcher.awaitReady();
            assertThat(dispatcher.process().printed()).contains("wall clock is " + Duration.ofHours(hours));
            everyWorkerAnswersInTime("in-time" + hours);
            everyWorkerEndsWhatIsTooLate("too-late" + hours);
            aProducersClockChangesNothing(hours, clock);
            ordersHoldForAsLongAsTheySay(hours, clock);
            healthIsFoundAndForgotten(hours, dispatcher);
        }
    }

    private static List<String> ask(String run, String model, Duration timeToLive, int count) {
        List<String> ids = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            ids.add(traffic.ask(Traffic.request(run + "-" + i, model, timeToLive, false, Topics.REPLIES)).requestId());
        }
        return ids;
    }

    private static LlmReply reply(String id) throws Exception {
        return traffic.reply(id).get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }

    private static void everyWorkerAnswersInTime(String run) throws Exception {
        for (String id : ask(run, Fleet.MODEL, Duration.ofSeconds(20), REQUESTS)) {
            assertThat(reply(id).getStatus()).as(id).isEqualTo(ReplyStatus.COMPLETED);
        }
    }

    private static void everyWorkerEndsWhatIsTooLate(String run) throws Exception {
        long asked = System.nanoTime();
        for (String id : ask(run, "slow", Duration.ofSeconds(4), REQUESTS)) {
            assertThat(reply(id).getStatus()).as(id).isEqualTo(ReplyStatus.EXPIRED);
        }
        assertThat(Duration.ofNanos(System.nanoTime() - asked)).isBetween(Duration.ofMillis(3_500),
                Duration.ofSeconds(15));
    }

    /** The command line's own producer and reader, whose clock is wrong too. */
    private static void aProducersClockChangesNothing(int hours, String clock) throws Exception {
        Child submitted = fleet.command("submit" + hours,
                List.of("submit", "--model", Fleet.MODEL, "--priority", "standard", "--time-to-live", "20s",
                        "hello " + hours),
                clock);
        assertThat(submitted.awaitEnd(PATIENCE)).as(submitted.tail()).isZero();
        assertThat(submitted.printed()).contains(FleetIT.ANSWER);
    }

    private static double ordered() {
        return fleet.workers().stream().mapToDouble(worker -> worker.metric("signalbox_deployment_ordered").orElse(0))
                .sum();
    }

    private static long callsOfSick() {
        return fleet.vendors().calls().stream()
                .filter(call -> call.vendor().equals("one") && call.model().equals("paced")).count();
    }

    private static void order(String name, String clock, String... order) throws Exception {
        List<String> arguments = new ArrayList<>(List.of("deployments"));
        arguments.addAll(List.of(order));
        arguments.addAll(List.of("--why", "a drill", "--who", name));
        Child command = fleet.command(name, arguments, clock);
        assertThat(command.awaitEnd(PATIENCE)).as(command.tail()).isZero();
    }

    private static void ordersHoldForAsLongAsTheySay(int hours, String clock) throws Exception {
        order("ejector" + hours, clock, "eject", SICK, "--for", ORDER.toSeconds() + "s");
        long ejected = System.nanoTime();
        Awaitility.await().atMost(Duration.ofSeconds(2)).pollInterval(Duration.ofMillis(50))
                .until(() -> ordered() == 3);
        long before = callsOfSick();
        everyWorkerAnswersInTime("ejected" + hours);
        assertThat(callsOfSick()).as("calls of what is ejected").isEqualTo(before);
        Awaitility.await().atMost(ORDER.plusSeconds(5)).pollInterval(Duration.ofMillis(100))
                .until(() -> ordered() == 0);
        // From the append time on, which was before the command ended.
        assertThat(Duration.ofNanos(System.nanoTime() - ejected)).isBetween(ORDER.minusSeconds(4),
                ORDER.plusSeconds(3));
        everyWorkerAnswersInTime("back" + hours);
        assertThat(callsOfSick()).isGreaterThan(before);

        order("drainer" + hours, clock, "drain", SICK, "--for", "10m");
        Awaitility.await().atMost(Duration.ofSeconds(2)).pollInterval(Duration.ofMillis(50))
                .until(() -> ordered() == 3);
        order("restorer" + hours, clock, "restore", SICK);
        Awaitility.await().atMost(Duration.ofSeconds(2)).pollInterval(Duration.ofMillis(50))
                .until(() -> ordered() == 0);
    }

    private static String state(FleetDispatcher dispatcher) throws InterruptedException {
        JsonNode seen = dispatcher.deployment(SICK);
        return seen == null ? "" : seen.get("state").asText();
    }

    /** Ejected by the fleet's evidence, known to be fresh by each worker, and back after probing. */
    private static void healthIsFoundAndForgotten(int hours, FleetDispatcher dispatcher) throws Exception {
        fleet.vendors().setFaults(List.of(FaultRule.parse("one", "paced", "status:503")));
        try (Traffic.Flow _ = traffic.flow("health" + hours, 10, Integer.MAX_VALUE)) {
            Awaitility.await().atMost(PATIENCE).pollInterval(Duration.ofMillis(200))
                    .until(() -> state(dispatcher).equals("EJECTED"));
            Awaitility.await().atMost(Duration.ofSeconds(5)).pollInterval(Duration.ofMillis(100))
                    .until(() -> fleet.workers().stream().allMatch(worker -> worker
                            .metric("signalbox_deployment_fleet_state",
                                    "deployment=\"" + SICK + "\",state=\"ejected\"")
                            .orElse(0) == 1));
            fleet.workers().forEach(worker -> assertThat(worker
                    .metric("signalbox_deployment_fleet_age_seconds", "deployment=\"" + SICK + "\"").orElse(-1))
                    .as("age at " + worker.name()).isBetween(0.0, 12.0));
            long before = callsOfSick();
            Thread.sleep(Duration.ofSeconds(5));
            assertThat(callsOfSick() - before).as("calls while it is ejected").isLessThanOrEqualTo(1);

            fleet.vendors().setFaults(List.of());
            Awaitility.await().atMost(PATIENCE).pollInterval(Duration.ofMillis(200))
                    .until(() -> state(dispatcher).equals("HEALTHY"));
        }
        System.out.printf(
                "K16: with dispatcher, operator and producer %d h off, workers 0 h, 1 h and -1 h: times to live,"
                        + " control and health hold%n",
                hours);
    }
}
