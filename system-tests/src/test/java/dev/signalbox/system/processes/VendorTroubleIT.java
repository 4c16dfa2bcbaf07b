package dev.signalbox.system.processes;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.signalbox.schemas.client.ReplyReaderOptions;
import dev.signalbox.simulator.Simulator;
import dev.signalbox.simulator.SimulatorOptions;
import dev.signalbox.simulator.fault.FaultRule;
import dev.signalbox.simulator.meter.CallRecord;
import dev.signalbox.simulator.profile.Distribution;
import dev.signalbox.simulator.profile.ModelProfile;
import dev.signalbox.simulator.profile.VendorProfile;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.DoubleStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * K14 and K17 with three workers and a dispatcher as processes, all at once: of four models, each served by two vendors, three become
 * slow at the first vendor, each in its way, and one fails a quarter of its calls there. One run of six minutes is judged by
 * all tests. K17's hours are compressed: nothing that decides looks back further than 10 min (ejections) and 60 s (failures), and
 * 30 requests a second are in six minutes as many as three a second in an hour; two hours are simulated in
 * {@code VendorTroubleSimulationTest}.
 */
@Tag("issue-5")
@Tag("long")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 12, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class VendorTroubleIT {
    private static final int TOKENS = 20;
    private static final double PER_SECOND = 15;
    private static final String BROWNED_OUT = "brownout";
    private static final double BROWNED_OUT_PER_SECOND = 30;
    private static final Duration BEFORE = Duration.ofSeconds(30);
    private static final Duration JUDGED = Duration.ofSeconds(Integer.getInteger("signalbox.trouble.seconds", 300));
    /** A ramp has ended by then, and ten seconds more have gone. */
    private static final Duration TROUBLE = JUDGED.plusSeconds(22);
    private static final Duration STEP = Duration.ofMillis(250);
    private static final Duration WINDOW = Duration.ofSeconds(10);

    private static final double USUAL_MILLIS = 200;

    /** How a vendor whose first token comes after 200 ms becomes slower. */
    enum Slowness {
        /** Five times at once. */
        STEP {
            @Override
            double millis(double seconds) {
                return 1_000;
            }
        },
        /** To ten times within 10 s. */
        RAMP {
            @Override
            double millis(double seconds) {
                return 200 + Math.min(1, seconds / 10) * 1_800;
            }
        },
        /** Twenty times, for one second of each three. */
        SPIKES {
            @Override
            double millis(double seconds) {
                return seconds % 3 < 1 ? 4_000 : 600;
            }
        };

        abstract double millis(double seconds);

        String model() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    private List<CallRecord> calls = List.of();
    private List<String> shortfalls = List.of();
    private long troubleMillis;
    private long requests;
    private long changes;

    private static String yaml(URI one, URI two, URI frail) {
        StringBuilder deployments = new StringBuilder();
        StringBuilder routes = new StringBuilder();
        for (Slowness each : Slowness.values()) {
            routes.append("  %s: { test: { otherwise: { latency_based: [one, two], call: streamed } } }%n"
                    .formatted(each.model()));
            deployments.append(deployments(each.model()));
        }
        routes.append("  %s: { test: { otherwise: { sequence: [frail, two] } } }%n".formatted(BROWNED_OUT));
        return """
                environment: test
                vendors:
                  one: { family: openai, base_url: "%s" }
                  two: { family: openai, base_url: "%s" }
                  frail: { family: openai, base_url: "%s" }
                pools:
                  main: { use_cases: [otherwise], priorities: [standard] }
                topics: { partitions: %d }
                deployments:
                %sroutes:
                %s""".formatted(one, two, frail, Fleet.PARTITIONS,
                deployments.append(deployments(BROWNED_OUT).replace("one", "frail")), routes);
    }

    private static String deployments(String model) {
        return "  one/%s: { vendor: one, model_id: %s }%n  two/%s: { vendor: two, model_id: %s }%n".formatted(model,
                model, model, model);
    }

    @BeforeAll
    void run(@TempDir Path folder) throws Exception {
        ModelProfile answers = ModelProfile.paced(TOKENS, 1)
                .withFirstTokenMillis(Distribution.parse("uniform:160:240"));
        // Of its own, since a plan that changes begins its chances again.
        try (Simulator frail = Simulator.start(SimulatorOptions.of(VendorProfile.of("frail", answers))
                .withLogCapacity(100_000));
                Fleet fleet = Fleet.start(folder, 1, 3,
                        SimulatorOptions.of(VendorProfile.of("one", answers), VendorProfile.of("two", answers)),
                        vendors -> yaml(vendors.baseUrl("one"), vendors.baseUrl("two"), frail.baseUrl("frail")),
                        System.getProperty("java.class.path"));
                FleetDispatcher dispatcher = fleet.startDispatcher("dispatcher");
                Traffic traffic = new Traffic(fleet.callerProperties(), ReplyReaderOptions.latest())) {
            dispatcher.awaitReady();
            List<Traffic.Flow> flows = new ArrayList<>();
            for (Slowness each : Slowness.values()) {
                flows.add(traffic.flowOf(each.model(), PER_SECOND));
            }
            flows.add(traffic.flowOf(BROWNED_OUT, BROWNED_OUT_PER_SECOND));
            Thread.sleep(BEFORE);
            long before = version(dispatcher);
            troubleMillis = System.currentTimeMillis();
            frail.setFaults(List.of(FaultRule.parse("frail", BROWNED_OUT, "overloaded,p=0.25")));
            makeTrouble(fleet);
            changes = version(dispatcher) - before;
            flows.forEach(Traffic.Flow::close);
            requests = flows.getLast().sent();
            shortfalls = traffic.shortfalls(FleetIT.ANSWER, Duration.ofSeconds(60));
            calls = new ArrayList<>(fleet.vendors().calls());
            calls.addAll(frail.calls());
        }
    }

    private static long version(FleetDispatcher dispatcher) throws InterruptedException {
        JsonNode seen = dispatcher.deployment("frail/" + BROWNED_OUT);
        return Objects.requireNonNull(seen, "the dispatcher knows it").get("version").asLong();
    }

    private void makeTrouble(Fleet fleet) throws InterruptedException {
        double seconds = 0;
        while (seconds < TROUBLE.toSeconds()) {
            List<FaultRule> rules = new ArrayList<>();
            for (Slowness each : Slowness.values()) {
                rules.add(FaultRule.parse("one", each.model(),
                        "first_token:" + Math.round(each.millis(seconds) - USUAL_MILLIS) + "ms"));
            }
            fleet.vendors().setFaults(rules);
            Thread.sleep(STEP);
            seconds = (System.currentTimeMillis() - troubleMillis) / 1_000.0;
        }
    }

    /** Part of a model's calls that the second vendor got in a window that begins so long after the trouble. */
    private double share(String model, long fromMillis, Duration length) {
        List<CallRecord> within = calls.stream().filter(call -> call.model().equals(model))
                .filter(call -> call.startedMillis() >= troubleMillis + fromMillis
                        && call.startedMillis() < troubleMillis + fromMillis + length.toMillis())
                .toList();
        return (double) within.stream().filter(call -> call.vendor().equals("two")).count() / within.size();
    }

    @ParameterizedTest
    @EnumSource
    void trafficLeavesASlowVendorInTenSecondsAndDoesNotOscillate(Slowness slowness) {
        // A ramp is a slow vendor once it has got slow.
        long left = (slowness == Slowness.RAMP ? 2 : 1) * WINDOW.toMillis();
        double[] shares = LongStream
                .iterate(left, from -> from + WINDOW.toMillis() <= left + JUDGED.toMillis(),
                        from -> from + WINDOW.toMillis())
                .mapToDouble(from -> share(slowness.model(), from, WINDOW)).toArray();
        double mean = DoubleStream.of(shares).average().orElseThrow();
        double deviation = Math.sqrt(DoubleStream.of(shares).map(share -> (share - mean) * (share - mean)).average()
                .orElseThrow());
        System.out.printf(
                "K14, %s: %.1f %% moved in the first 10 s after, %.1f %% on average of %d s, deviation %.1f %%"
                        + " (at least %.1f %%)%n",
                slowness, 100 * shares[0], 100 * mean, JUDGED.toSeconds(), 100 * deviation,
                100 * DoubleStream.of(shares).min().orElseThrow());
        // Two that are equally fast share a route, but within their tie band not evenly.
        assertThat(share(slowness.model(), -20_000, Duration.ofSeconds(20))).as("before").isBetween(0.2, 0.65);
        assertThat(shares[0]).as("moved").isGreaterThanOrEqualTo(0.9);
        assertThat(deviation).as("standard deviation of the share per 10 s").isLessThan(0.1);
    }

    @Test
    void aBrownOutCostsLittleAndLosesNothing() {
        long made = calls.stream().filter(call -> call.model().equals(BROWNED_OUT)).count();
        long lost = shortfalls.stream().filter(request -> request.startsWith(BROWNED_OUT)).count();
        double minutes = TROUBLE.toSeconds() / 60.0;
        System.out.printf("K17: %d of %d answered, %.1f %% extra calls, %d changes of state in %.1f min%n",
                requests - lost, requests, 100.0 * (made - requests) / requests, changes, minutes);
        assertThat((double) lost / requests).as(shortfalls.toString()).isLessThanOrEqualTo(0.0001);
        assertThat((double) (made - requests) / requests).as("extra calls").isLessThanOrEqualTo(0.2);
        // The first one finds it out; after that, as many as are fewer than ten an hour.
        assertThat(changes).as("changes of state").isBetween(1L, 1 + (long) (10 * minutes / 60));
    }

    @Test
    void noRequestIsLost() {
        assertThat(shortfalls).isEmpty();
    }
}
