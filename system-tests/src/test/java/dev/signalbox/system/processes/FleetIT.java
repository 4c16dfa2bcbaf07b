package dev.signalbox.system.processes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.client.ReplyAssembler;
import dev.signalbox.schemas.client.ReplyReaderOptions;
import dev.signalbox.simulator.language.FixedAnswer;
import dev.signalbox.simulator.profile.ModelProfile;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.NewTopic;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The short forms of K01 to K04: three brokers and three workers as processes, killed, frozen and restarted under load. */
@Tag("issue-4")
@Tag("alone")
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Timeout(value = 4, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class FleetIT {
    private static final int TOKENS = 20;
    private static final double PER_SECOND = 25;
    static final String ANSWER = Arrays.stream(FixedAnswer.TEXT.split(" ")).limit(TOKENS)
            .collect(Collectors.joining(" "));
    /** A reply topic of one replica, so that it goes with its node. */
    private static final String FRAGILE = Topics.REPLIES + ".fragile";
    private static final int FRAGILE_NODE = 3;
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    /** How much longer than usual a commit may take on a busy machine. */
    private static final Duration LATE_COMMIT = Duration.ofMillis(500);

    @TempDir
    private static Path folder;
    private static Fleet fleet;
    private static Traffic traffic;
    private static Witness witness;

    @BeforeAll
    static void start() throws Exception {
        fleet = Fleet.start(folder, 3, 3, ModelProfile.paced(TOKENS, 60));
        fleet.brokers().admin()
                .createTopics(List.of(new NewTopic(FRAGILE, Map.of(0, List.of(FRAGILE_NODE)))
                        .configs(Map.of("min.insync.replicas", "1", "message.timestamp.type", "LogAppendTime"))))
                .all().get();
        fleet.brokers().awaitInSync(PATIENCE);
        traffic = new Traffic(fleet.callerProperties(),
                new ReplyReaderOptions(Set.of(Topics.REPLIES, FRAGILE), Set.of(Topics.TOKENS),
                        new ReplyReaderOptions.Start.Latest(), ReplyReaderOptions.Scope.EXPECTED,
                        ReplyAssembler.Bounds.DEFAULT));
        witness = new Witness(fleet, traffic, List.of(Topics.REPLIES, FRAGILE));
    }

    @AfterAll
    static void stop() {
        if (fleet != null) {
            traffic.close();
            fleet.close();
        }
    }

    private static void awaitAnswered(int more) {
        int wanted = traffic.answered() + more;
        Awaitility.await().atMost(PATIENCE).pollInterval(Duration.ofMillis(20))
                .until(() -> traffic.answered() >= wanted);
    }

    /** So that whatever befalls it is felt. */
    private static void awaitCallsOf(FleetWorker worker) {
        Awaitility.await().atMost(PATIENCE).pollInterval(Duration.ofMillis(20)).until(() -> worker.pending() >= 4);
    }

    private static void awaitSent(Traffic.Flow flow, int more) {
        int wanted = flow.sent() + more;
        Awaitility.await().atMost(PATIENCE).pollInterval(Duration.ofMillis(20)).until(() -> flow.sent() >= wanted);
    }

    private static void assertWholeAnswers() throws Exception {
        assertThat(traffic.shortfalls(ANSWER, PATIENCE)).isEmpty();
        assertThat(witness.violations()).isEmpty();
    }

    @Test
    @Order(1)
    void aKilledWorkerAndALostLeaderCostNoRequest() throws Exception {
        try (Traffic.Flow flow = traffic.flow("kill", PER_SECOND, 1_000)) {
            FleetWorker victim = fleet.workers().getFirst();
            awaitAnswered(40);
            awaitCallsOf(victim);
            witness.aboutToLose(victim, LATE_COMMIT);
            victim.process().kill();
            fleet.replace(0);
            witness.look();
            int leader = fleet.brokers().leader(Topics.REPLIES, 0);
            fleet.brokers().kill(leader);
            awaitSent(flow, 60);
            fleet.brokers().restart(leader);
            awaitSent(flow, 10);
        }
        assertWholeAnswers();
        fleet.brokers().awaitInSync(PATIENCE);
        fleet.awaitReady();
        System.out.printf("kill -9 of a worker and a broker: %d requests, %d calls repeated, at most %d may be%n",
                traffic.asked(), witness.repeats(), witness.allowance());
        assertThat(witness.repeats()).as("calls that the killed worker had begun were made again")
                .isBetween(1L, witness.allowance());
    }

    @Test
    @Tag("long")
    @Order(2)
    void aRestartedWorkerRepeatsNothing() throws Exception {
        long before = witness.repeats();
        int asked = traffic.asked();
        try (Traffic.Flow _ = traffic.flow("roll", PER_SECOND, 2_000)) {
            FleetWorker leaver = fleet.workers().getLast();
            awaitAnswered(10);
            awaitCallsOf(leaver);
            leaver.process().terminate();
            assertThat(leaver.process().awaitEnd(Duration.ofSeconds(20))).as(leaver.process().tail()).isZero();
            fleet.replace(fleet.workers().size() - 1);
            fleet.awaitReady();
        }
        assertWholeAnswers();
        System.out.printf("SIGTERM of a worker and a new one in its place: %d requests, %d calls repeated%n",
                traffic.asked() - asked, witness.repeats() - before);
        assertThat(witness.repeats()).isEqualTo(before);
    }

    @Test
    @Order(2)
    void everyWorkerTellsHowFarItsClockIsFromTheBrokers() {
        for (FleetWorker worker : fleet.workers()) {
            Awaitility.await(worker.name()).atMost(PATIENCE)
                    .until(() -> Math.abs(worker.metric("signalbox_clock_skew_seconds").orElse(Double.NaN)) < 1);
        }
    }

    @Test
    @Order(3)
    void aFrozenWorkerThatThawsChangesNothing() throws Exception {
        long before = witness.repeats();
        long allowed = witness.allowance();
        FleetWorker frozen = fleet.workers().getFirst();
        List<FleetWorker> others = fleet.workers().subList(1, fleet.workers().size());
        try (Traffic.Flow flow = traffic.flow("freeze", PER_SECOND, 1_000)) {
            awaitAnswered(10);
            awaitCallsOf(frozen);
            witness.aboutToLose(frozen, LATE_COMMIT);
            frozen.process().freeze();
            Fleet.awaitOwned(others, Fleet.PARTITIONS);
            awaitSent(flow, 20);
            frozen.process().thaw();
            awaitSent(flow, 40);
        }
        assertWholeAnswers();
        System.out.printf("a worker frozen past its session: %d calls repeated, at most %d may be%n",
                witness.repeats() - before, witness.allowance() - allowed);
        assertThat(witness.repeats() - before).as("its calls were made again by others").isBetween(1L,
                witness.allowance() - allowed);
    }

    @Test
    @Order(4)
    void aDeadReplyTopicAndALostRegistryHoldUpOnlyWhoNeedsThem() throws Exception {
        fleet.brokers().kill(FRAGILE_NODE);
        for (int i = 0; i < 30; i++) {
            var _ = traffic.ask(Traffic.request("fragile-" + i, false, FRAGILE));
        }
        try (Traffic.Flow _ = traffic.flow("others", PER_SECOND, 1_000)) {
            awaitAnswered(40);
            fleet.stopRegistry();
            Child leaver = fleet.workers().getFirst().process();
            leaver.terminate();
            Awaitility.await().atMost(PATIENCE).until(() -> leaver.printed().contains("quits at once"));
            assertThat(leaver.isAlive()).as("it has replies that cannot be written").isTrue();
            leaver.terminate();
            leaver.awaitEnd(Duration.ofSeconds(3));
            awaitAnswered(20);
        }
        assertThat(traffic.answered("fragile-")).isZero();
        fleet.replace(0);
        fleet.awaitReady();
        try (Traffic.Flow flow = traffic.flow("unread", PER_SECOND, 30)) {
            Awaitility.await().atMost(PATIENCE).until(() -> flow.sent() == 30);
        }
        assertThat(traffic.asked() - traffic.answered()).as("the new worker cannot read its part yet")
                .isGreaterThan(30);
        fleet.restartRegistry();
        fleet.brokers().restart(FRAGILE_NODE);
        fleet.brokers().awaitInSync(PATIENCE);
        assertWholeAnswers();
        assertThat(traffic.answered("fragile-")).isEqualTo(30);
        assertThat(witness.violationsBefore("latecomer")).isEmpty();
    }
}
