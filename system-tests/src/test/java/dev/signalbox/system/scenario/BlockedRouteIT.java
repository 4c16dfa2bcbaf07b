package dev.signalbox.system.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.simulator.Simulator;
import dev.signalbox.simulator.SimulatorOptions;
import dev.signalbox.simulator.fault.FaultRule;
import dev.signalbox.simulator.meter.CallRecord;
import dev.signalbox.simulator.profile.ModelProfile;
import dev.signalbox.simulator.profile.VendorProfile;
import dev.signalbox.system.Installation;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A route that is down while many times as many requests wait for it as the worker takes in: another route of the same lane
 * answers as if alone, since what waits beyond the route's share waits in Kafka; when the vendor is back all are answered,
 * within its limit. The number of waiting requests is {@code signalbox.blocked.requests}; what an even pace takes alone is
 * measured before and after, so that this JVM's age is nobody's advantage.
 */
@Tag("issue-7")
@Tag("long")
@Timeout(value = 15, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class BlockedRouteIT {
    private static final PoolName POOL = new PoolName("main");
    private static final Lane LANE = new Lane(POOL, Priority.STANDARD);
    private static final int WAITING = Integer.getInteger("signalbox.blocked.requests", 200_000);
    private static final int BUFFER = 5_000;
    private static final int AT_ONCE = 20;
    private static final int PER_SECOND = 50;
    private static final int SECONDS = 4;
    private static final Duration MARGIN = Duration.ofMillis(20);
    /** Odd: medians are judged, since a machine that does something else slows some of them down. */
    private static final int ROUNDS = 5;
    /** Within which requests come through that were sent right behind all the others, which are read first: some in each partition. */
    private static final Duration REACHED_WITHIN = Duration.ofSeconds(60);
    private static final int RIGHT_BEHIND = 40;
    /** By which no round may exceed the worst one alone. */
    private static final Duration NEVER_BEHIND = Duration.ofSeconds(1);
    private static final Duration TIME_TO_LIVE = Duration.ofMinutes(30);

    private static String configuration(Simulator simulator) {
        return """
                environment: test
                vendors:
                  sim: { family: openai, base_url: "%s" }
                deployments:
                  sim/open: { vendor: sim, model_id: open }
                  sim/down: { vendor: sim, model_id: down, limits: { concurrency: %d } }
                pools:
                  main: { use_cases: [otherwise], priorities: [standard] }
                routes:
                  open: { test: { otherwise: { sequence: [sim] } } }
                  down: { test: { otherwise: { sequence: [sim] } } }
                topics: { partitions: 4 }
                worker: { max_in_flight: 50, buffer_records: %d }
                """.formatted(simulator.baseUrl("sim"), AT_ONCE, BUFFER);
    }

    @Test
    void whatWaitsForARouteThatIsDownKeepsNobodyElseWaiting(@TempDir Path folder) throws Exception {
        SimulatorOptions vendors = SimulatorOptions.of(VendorProfile.of("sim", ModelProfile.paced(3, 2)))
                .withLogCapacity(3 * WAITING + 100_000);
        try (Installation installation = Installation.start(folder, vendors, BlockedRouteIT::configuration);
                Caller caller = new Caller(installation.callerProperties(), LANE);
                BulkRequests waiting = new BulkRequests(installation.callerProperties(), "waits-",
                        number -> ReplyStatus.COMPLETED.name())) {
            Simulator simulator = installation.simulator();
            phase(caller, "warm-up");
            List<Duration> alone = new ArrayList<>(rounds(caller, "before", ROUNDS / 2));
            simulator.setFaults(List.of(FaultRule.parse("sim", "down", "status:503")));
            BulkRequests.fill(installation.callerProperties(), LANE, WAITING,
                    number -> request("waits-" + number, "down"));
            Duration reached = rightBehind(caller);
            List<Duration> beside = rounds(caller, "beside", ROUNDS);
            assertThat(waiting.ended()).as("they wait").isZero();
            int calledInVain = calls(simulator).size();
            simulator.setFaults(List.of());
            long back = System.nanoTime();
            Awaitility.await().atMost(Duration.ofMinutes(10)).pollInterval(Duration.ofMillis(100)).pollInSameThread()
                    .until(() -> waiting.ended() == WAITING);
            Duration drained = Duration.ofNanos(System.nanoTime() - back);
            alone.addAll(rounds(caller, "after", ROUNDS - ROUNDS / 2));
            List<CallRecord> calls = calls(simulator);
            System.out.printf(
                    "p99 at %d requests/s: alone %s, beside %d that wait %s; the first behind them, in all partitions, took %s;"
                            + " %d calls in vain, drained in %s, %d calls at once at most%n",
                    PER_SECOND, alone, WAITING,
                    beside, reached, calledInVain, drained, most(calls));
            assertThat(waiting.wrong()).as("ended twice, or otherwise than answered").isEmpty();
            assertThat(median(beside)).as("p99 alone %s, beside %s", alone, beside)
                    .isLessThanOrEqualTo(median(alone).plus(MARGIN));
            assertThat(reached).as("the first ones behind them").isLessThanOrEqualTo(REACHED_WITHIN);
            assertThat(Collections.max(beside)).as("p99 alone %s, beside %s", alone, beside)
                    .isLessThanOrEqualTo(Collections.max(alone).plus(NEVER_BEHIND));
            assertThat(most(calls)).as("calls at once").isLessThanOrEqualTo(AT_ONCE);
            Map<String, Long> served = new TreeMap<>();
            calls.stream().filter(call -> call.status() == 200)
                    .forEach(call -> served.merge(Optional.ofNullable(call.requestId()).orElseThrow(), 1L, Long::sum));
            assertThat(served).as("each is served").hasSize(WAITING);
            assertThat(served.entrySet().stream().filter(each -> each.getValue() != 1)).as("more than once").isEmpty();
        }
    }

    private static List<CallRecord> calls(Simulator simulator) {
        return simulator.calls().stream().filter(call -> call.model().equals("down")).toList();
    }

    /** Most of them that ran at once, by the vendor's own clock. */
    private static int most(List<CallRecord> calls) {
        TreeMap<Double, Integer> changes = new TreeMap<>();
        for (CallRecord call : calls) {
            if (call.status() == 200) {
                changes.merge((double) call.startedMillis(), 1, Integer::sum);
                changes.merge(call.startedMillis() + Math.max(0, Math.floor(call.durationMillis()) - 1), -1,
                        Integer::sum);
            }
        }
        int now = 0;
        int most = 0;
        for (int change : changes.values()) {
            now += change;
            most = Math.max(most, now);
        }
        return most;
    }

    private static Duration median(List<Duration> of) {
        return of.stream().sorted().toList().get(of.size() / 2);
    }

    private static List<Duration> rounds(Caller caller, String name, int count) throws Exception {
        List<Duration> rounds = new ArrayList<>();
        for (int round = 0; round < count; round++) {
            rounds.add(phase(caller, name + "-" + round));
        }
        return rounds;
    }

    private static Duration rightBehind(Caller caller) throws Exception {
        List<CompletableFuture<Caller.Answer>> asked = new ArrayList<>();
        for (int i = 0; i < RIGHT_BEHIND; i++) {
            asked.add(caller.ask(request("behind-" + i, "open")));
        }
        Duration longest = Duration.ZERO;
        for (CompletableFuture<Caller.Answer> each : asked) {
            Duration elapsed = each.get(5, TimeUnit.MINUTES).elapsed();
            longest = elapsed.compareTo(longest) > 0 ? elapsed : longest;
        }
        return longest;
    }

    /** The 99th percentile of what requests take that are sent at an even pace. */
    private static Duration phase(Caller caller, String name) throws Exception {
        List<CompletableFuture<Caller.Answer>> answers = new ArrayList<>();
        long start = System.nanoTime();
        for (int i = 0; i < PER_SECOND * SECONDS; i++) {
            answers.add(caller.ask(request(name + "-" + i, "open")));
            long next = start + TimeUnit.SECONDS.toNanos(i + 1) / PER_SECOND;
            while (next - System.nanoTime() > 0) {
                LockSupport.parkNanos(next - System.nanoTime());
            }
        }
        List<Duration> elapsed = new ArrayList<>();
        for (CompletableFuture<Caller.Answer> answer : answers) {
            Caller.Answer got = answer.get(60, TimeUnit.SECONDS);
            assertThat(got.reply().getStatus()).isEqualTo(ReplyStatus.COMPLETED);
            elapsed.add(got.elapsed());
        }
        elapsed.sort(null);
        return elapsed.get((int) Math.ceil(elapsed.size() * 0.99) - 1);
    }

    private static LlmRequest request(String id, String model) {
        return Caller.request(id, model, Family.OPENAI.format, Family.OPENAI.body(model), false, TIME_TO_LIVE);
    }
}
