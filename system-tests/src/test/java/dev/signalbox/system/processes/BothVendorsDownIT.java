package dev.signalbox.system.processes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.schemas.client.ReplyReaderOptions;
import dev.signalbox.simulator.Simulator;
import dev.signalbox.simulator.SimulatorOptions;
import dev.signalbox.simulator.fault.FaultRule;
import dev.signalbox.simulator.meter.CallRecord;
import dev.signalbox.simulator.profile.Limits;
import dev.signalbox.simulator.profile.ModelProfile;
import dev.signalbox.simulator.profile.VendorProfile;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * K18 with two workers: both vendors of a route are down for two minutes. Its requests wait and are answered later at the
 * vendors' rate, by the vendors' own log at most 110 % of the limit in any 10 s, and nobody ends FAILED.
 */
@Tag("issue-6")
@Tag("long")
@Timeout(value = 9, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class BothVendorsDownIT {
    private static final int PER_MINUTE = 120;
    private static final long MOST_IN_TEN_SECONDS = (long) (1.1 * PER_MINUTE / 6);
    private static final double PER_SECOND = 2;
    private static final Duration DOWN = Duration.ofMinutes(2);
    private static final Duration PATIENCE = Duration.ofMinutes(4);
    private static final List<String> VENDORS = List.of("one", "two");

    @Test
    void whatWaitedIsAnsweredAtTheVendorsRate(@TempDir Path folder) throws Exception {
        ModelProfile answers = ModelProfile.paced(20, 10)
                .withLimits(Limits.NONE.withRequestsPerMinute(PER_MINUTE));
        try (Fleet fleet = Fleet.start(folder, 1, 2,
                SimulatorOptions.of(VendorProfile.of("one", answers), VendorProfile.of("two", answers)),
                vendors -> """
                        environment: test
                        vendors:
                          one: { family: openai, base_url: "%s" }
                          two: { family: openai, base_url: "%s" }
                        deployments:
                          one/paced: { vendor: one, model_id: paced, limits: { requests_per_minute: %d } }
                          two/paced: { vendor: two, model_id: paced, limits: { requests_per_minute: %d } }
                        pools:
                          main: { use_cases: [otherwise], priorities: [standard] }
                        routes: { paced: { test: { otherwise: { sequence: [one, two] } } } }
                        topics: { partitions: %d }
                        """.formatted(vendors.baseUrl("one"), vendors.baseUrl("two"), PER_MINUTE, PER_MINUTE,
                        Fleet.PARTITIONS),
                System.getProperty("java.class.path"));
                FleetDispatcher dispatcher = fleet.startDispatcher("dispatcher");
                Traffic traffic = new Traffic(fleet.callerProperties(), ReplyReaderOptions.latest())) {
            dispatcher.awaitReady();
            Simulator simulator = fleet.vendors();
            long down;
            long up;
            long waited;
            try (Traffic.Flow flow = traffic.flow("main", PER_SECOND, Integer.MAX_VALUE)) {
                TimeUnit.SECONDS.sleep(20);
                simulator.setFaults(VENDORS.stream().map(vendor -> FaultRule.parse(vendor, "paced", "reset")).toList());
                down = System.currentTimeMillis();
                TimeUnit.MILLISECONDS.sleep(DOWN.toMillis());
                waited = flow.sent() - traffic.answered();
                simulator.setFaults(List.of());
                up = System.currentTimeMillis();
                TimeUnit.SECONDS.sleep(20);
            }
            List<String> shortfalls = traffic.shortfalls(FleetIT.ANSWER, PATIENCE);
            long over = System.currentTimeMillis();
            List<CallRecord> calls = simulator.calls();
            long vain = calls.stream().filter(call -> call.startedMillis() >= down && call.startedMillis() < up)
                    .count();
            System.out.printf(Locale.ROOT,
                    "K18: both down for %d s: %d waited, %d calls in vain; all %d answered %d s after; most in 10 s: one %d, two %d (of %d)%n",
                    DOWN.toSeconds(), waited, vain, traffic.asked(), (over - up) / 1_000, most(calls, "one", up),
                    most(calls, "two", up), MOST_IN_TEN_SECONDS);
            assertThat(shortfalls).isEmpty();
            for (String vendor : VENDORS) {
                assertThat(most(calls, vendor, up)).as(vendor).isLessThanOrEqualTo(MOST_IN_TEN_SECONDS);
                assertThat(simulator.meter(vendor, "paced").refused()).as("refused by %s", vendor).isZero();
            }
            assertThat(vain).as("calls while both were down: to find it, and to try them").isLessThan(100);
        }
    }

    /** Calls in the fullest 10 s that began after both were up. */
    private static long most(List<CallRecord> calls, String vendor, long fromMillis) {
        List<Long> starts = calls.stream().filter(call -> call.vendor().equals(vendor)).map(CallRecord::startedMillis)
                .filter(at -> at >= fromMillis).sorted().toList();
        return starts.stream()
                .mapToLong(from -> starts.stream().filter(at -> at >= from && at < from + 10_000).count()).max()
                .orElse(0);
    }
}
