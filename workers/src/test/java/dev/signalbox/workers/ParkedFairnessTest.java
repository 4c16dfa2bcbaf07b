package dev.signalbox.workers;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.workers.WaitingPlan.Bug;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/** After an outage in which one tenant flooded a route: whoever waits there is not served behind what is parked of him. */
@Tag("issue-6")
class ParkedFairnessTest {
    private static final int SEEDS = 40;
    /** What docs/tenants.md states. */
    private static final int MOST_PASSED = 150;
    private static final String REPLAY = "replay: -Dtest=ParkedFairnessTest#replay -Dwaiting.seed=N";

    private record Seen(long seed, int mostPassed, long again, int requests, List<String> violations) {
    }

    private static List<Seen> run(long from, long to, Bug bug) {
        List<Seen> seen = new ArrayList<>();
        for (long seed = from; seed < to; seed++) {
            WaitingWorld world = new WaitingWorld(seed, bug, null, WaitingPlan::flooded);
            List<String> violations = world.run();
            seen.add(new Seen(seed, world.judge.mostPassed, world.judge.retried, world.requests.size(), violations));
        }
        seen.sort(Comparator.comparingInt(Seen::mostPassed));
        System.out.printf(
                "parked, %s: seeds %d to %d: most calls of one tenant while another one waited: median %d, at most"
                        + " %s; %.1f times published again for each request%n",
                bug, from, to - 1,
                seen.get(seen.size() / 2).mostPassed, seen.getLast(),
                seen.stream().mapToLong(Seen::again).sum()
                        / (double) seen.stream().mapToInt(Seen::requests).sum());
        return seen;
    }

    private static void judge(List<Seen> seen) {
        assertThat(seen).as(REPLAY).allSatisfy(each -> {
            assertThat(each.violations).as("seed " + each.seed).isEmpty();
            assertThat(each.mostPassed).as("seed " + each.seed).isBetween(1, MOST_PASSED);
        });
    }

    @Test
    void nobody_is_served_behind_what_is_parked_of_another_one() {
        judge(run(0, SEEDS, Bug.NONE));
    }

    @Test
    @Tag("long")
    void nobody_is_in_a_thousand() {
        judge(run(SEEDS, 1_000, Bug.NONE));
    }

    @Test
    void the_judge_sees_who_is() {
        assertThat(run(0, 5, Bug.PARKED_COME_BACK_BY_AGE).getLast().mostPassed).isGreaterThan(MOST_PASSED);
    }

    @Test
    @EnabledIfSystemProperty(named = "waiting.seed", matches = "\\d+")
    void replay() {
        long seed = Long.parseLong(System.getProperty("waiting.seed", "0"));
        WaitingWorld world = new WaitingWorld(seed, Bug.NONE, System.out::println, WaitingPlan::flooded);
        assertThat(world.run()).isEmpty();
        assertThat(world.judge.mostPassed).isLessThanOrEqualTo(MOST_PASSED);
    }
}
