package dev.signalbox.system.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.simulator.Simulator;
import dev.signalbox.simulator.SimulatorOptions;
import dev.signalbox.simulator.fault.FaultRule;
import dev.signalbox.simulator.profile.ModelProfile;
import dev.signalbox.simulator.profile.VendorProfile;
import dev.signalbox.system.Installation;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * One of two deployments is fully down, through Kafka and one worker: nearly all requests are served, and once its breaker
 * is open they take no longer than before. What a request took is the worker's own time, from dispatch to reply.
 */
@Tag("issue-3")
class OneOfTwoDownIT {
    private static final Lane LANE = new Lane(new PoolName("main"), Priority.STANDARD);
    private static final int A_SECOND = 80;
    private static final Duration WELL = Duration.ofSeconds(3);
    private static final Duration DOWN = Duration.ofSeconds(7);
    /** By then the breaker is open: it takes five requests. */
    private static final Duration OPENING = Duration.ofSeconds(1);
    private static final double WANTED = 0.999;
    private static final double MOST_ADDED_MILLIS = 5;

    private record Served(long askedNanos, Caller.Answer answer) {
        double millis() {
            return answer.reply().getTimings().getTotalMillis();
        }
    }

    @Test
    @Tag("long")
    void nearly_all_are_served_and_hardly_any_time_is_added(@TempDir Path folder) throws Exception {
        run(folder, List.of("sequence"));
    }

    @Test
    @Tag("long")
    void nearly_all_are_served_by_every_strategy(@TempDir Path folder) throws Exception {
        run(folder, List.of("sequence", "balanced", "latency"));
    }

    private static void run(Path folder, List<String> strategies) throws Exception {
        ModelProfile answers = ModelProfile.paced(ModelProfile.FIXED_ANSWER_TOKENS, 1);
        SimulatorOptions vendors = SimulatorOptions.of(VendorProfile.of("one", answers),
                VendorProfile.of("two", answers));
        try (Installation installation = Installation.start(folder, vendors, OneOfTwoDownIT::configuration);
                Caller caller = new Caller(installation.callerProperties(), LANE)) {
            ask(caller, "warm", Duration.ofSeconds(3));
            for (String strategy : strategies) {
                installation.simulator().setFaults(List.of());
                installation.simulator().reset();
                List<Served> well = ask(caller, strategy, WELL);
                installation.simulator().setFaults(List.of(FaultRule.parse("one", strategy, "reset")));
                long downNanos = System.nanoTime();
                List<Served> down = ask(caller, strategy, DOWN);
                judge(installation.simulator(), strategy, well, down, downNanos);
            }
        }
    }

    private static void judge(Simulator simulator, String strategy, List<Served> well, List<Served> down,
            long downNanos) {
        List<Served> open = down.stream().filter(each -> each.askedNanos() - downNanos > OPENING.toNanos()).toList();
        long ok = down.stream().filter(each -> each.answer().reply().getStatus() == ReplyStatus.COMPLETED).count();
        double share = (double) ok / down.size();
        double added = percentile(open, 0.5) - percentile(well, 0.5);
        long failing = simulator.calls().stream().filter(call -> call.fault() != null).count();
        System.out.printf(Locale.ROOT,
                "one of two down, %-8s: %d of %d served (%.2f %%), %d calls met the outage; ms median %.0f → %.0f,"
                        + " mean %.1f → %.1f, p99 %.0f → %.0f%n",
                strategy, ok, down.size(), share * 100, failing, percentile(well, 0.5), percentile(open, 0.5),
                mean(well), mean(open), percentile(well, 0.99), percentile(open, 0.99));
        assertThat(share).as(strategy).isGreaterThanOrEqualTo(WANTED);
        assertThat(added).as("ms added to the median, %s", strategy).isLessThan(MOST_ADDED_MILLIS);
        assertThat(failing).as("calls that met the outage, %s", strategy).isBetween(1L, 30L);
    }

    private static List<Served> ask(Caller caller, String model, Duration time) throws Exception {
        List<CompletableFuture<Served>> asked = new ArrayList<>();
        CountDownLatch left = new CountDownLatch((int) (A_SECOND * time.toSeconds()));
        try (ScheduledExecutorService pacer = Executors.newSingleThreadScheduledExecutor()) {
            var pace = pacer.scheduleAtFixedRate(() -> {
                if (left.getCount() > 0) {
                    long start = System.nanoTime();
                    Family family = Family.OPENAI;
                    asked.add(caller.ask(Caller.request(model + "-" + start, model, family.format, family.body(model),
                            true, Duration.ofSeconds(30))).thenApply(answer -> new Served(start, answer)));
                    left.countDown();
                }
            }, 0, 1_000_000 / A_SECOND, TimeUnit.MICROSECONDS);
            assertThat(left.await(time.toSeconds() + 60, TimeUnit.SECONDS)).isTrue();
            pace.cancel(false);
        }
        List<Served> served = new ArrayList<>();
        for (CompletableFuture<Served> each : asked) {
            served.add(each.get(60, TimeUnit.SECONDS));
        }
        return served;
    }

    private static double percentile(List<Served> served, double part) {
        double[] millis = served.stream().mapToDouble(Served::millis).sorted().toArray();
        return millis[(int) Math.min(millis.length - 1, part * millis.length)];
    }

    private static double mean(List<Served> served) {
        return served.stream().mapToDouble(Served::millis).average().orElseThrow();
    }

    private static String configuration(Simulator simulator) {
        StringBuilder deployments = new StringBuilder();
        StringBuilder routes = new StringBuilder();
        Map.of("warm", "sequence: [one, two]", "sequence", "sequence: [one, two]", "balanced",
                "load_balanced: { one: 50, two: 50 }", "latency", "latency_based: [one, two]")
                .forEach((model, strategy) -> {
                    for (String place : List.of("one", "two")) {
                        deployments.append("  %1$s/%2$s: { vendor: %1$s, model_id: %2$s }%n".formatted(place, model));
                    }
                    routes.append("  %s: { test: { otherwise: { %s } } }%n".formatted(model, strategy));
                });
        return """
                environment: test
                vendors:
                  one: { family: openai, base_url: "%s" }
                  two: { family: openai, base_url: "%s" }
                deployments:
                %spools:
                  main: { use_cases: [otherwise], priorities: [standard] }
                routes:
                %stopics: { partitions: 4 }
                """.formatted(simulator.baseUrl("one"), simulator.baseUrl("two"), deployments, routes);
    }
}
