package dev.signalbox.workers;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.workers.WaitingPlan.Bug;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Requests that cannot be served now: whatever the seed, nobody waits behind a closed route, out of turn or without end. */
@Tag("issue-7")
class WaitingSimulationTest {
    private static final int SEEDS = 500;
    private static final String REPLAY = "replay: -Dtest=WaitingSimulationTest#replay -Dwaiting.seed=N";

    private record Red(long seed, List<String> violations) {
    }

    private static List<Red> reds(long from, long to, Bug bug) {
        List<Red> reds = new ArrayList<>();
        long parked = 0;
        long retried = 0;
        long answered = 0;
        long cancelled = 0;
        long expired = 0;
        long latest = 0;
        long unread = 0;
        long calledAgain = 0;
        long pastParked = 0;
        long requests = 0;
        long began = System.nanoTime();
        for (long seed = from; seed < to; seed++) {
            WaitingWorld world = new WaitingWorld(seed, bug, null);
            List<String> violations = world.run();
            if (!violations.isEmpty()) {
                reds.add(new Red(seed, violations));
                if (bug != Bug.NONE) {
                    break;
                }
            }
            requests += world.requests.size();
            parked += world.judge.parked;
            retried += world.judge.retried;
            answered += world.judge.answered;
            cancelled += world.judge.cancelled;
            expired += world.judge.expired;
            calledAgain += world.judge.retries;
            pastParked += world.judge.pastParked;
            unread = Math.max(unread, world.judge.mostUnread);
            latest = Math.max(latest, world.judge.latestMillis);
        }
        System.out.printf(
                "waiting, %s: seeds %d to %d in %d ms, %d red; %d requests: %d answered, %d cancelled, %d expired,"
                        + " %d published again, of them %d parked; the latest after %d ms, at most %d unread"
                        + " before one; %d calls of retries, %d first calls while an older one was parked%n",
                bug, from, to - 1, (System.nanoTime() - began) / 1_000_000, reds.size(), requests, answered, cancelled,
                expired, retried, parked, latest, unread, calledAgain, pastParked);
        reds.stream().limit(12).forEach(red -> System.out.println(red.seed + " " + red.violations.getFirst()));
        return reds;
    }

    @Test
    void nobody_waits_behind_a_closed_route() {
        assertThat(reds(0, SEEDS, Bug.NONE).size()).as(REPLAY).isZero();
    }

    @Test
    @Tag("long")
    void nobody_does_in_ten_thousand() {
        assertThat(reds(SEEDS, 10_000, Bug.NONE).size()).as(REPLAY).isZero();
    }

    @ParameterizedTest
    @EnumSource(value = Bug.class, mode = EnumSource.Mode.EXCLUDE, names = {"NONE", "PARKED_COME_BACK_BY_AGE"})
    void each_planted_bug_is_found(Bug bug) {
        assertThat(reds(0, SEEDS, bug)).hasSize(1);
    }

    @Test
    @EnabledIfSystemProperty(named = "waiting.seed", matches = "\\d+")
    void replay() {
        long seed = Long.parseLong(System.getProperty("waiting.seed", "0"));
        assertThat(new WaitingWorld(seed, Bug.NONE, System.out::println).run()).isEmpty();
    }
}
