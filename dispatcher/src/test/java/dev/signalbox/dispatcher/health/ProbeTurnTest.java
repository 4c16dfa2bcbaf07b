package dev.signalbox.dispatcher.health;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.signalbox.dispatcher.health.ProbeTransitions.Phase;
import dev.signalbox.dispatcher.health.ProbeTransitions.Signal;
import dev.signalbox.dispatcher.health.ProbeTransitions.Transition;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Bar 3 of issue 5 for the turns of probes. */
@Tag("issue-5")
@Tag("issue-6")
class ProbeTurnTest {
    private static final long SEED = 20_261_122;
    private static final Duration LONGEST_CALL = Duration.ofMinutes(2);
    private static final List<String> NAMES = List.of("a", "b", "c");

    /** In random use each move of the table is made and no other one; fails when a row is added that nothing reaches. */
    @Test
    void everyMoveOfTheTableIsMadeAndNoOther() {
        SplittableRandom random = new SplittableRandom(SEED);
        Set<Transition> made = new HashSet<>();
        for (int run = 0; run < 200; run++) {
            List<String> workers = NAMES.subList(0, random.nextInt(3));
            ProbeTurn turn = ProbeTurn.of(workers, random.nextInt(workers.size() + 1)).begin(1_000);
            long now = 1_000;
            long until = turn.phase() == Phase.GIVEN ? turn.untilMillis() : 0;
            for (int step = 0; step < 60; step++) {
                now += random.nextLong(random.nextInt(10) == 0 ? 200_000 : 3_000);
                String worker = NAMES.get(random.nextInt(NAMES.size()));
                ProbeTurn after;
                Signal signal;
                switch (random.nextInt(4)) {
                    case 0 -> {
                        after = turn.at(now, LONGEST_CALL);
                        signal = after.worker() == null ? Signal.OPENED : Signal.PASSED_ON;
                    }
                    case 1 -> {
                        after = turn.started(worker, "call " + step, now);
                        signal = Signal.STARTED;
                    }
                    case 2 -> {
                        after = turn.claimed(worker, now);
                        signal = Signal.CLAIMED;
                    }
                    default -> {
                        after = turn.ended(worker, turn.call(), now);
                        signal = Signal.ENDED;
                    }
                }
                if (!after.equals(turn)) {
                    if (after.phase() == Phase.GIVEN) {
                        assertThat(after.untilMillis()).as("seed %d: a turn of its own", SEED).isGreaterThan(until);
                        until = after.untilMillis();
                    }
                    made.add(new Transition(turn.phase(), signal, after.phase()));
                }
                assertThat(after.runs() && after.worker() == null).as("seed %d: nobody's call runs", SEED).isFalse();
                turn = after;
            }
        }
        assertThat(made).as("seed %d", SEED).containsExactlyInAnyOrderElementsOf(ProbeTransitions.TABLE);
    }

    @Test
    void movesThatAreNotInTheTableThrow() {
        int legal = 0;
        for (Phase from : Phase.values()) {
            for (Signal signal : Signal.values()) {
                if (ProbeTransitions.TABLE.stream().anyMatch(move -> move.from() == from && move.signal() == signal)) {
                    legal++;
                    continue;
                }
                assertThatThrownBy(() -> ProbeTransitions.next(from, signal)).isInstanceOf(IllegalStateException.class)
                        .hasMessage("no move out of " + from + " by " + signal);
            }
        }
        assertThat(legal).as("no two rows of one phase and signal").isEqualTo(ProbeTransitions.TABLE.size());
    }

    @Test
    void nobodyElsesCallMovesATurnThatIsGiven() {
        ProbeTurn given = ProbeTurn.of(List.of("a", "b"), 0).begin(1_000);

        assertThat(given.started("b", "1", 2_000)).isEqualTo(given);
        assertThat(given.claimed("b", 2_000)).isEqualTo(given);
        assertThat(given.claimed("a", 2_000)).isEqualTo(given);
        assertThat(given.ended("b", "1", 2_000)).isEqualTo(given);
        assertThat(given.started("a", "1", 2_000).started("a", "2", 3_000).sinceMillis()).as("the first of its calls")
                .isEqualTo(2_000);
    }

    @Test
    void anOpenTurnIsWhosesClaimComesFirst() {
        ProbeTurn open = ProbeTurn.of(List.of(), 0).begin(1_000);

        ProbeTurn claimed = open.claimed("a", 2_000).claimed("b", 2_000);

        assertThat(claimed.worker()).isEqualTo("a");
        assertThat(claimed.untilMillis()).isEqualTo(7_000);
        assertThat(claimed.at(6_999, LONGEST_CALL)).isEqualTo(claimed);
        assertThat(claimed.at(7_000, LONGEST_CALL).phase()).isEqualTo(Phase.OPEN);
    }

    @Test
    void aCallThatRunsIsWaitedForAsLongAsAnyMayTake() {
        ProbeTurn running = ProbeTurn.of(List.of(), 0).begin(1_000).claimed("a", 2_000).started("a", "1", 3_000);

        assertThat(running.at(3_000 + LONGEST_CALL.toMillis() - 1, LONGEST_CALL)).isEqualTo(running);
        assertThat(running.at(3_000 + LONGEST_CALL.toMillis(), LONGEST_CALL).phase()).isEqualTo(Phase.OPEN);
        assertThat(running.next(List.of("b"), 0).begin(60_000).worker()).as("beyond its probing").isEqualTo("a");
    }

    @Test
    void onlyItsOwnEndEndsACall() {
        ProbeTurn running = ProbeTurn.of(List.of(), 0).begin(1_000).claimed("a", 2_000).started("a", "1", 3_000);

        assertThat(running.ended("a", "of long ago", 4_000)).isEqualTo(running);
        assertThat(running.ended("a", "1", 3_000).untilMillis()).as("another turn")
                .isGreaterThan(running.untilMillis() + ProbeTurn.TURN.toMillis());
    }

    /** Events come twice, and an end may come before its start: they are written by two producers. */
    @Test
    void whatHasEndedDoesNotBeginAgain() {
        ProbeTurn given = ProbeTurn.of(List.of(), 0).begin(1_000).claimed("a", 2_000);

        ProbeTurn ended = given.started("a", "1", 3_000).ended("a", "1", 4_000);
        assertThat(ended.started("a", "1", 4_001)).isEqualTo(ended);
        ProbeTurn before = given.ended("a", "1", 3_000);
        assertThat(before.started("a", "1", 3_001)).isEqualTo(before);
        assertThat(before.untilMillis()).as("the same turn").isEqualTo(given.untilMillis());
    }
}
