package dev.signalbox.workers.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.workers.scheduler.PoolSchedulerBenchmark.Timed;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.VerboseMode;

/** Prints what the scheduler costs a request, and judges its decisions, by JMH in a process of its own. */
@Tag("benchmark")
@Tag("issue-6")
class PoolSchedulerBenchmarkTest {
    private static final double MOST_MICROS = 5;
    /** As the launcher starts a worker, with the heap's sizes fixed. */
    private static final String[] AS_LAUNCHED = {"-XX:+UseSerialGC", "-Xms2g", "-Xmx2g", "-Xmn1g"};
    /** So much dearer may a decision be among a hundred times as many tenants: memory is further away. */
    private static final double FLAT = 1.5;

    private record World(Timed timed, int tenants, int routes, double busy) {
        static World of(RunResult result) {
            return new World(Timed.valueOf(result.getParams().getParam("timed")),
                    Integer.parseInt(result.getParams().getParam("tenants")),
                    Integer.parseInt(result.getParams().getParam("routes")),
                    Double.parseDouble(result.getParams().getParam("busy")));
        }
    }

    @Test
    void a_decision_stays_cheap_as_tenants_and_routes_grow_and_are_busy() throws Exception {
        Map<World, Double> micros = new HashMap<>();
        for (RunResult result : new Runner(new OptionsBuilder().include(PoolSchedulerBenchmark.class.getName() + ".*")
                .forks(1).jvmArgs(AS_LAUNCHED).verbosity(VerboseMode.SILENT).shouldFailOnError(true).build()).run()) {
            // Of a machine with others on it the best iteration tells most of what is measured.
            double best = result.getPrimaryResult().getStatistics().getMin();
            micros.put(World.of(result), best);
            System.out.printf(Locale.ROOT,
                    "scheduler: %,d waiting, %s: %.2f us, on average %.2f +- %.2f%n",
                    PoolSchedulerBenchmark.WAITING, World.of(result), best,
                    result.getPrimaryResult().getScore(),
                    result.getPrimaryResult().getScoreError());
        }
        assertThat(micros).hasSize(24);
        micros.forEach((world, each) -> {
            if (world.timed == Timed.DECISION) {
                assertThat(each).as("us, %s", world).isLessThanOrEqualTo(MOST_MICROS);
            }
        });
        micros.forEach((world, each) -> {
            if (world.tenants == 100_000) {
                assertThat(each).as("%s", world)
                        .isLessThanOrEqualTo(
                                FLAT * micros.get(new World(world.timed, 1_000, world.routes, world.busy)));
            }
        });
    }
}
