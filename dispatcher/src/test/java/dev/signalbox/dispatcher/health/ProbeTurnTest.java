package dev.signalbox.dispatcher.health;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.signalbox.dispatcher.health.ProbeTransitions.Phase;
import dev.signalbox.dispatcher.health.ProbeTransitions.Signal;
import dev.signalbox.dispatcher.health.ProbeTransitions.Transition;
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
    private static final List<String> NAMES = List.of("a", "b", "c");

    /** In random use each move of the table is made and no other one; fails when a row is added that nothing reaches. */
    @Test
    void everyMoveOfTheTableIsMadeAndNoOther() {
        SplittableRandom random = new SplittableRandom(SEED);
        Set<Transition> made = new HashSet<>();
        for (int run = 0; run < 200; run++) {
            List<String> workers = NAMES.subList(0, random.nextInt(3));
            ProbeTurn turn = new ProbeTurn(workers, random.nextInt(workers.size() + 1), null, 0, false).begin(1_000);
            long now = 1_000;
            for (int step = 0; step < 60; step++) {
                now += random.nextLong(random.nextInt(10) == 0 ? 70_000 : 3_000);
                String worker = NAMES.get(random.nextInt(NAMES.size()));
                ProbeTurn after;
                Signal signal;
                switch (random.nextInt(3)) {
                    case 0 -> {
                        after = turn.at(now);
                        signal = after.worker() == null ? Signal.OPENED : Signal.PASSED_ON;
                    }
                    case 1 -> {
                        after = turn.started(worker, now);
                        signal = Signal.STARTED;
                    }
                    default -> {
                        after = turn.ended(worker, now);
                        signal = Signal.ENDED;
                    }
                }
                if (!after.equals(turn)) {
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
        ProbeTurn given = new ProbeTurn(List.of("a", "b"), 0, null, 0, false).begin(1_000);

        assertThat(given.started("b", 2_000)).isEqualTo(given);
        assertThat(given.ended("b", 2_000)).isEqualTo(given);
        assertThat(given.started("a", 2_000).started("a", 3_000).sinceMillis()).as("the first of its calls")
                .isEqualTo(2_000);
    }
}
