package dev.signalbox.system.simulation;

import static dev.signalbox.system.broken.Switch.doesNotAsk;
import static dev.signalbox.system.broken.Switch.doesNothing;
import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.system.broken.Switch;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * Whole workers under everything that happens to processes, brokers, vendors and records, thousands of seeds of it; see
 * {@code docs/simulation.md}. A red seed is told with its trace and how to run it again.
 */
@Tag("issue-4")
class WorkerSimulationTest {
    private static final String INTAKE = "dev.signalbox.workers.intake.";
    private static final String REPLY = "dev.signalbox.workers.reply.";
    private static final int TRACE_LINES = 80;

    @Test
    void five_hundred_seeds_keep_the_guarantees_and_every_fault_meets_every_stage() {
        assertThat(simulate(500).values()).as("each fault at each stage").allMatch(count -> count > 0);
    }

    @Test
    @Tag("long")
    void ten_thousand_seeds_keep_the_guarantees_and_every_fault_meets_every_stage_a_hundred_times() {
        assertThat(simulate(10_000).values()).as("each fault at each stage").allMatch(count -> count >= 100);
    }

    @Test
    void a_seed_is_the_same_run_each_time_and_in_each_world() {
        try (Simulations one = new Simulations(List.of()); Simulations other = new Simulations(List.of())) {
            List<Long> hashes = one.run(1, 15, Simulations.Mode.ALL).hashes();
            assertThat(hashes).doesNotHaveDuplicates();
            assertThat(one.run(1, 15, Simulations.Mode.ALL).hashes()).isEqualTo(hashes);
            assertThat(other.run(1, 15, Simulations.Mode.RECORDED).hashes()).isEqualTo(hashes);
        }
    }

    @TestFactory
    Stream<DynamicTest> a_planted_bug_is_found_within_a_thousand_seeds() {
        return Stream.of(
                planted("commit ahead",
                        new Switch(INTAKE + "OffsetLedger", "committable", new Switch.Off.AnswersLike("position"))),
                planted("lost completion", doesNothing(REPLY + "ReplyPublisher", "again")),
                planted("missing epoch check", doesNotAsk(INTAKE + "LaneLedger", "completed", "epoch", 0)),
                planted("completion before the reply's acknowledgement",
                        new Switch(REPLY + "ReplyPublisher", "publish", new Switch.Off.RunsAtOnce(2))));
    }

    private static DynamicTest planted(String bug, Switch off) {
        return DynamicTest.dynamicTest(bug, () -> {
            try (Simulations simulations = new Simulations(List.of(off))) {
                Simulations.Outcome outcome = simulations.run(1, 1_000, Simulations.Mode.UNTIL_VIOLATION);
                assertThat(outcome.violations()).as(bug).isNotEmpty();
                outcome.violations().forEach((seed, violations) -> System.out.println(
                        "planted bug \"" + bug + "\" found at seed " + seed + ": " + violations.getFirst()));
            }
        });
    }

    /** {@code -Dsimulation.seed=N}: that seed alone, with its whole trace. */
    @Test
    @EnabledIfSystemProperty(named = "simulation.seed", matches = "\\d+")
    void replay() {
        try (Simulations simulations = new Simulations(List.of())) {
            Simulations.Outcome outcome = simulations.run(Long.getLong("simulation.seed"), 1,
                    Simulations.Mode.RECORDED);
            outcome.trace().forEach(System.out::println);
            assertThat(outcome.violations()).isEmpty();
        }
    }

    /** Runs the seeds from 1 on and answers how often each fault met each stage. */
    private static Map<String, Integer> simulate(int seeds) {
        try (Simulations simulations = new Simulations(List.of())) {
            long started = System.nanoTime();
            Simulations.Outcome outcome = simulations.run(1, seeds, Simulations.Mode.ALL);
            double seconds = (System.nanoTime() - started) / 1e9;
            System.out.printf(Locale.ROOT,
                    "%d seeds in %.1f s, %.0f a second, %d steps each; faults met at stages:%n%s%n",
                    seeds, seconds, seeds / seconds, outcome.steps() / seeds, table(outcome.coverage()));
            outcome.violations().keySet().stream().limit(1).forEach(seed -> tell(simulations, seed));
            assertThat(outcome.violations()).as("violations by seed").isEmpty();
            return outcome.coverage();
        }
    }

    private static void tell(Simulations simulations, long seed) {
        List<String> trace = simulations.run(seed, 1, Simulations.Mode.RECORDED).trace();
        trace.subList(Math.max(0, trace.size() - TRACE_LINES), trace.size()).forEach(System.out::println);
        System.out.println("seed " + seed + " again, with its whole trace: mvn -q -Pquick test -pl system-tests -am"
                + " -Dtest=WorkerSimulationTest#replay -Dsimulation.seed=" + seed
                + " -Dsurefire.failIfNoSpecifiedTests=false");
    }

    private static String table(Map<String, Integer> coverage) {
        List<String> lines = new ArrayList<>();
        StringBuilder head = new StringBuilder(String.format("%-17s", ""));
        for (Stage stage : Stage.values()) {
            head.append(String.format("%11s", stage));
        }
        lines.add(head.toString());
        for (Fault fault : Fault.values()) {
            StringBuilder line = new StringBuilder(String.format("%-17s", fault));
            for (Stage stage : Stage.values()) {
                line.append(String.format("%11d", coverage.get(Coverage.key(fault, stage))));
            }
            lines.add(line.toString());
        }
        return String.join(System.lineSeparator(), lines);
    }
}
