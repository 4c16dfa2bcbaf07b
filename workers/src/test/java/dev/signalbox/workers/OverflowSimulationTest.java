package dev.signalbox.workers;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.workers.OverflowWorld.Bug;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Tenants that flood a lane go by its overflow topic, and come back: whatever the seed, nothing is lost, nobody's requests
 * overtake each other, who asks for little waits little, and who is calm is not diverted.
 */
@Tag("issue-6")
class OverflowSimulationTest {
    private static final int SEEDS = 250;
    private static final int MOST_REDS = 8;

    private static List<String> reds(Bug bug, int seeds) {
        List<String> reds = new ArrayList<>();
        long requests = 0;
        long diverted = 0;
        long modest = 0;
        long back = 0;
        int worlds = 0;
        for (long seed = 0; seed < seeds && reds.size() < (bug == Bug.NONE ? MOST_REDS : 1); seed++) {
            OverflowWorld world = new OverflowWorld(seed, bug);
            List<String> violations = world.run();
            if (!violations.isEmpty()) {
                reds.add("seed " + seed + " " + violations.getFirst());
            }
            requests += world.sent.size();
            diverted += world.diverted;
            worlds += world.diverted > 0 ? 1 : 0;
            modest = Math.max(modest, world.latestModest);
            back = Math.max(back, world.latestBack);
        }
        System.out.printf(
                "overflow, %s: %d red; %d requests, %d diverted in %d worlds; the longest wait of a modest tenant %d ms, diverted at most %d ms after his last%n",
                bug, reds.size(), requests, diverted, worlds, modest, back);
        reds.forEach(System.out::println);
        return reds;
    }

    @Test
    void a_flood_goes_by_the_overflow_topic_and_comes_back() {
        assertThat(reds(Bug.NONE, SEEDS)).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(value = Bug.class, mode = EnumSource.Mode.EXCLUDE, names = "NONE")
    void each_planted_bug_is_found(Bug bug) {
        assertThat(reds(bug, SEEDS)).hasSize(1);
    }
}
