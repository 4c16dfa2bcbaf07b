package dev.signalbox.dispatcher.health;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.dispatcher.health.ProbedFleet.Bug;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * While the dispatcher is there, one call at a time of the whole fleet probes an ejected deployment, however late records are, whoever
 * dies and however long calls take; and a deployment whose vendor has recovered is probed until it is healed.
 */
@Tag("issue-5")
@Tag("issue-6")
class ProbeSimulationTest {
    private static final int SHORT_SEEDS = 300;
    private static final int LONG_SEEDS = 10_000;
    private static final int UNTIL_FOUND = 400;
    private static final int MOST_SHOWN = 10;

    @Test
    void oneCallAtATimeProbesAndHealsInTheEnd() {
        run(SHORT_SEEDS);
    }

    @Test
    @Tag("long")
    void oneCallAtATimeProbesAndHealsInTheEndForThousandsOfSeeds() {
        run(LONG_SEEDS);
    }

    private record Judged(String found, int probes, int ejections) {
        static Judged of(long seed) {
            ProbedFleet fleet = new ProbedFleet(seed, Bug.NONE);
            return new Judged(fleet.judged(), fleet.probes, fleet.ejections);
        }
    }

    private static void run(int seeds) {
        List<Judged> judged = LongStream.rangeClosed(1, seeds).parallel().mapToObj(Judged::of).toList();
        assertThat(judged.stream().map(Judged::found).filter(found -> !found.isEmpty()).limit(MOST_SHOWN)).isEmpty();
        int probes = judged.stream().mapToInt(Judged::probes).sum();
        int ejections = judged.stream().mapToInt(Judged::ejections).sum();
        assertThat(probes).as("it is probed").isGreaterThan(5 * seeds);
        assertThat(ejections).as("it is ejected").isGreaterThan(2 * seeds);
        System.out.printf("probes: %d seeds, %d ejections, %d probes, never two at once%n", seeds, ejections, probes);
    }

    @ParameterizedTest
    @EnumSource(value = Bug.class, mode = EnumSource.Mode.EXCLUDE, names = "NONE")
    void aPlantedBugIsFound(Bug bug) {
        for (long seed = 1; seed <= UNTIL_FOUND; seed++) {
            String found = new ProbedFleet(seed, bug).judged();
            if (found.contains("while the probe of")) {
                System.out.printf("probes: %s found by %s%n", bug, found);
                return;
            }
        }
        throw new AssertionError(bug + " was not found in " + UNTIL_FOUND + " seeds");
    }
}
