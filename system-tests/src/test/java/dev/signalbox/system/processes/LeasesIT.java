package dev.signalbox.system.processes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.client.ReplyAssembler;
import dev.signalbox.schemas.client.ReplyReaderOptions;
import dev.signalbox.simulator.Simulator;
import dev.signalbox.simulator.SimulatorOptions;
import dev.signalbox.simulator.meter.CallRecord;
import dev.signalbox.simulator.meter.MeterReading;
import dev.signalbox.simulator.profile.Limits;
import dev.signalbox.simulator.profile.ModelProfile;
import dev.signalbox.simulator.profile.VendorProfile;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Capacity leases between real processes, with more demand than there is capacity: the vendor refuses whatever goes beyond a limit, and
 * its own meters say how much was used.
 */
@Tag("issue-6")
@Tag("long")
@Timeout(value = 9, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LeasesIT {
    private static final int CALLS = 8;
    private static final int REQUESTS = 120;
    private static final int OUTPUT_TOKENS = 9_000;
    private static final int TOKENS = 100;
    private static final int MILLIS_PER_TOKEN = 20;
    private static final double WANTED_USE = 0.9;
    /** Two terms, within which that much is used. */
    private static final Duration SETTLED = Duration.ofSeconds(12);
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private static SimulatorOptions vendors() {
        ModelProfile answers = ModelProfile.paced(TOKENS, MILLIS_PER_TOKEN);
        return SimulatorOptions.of(VendorProfile.of("v", answers)
                .withModel("calls", answers.withLimits(Limits.NONE.withConcurrency(CALLS)))
                .withModel("requests", answers.withLimits(Limits.NONE.withRequestsPerMinute(REQUESTS)))
                .withModel("output", answers.withLimits(Limits.NONE.withOutputTokensPerMinute(OUTPUT_TOKENS))));
    }

    private static String configuration(Simulator simulator) {
        return """
                environment: test
                vendors:
                  v: { family: openai, base_url: "%s", timeouts: { first_byte: 4s, first_token: 4s, token_gap: 4s, total: 6s } }
                deployments:
                  v/calls: { vendor: v, model_id: calls, limits: { concurrency: %d } }
                  v/requests: { vendor: v, model_id: requests, limits: { requests_per_minute: %d } }
                  v/output: { vendor: v, model_id: output, limits: { output_tokens_per_minute: %d } }
                pools:
                  main: { use_cases: [otherwise], priorities: [standard] }
                routes:
                  calls: { test: { otherwise: { sequence: [v] } } }
                  requests: { test: { otherwise: { sequence: [v] } } }
                  output: { test: { otherwise: { sequence: [v] } } }
                topics: { partitions: %d }
                worker: { max_in_flight: 200, buffer_records: 20000 }
                """.formatted(simulator.baseUrl("v"), CALLS, REQUESTS, OUTPUT_TOKENS, Fleet.PARTITIONS);
    }

    private static Fleet fleet(Path folder, int workers) throws Exception {
        return Fleet.start(folder, 1, workers, vendors(), LeasesIT::configuration,
                System.getProperty("java.class.path"));
    }

    private static Traffic traffic(Fleet fleet) {
        return new Traffic(fleet.callerProperties(),
                new ReplyReaderOptions(Set.of(Topics.REPLIES), Set.of(Topics.TOKENS),
                        new ReplyReaderOptions.Start.Latest(), ReplyReaderOptions.Scope.EXPECTED,
                        ReplyAssembler.Bounds.DEFAULT));
    }

    /** More of each than its limit admits. */
    private static List<Traffic.Flow> flood(Traffic traffic) {
        return List.of(traffic.flowOf("calls", 1.5 * CALLS * 1_000 / (TOKENS * MILLIS_PER_TOKEN)),
                traffic.flowOf("requests", 1.5 * REQUESTS / 60),
                traffic.flowOf("output", 1.5 * OUTPUT_TOKENS / TOKENS / 60, LeasesIT::bounded));
    }

    /** Says how long its answer may be: what it reserves. */
    private static LlmRequest bounded(LlmRequest request) {
        String body = StandardCharsets.UTF_8.decode(request.getBody()).toString();
        request.setBody(ByteBuffer.wrap(("{\"max_tokens\":" + TOKENS + "," + body.substring(1))
                .getBytes(StandardCharsets.UTF_8)));
        return request;
    }

    private static double leased(List<FleetWorker> workers) {
        return workers.stream()
                .mapToDouble(
                        worker -> worker.metric("signalbox_lease", "deployment=\"v/calls\",limit=\"calls\"").orElse(0))
                .sum();
    }

    private static void awaitLeases(List<FleetWorker> workers) {
        Awaitility.await("all is leased").atMost(PATIENCE).pollInterval(Duration.ofMillis(200)).until(
                () -> leased(workers) == CALLS && workers.stream().allMatch(worker -> leased(List.of(worker)) > 0));
    }

    private static void pass(Duration time) throws InterruptedException {
        TimeUnit.MILLISECONDS.sleep(time.toMillis());
    }

    /** Part of the calls at once that was used between two times, ms since 1970. */
    private static double used(Simulator vendor, long fromMillis, long toMillis) {
        double used = 0;
        for (CallRecord call : vendor.calls()) {
            if (call.model().equals("calls")) {
                double from = Math.max(fromMillis, call.startedMillis());
                double to = Math.min(toMillis, call.startedMillis() + call.durationMillis());
                used += Math.max(0, to - from);
            }
        }
        return used / ((double) (toMillis - fromMillis) * CALLS);
    }

    /** Most requests started in any 10 s that lie between two times, ms since 1970. */
    private static long fullestTenSeconds(Simulator vendor, long fromMillis, long toMillis) {
        List<Long> starts = vendor.calls().stream().filter(call -> call.model().equals("requests"))
                .map(CallRecord::startedMillis).filter(start -> start >= fromMillis && start < toMillis).sorted()
                .toList();
        int most = 0;
        int first = 0;
        for (int i = 0; i < starts.size(); i++) {
            while (starts.get(i) - starts.get(first) >= 10_000) {
                first++;
            }
            most = Math.max(most, i - first + 1);
        }
        return most;
    }

    /** @param leastUse part of each limit that was used when most of it was */
    private static void held(Simulator vendor, String model, long most, long limit, double leastUse) {
        MeterReading meter = vendor.meter("v", model);
        System.out.printf(Locale.ROOT, "  %-9s most %5d of %5d, %d calls, %d refused%n", model, most, limit,
                meter.calls(),
                meter.refused());
        assertThat(meter.refused()).as("%s: calls that the vendor refused", model).isZero();
        assertThat(most).as(model).isBetween((long) (leastUse * limit), limit);
    }

    private static void nothingExceeded(Simulator vendor, double leastUse) {
        held(vendor, "calls", vendor.meter("v", "calls").callsMax(), CALLS, leastUse);
        held(vendor, "requests", vendor.meter("v", "requests").requestsPerMinuteMax(), REQUESTS, leastUse);
        held(vendor, "output", vendor.meter("v", "output").outputTokensPerMinuteMax(), OUTPUT_TOKENS, leastUse);
    }

    /** K07. */
    @Test
    void limitsAreHeldAndUsedWhileWorkersComeAndGo(@TempDir Path folder) throws Exception {
        try (Fleet fleet = fleet(folder, 1);
                FleetDispatcher dispatcher = fleet.startDispatcher("dispatcher");
                Traffic traffic = traffic(fleet)) {
            dispatcher.awaitReady();
            Simulator vendor = fleet.vendors();
            List<Traffic.Flow> flows = flood(traffic);
            long began = System.currentTimeMillis();
            awaitLeases(fleet.workers());
            pass(Duration.ofSeconds(20));
            fleet.addWorker();
            fleet.addWorker();
            fleet.awaitReady();
            awaitLeases(fleet.workers());
            long three = System.currentTimeMillis();
            pass(Duration.ofSeconds(45));
            FleetWorker victim = fleet.workers().removeLast();
            victim.process().kill();
            long killed = System.currentTimeMillis();
            pass(Duration.ofSeconds(45));
            FleetWorker leaver = fleet.workers().removeLast();
            leaver.process().terminate();
            leaver.process().awaitEnd(Duration.ofSeconds(30));
            long left = System.currentTimeMillis();
            pass(Duration.ofSeconds(45));
            long end = System.currentTimeMillis();
            flows.forEach(Traffic.Flow::close);
            victim.close();
            leaver.close();
            double all = used(vendor, began + 10_000, end);
            System.out.printf(Locale.ROOT,
                    "K07: %d s, calls at once used %.1f %%; with one %.1f %%, with three %.1f %%, after the kill %.1f %%, alone again %.1f %%%n",
                    (end - began) / 1_000, all * 100, used(vendor, began + 10_000, three) * 100,
                    used(vendor, three, killed) * 100, used(vendor, killed, left) * 100, used(vendor, left, end) * 100);
            nothingExceeded(vendor, WANTED_USE);
            assertThat(all).isGreaterThanOrEqualTo(WANTED_USE);
            double minutes = Math.floor((end - began) / 60_000.0);
            assertThat(vendor.meter("v", "requests").calls()).as("over all minutes")
                    .isGreaterThanOrEqualTo((long) (WANTED_USE * REQUESTS * minutes));
            assertThat(vendor.meter("v", "output").outputTokens()).as("over all minutes")
                    .isGreaterThanOrEqualTo((long) (WANTED_USE * OUTPUT_TOKENS * minutes));
        }
    }

    /** K10. */
    @Test
    void withoutADispatcherTheSafeShareIsUsedAndWithOneAllAgain(@TempDir Path folder) throws Exception {
        List<FleetDispatcher> dispatchers = new ArrayList<>();
        try (Fleet fleet = fleet(folder, 2); Traffic traffic = traffic(fleet)) {
            dispatchers.add(fleet.startDispatcher("first"));
            dispatchers.getFirst().awaitReady();
            Simulator vendor = fleet.vendors();
            List<Traffic.Flow> flows = flood(traffic);
            awaitLeases(fleet.workers());
            pass(Duration.ofSeconds(20));
            dispatchers.getFirst().process().terminate();
            dispatchers.getFirst().process().awaitEnd(Duration.ofSeconds(30));
            pass(Duration.ofSeconds(15));
            long safe = System.currentTimeMillis();
            pass(Duration.ofSeconds(105));
            long back = System.currentTimeMillis();
            double alone = used(vendor, safe, back);
            dispatchers.add(fleet.startDispatcher("second"));
            pass(Duration.ofSeconds(8));
            awaitLeases(fleet.workers());
            long granted = System.currentTimeMillis() - back;
            pass(Duration.ofSeconds(20).plus(SETTLED));
            long kill = System.currentTimeMillis();
            dispatchers.getLast().process().kill();
            dispatchers.add(fleet.startDispatcher("third"));
            pass(Duration.ofSeconds(8));
            awaitLeases(fleet.workers());
            long grantedAgain = System.currentTimeMillis() - kill;
            pass(Duration.ofSeconds(20).plus(SETTLED));
            long end = System.currentTimeMillis();
            flows.forEach(Traffic.Flow::close);
            long atFirst = fullestTenSeconds(vendor, back, kill);
            double used = used(vendor, back + granted + SETTLED.toMillis(), kill);
            double usedAgain = used(vendor, end - 20_000, end);
            System.out.printf(Locale.ROOT,
                    "K10: without a dispatcher %.1f %% used; all granted again %d ms after it was started, %d ms after a kill and a new one; in the fullest 10 s from its start to 32 s after its grants %d requests (the limit's pace: %d); from two terms after all was granted %.1f %% used, again %.1f %%%n",
                    alone * 100, granted, grantedAgain, atFirst, REQUESTS / 6, used * 100, usedAgain * 100);
            nothingExceeded(vendor, 0);
            assertThat(alone).as("the safe share is half").isBetween(0.4, 0.51);
            assertThat(granted).isLessThanOrEqualTo(30_000);
            assertThat(grantedAgain).isLessThanOrEqualTo(30_000);
            assertThat(atFirst).as("in the fullest 10 s").isLessThanOrEqualTo((long) (1.1 * REQUESTS / 6));
            assertThat(used).as("after the start").isGreaterThanOrEqualTo(WANTED_USE);
            assertThat(usedAgain).as("after the kill").isGreaterThanOrEqualTo(WANTED_USE);
        } finally {
            dispatchers.forEach(FleetDispatcher::close);
        }
    }
}
