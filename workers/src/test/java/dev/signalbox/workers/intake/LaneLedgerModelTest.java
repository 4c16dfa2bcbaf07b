package dev.signalbox.workers.intake;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.EnumMap;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Several workers, one broker, and everything that can happen to commits and partitions, at random. */
@Tag("issue-4")
class LaneLedgerModelTest {

    @Test
    void no_commit_passes_what_is_incomplete() {
        run(1, 10, 2_000);
    }

    @Test
    @Tag("long")
    void no_commit_passes_what_is_incomplete_in_a_million_steps() {
        run(1_001, 50, 20_000);
    }

    private static void run(long firstSeed, int seeds, int steps) {
        Map<LedgerWorld.Event, Integer> seen = new EnumMap<>(LedgerWorld.Event.class);
        for (long seed = firstSeed; seed < firstSeed + seeds; seed++) {
            try {
                LedgerWorld world = new LedgerWorld(seed);
                for (int step = 0; step < steps; step++) {
                    world.step();
                }
                world.settle();
                world.seen().forEach((event, count) -> seen.merge(event, count, Integer::sum));
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError("seed " + seed, e);
            }
        }
        assertThat(seen).as("each event happened").containsOnlyKeys(LedgerWorld.Event.values());
    }
}
