package dev.signalbox.workers.router;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.signalbox.workers.router.BreakerState.Event;
import dev.signalbox.workers.router.BreakerState.Move;
import java.util.HashSet;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-3")
class BreakerTest {
    private static final long SECOND = 1_000_000_000L;
    private static final long START = 100 * SECOND;

    private final Breaker breaker = new Breaker(Breaker.Settings.SERVICE);

    @Test
    void fiveFailuresInARowTripItAlthoughAnswersCameJustBefore() {
        breaker.answered(START, false, START);
        for (int i = 0; i < 4; i++) {
            fail(i, START + 1);
        }
        assertThat(breaker.state(START + 1)).isEqualTo(BreakerState.CLOSED);
        fail(4, START + 1);
        assertThat(breaker.state(START + 1)).isEqualTo(BreakerState.OPEN);
    }

    @Test
    void littleTrafficFindsAnOutageByTwoFailures() {
        breaker.answered(START, false, START);
        fail(1, START + 6 * SECOND);
        fail(2, START + 6 * SECOND);
        assertThat(breaker.state(START + 6 * SECOND)).isEqualTo(BreakerState.OPEN);
    }

    @Test
    void oneRequestNeverTripsItHoweverOftenItFails() {
        for (int i = 0; i < 1_000; i++) {
            fail(7, START + i * SECOND);
        }
        assertThat(breaker.state(START + 1_000 * SECOND)).isEqualTo(BreakerState.CLOSED);
    }

    @Test
    void halfOfTheCallsFailingTripsIt() {
        for (int i = 0; i < 30 && breaker.state(START) == BreakerState.CLOSED; i++) {
            breaker.answered(START, false, START);
            fail(i, START);
        }
        assertThat(breaker.state(START)).isEqualTo(BreakerState.OPEN);
    }

    @Test
    void aDeadEndpointIsEjectedAtOnce() {
        breaker.failed(1, START, false, true, 0, START);
        assertThat(breaker.state(START)).isEqualTo(BreakerState.OPEN);
    }

    @Test
    void itOpensLongerEachTimeAndNeverLongerThanItsBound() {
        long now = START;
        breaker.failed(1, now, false, true, 0, now);
        long[] expected = {5, 10, 20, 20};
        for (long seconds : expected) {
            assertThat(breaker.state(now + seconds * SECOND - 1)).isEqualTo(BreakerState.OPEN);
            now += seconds * SECOND;
            assertThat(breaker.trialFree(now)).isTrue();
            breaker.trialStarted();
            assertThat(breaker.trialFree(now)).as("one trial at a time").isFalse();
            breaker.failed(2, now, true, false, 0, now);
        }
    }

    @Test
    void aVendorsOwnDelayIsKept() {
        breaker.failed(1, START, false, true, 90 * SECOND, START);
        assertThat(breaker.state(START + 90 * SECOND - 1)).isEqualTo(BreakerState.OPEN);
        assertThat(breaker.state(START + 90 * SECOND)).isEqualTo(BreakerState.HALF_OPEN);
    }

    @Test
    void anAnsweredTrialLetsAGrowingPartPass() {
        breaker.failed(1, START, false, true, 0, START);
        long now = START + 5 * SECOND;
        assertThat(breaker.share(now)).isZero();
        breaker.trialStarted();
        breaker.answered(now, true, now);
        assertThat(breaker.share(now)).isEqualTo(0.1);
        assertThat(breaker.share(now + 5 * SECOND)).isEqualTo(0.55);
        assertThat(breaker.share(now + 10 * SECOND)).isEqualTo(1);
        assertThat(breaker.state(now + 10 * SECOND)).isEqualTo(BreakerState.CLOSED);
    }

    @Test
    void anAbandonedTrialFreesItsPlace() {
        breaker.failed(1, START, false, true, 0, START);
        long now = START + 5 * SECOND;
        assertThat(breaker.trialFree(now)).isTrue();
        breaker.trialStarted();
        breaker.trialAbandoned();
        assertThat(breaker.trialFree(now)).isTrue();
    }

    @Test
    void whatWasCalledBeforeItOpenedSaysNothingAboutTheTimeAfter() {
        breaker.failed(1, START, false, true, 0, START);
        breaker.answered(START - 1, false, START + 1);
        assertThat(breaker.state(START + 1)).isEqualTo(BreakerState.OPEN);
        breaker.answered(START + 1, false, START + 2);
        assertThat(breaker.state(START + 2)).isEqualTo(BreakerState.RECOVERING);
    }

    /** Every legal move happens in random use, no other one does, and a move that is not in the table throws. */
    @Test
    void everyMoveOfTheTableIsExercisedAndNoOtherIsPossible() {
        long seed = 20_261_121;
        SplittableRandom random = new SplittableRandom(seed);
        Set<String> seen = new HashSet<>();
        for (int run = 0; run < 200; run++) {
            walk(random, seen, seed);
        }
        Set<String> table = new HashSet<>();
        Move.ALL.forEach(move -> table.add(move.from() + ">" + move.to()));
        assertThat(seen).as("seed %d", seed).containsExactlyInAnyOrderElementsOf(table);
        for (BreakerState from : BreakerState.values()) {
            for (Event event : Event.values()) {
                if (Move.ALL.stream().noneMatch(move -> move.from() == from && move.event() == event)) {
                    assertThatThrownBy(() -> from.after(event)).isInstanceOf(IllegalStateException.class);
                }
            }
        }
    }

    private static void walk(SplittableRandom random, Set<String> seen, long seed) {
        Breaker breaker = new Breaker(Breaker.Settings.SERVICE);
        long now = START;
        boolean trial = false;
        for (int step = 0; step < 400; step++) {
            BreakerState before = breaker.state(now);
            if (before != BreakerState.HALF_OPEN) {
                trial = false;
            }
            long later = now + random.nextLong(4 * SECOND);
            BreakerState byTime = breaker.state(later);
            note(before, byTime, seen);
            now = later;
            if (byTime == BreakerState.HALF_OPEN && !trial && breaker.trialFree(now)) {
                breaker.trialStarted();
                trial = true;
            }
            boolean asTrial = trial && random.nextBoolean();
            if (random.nextInt(3) == 0) {
                breaker.answered(now, asTrial, now);
            } else {
                breaker.failed(random.nextLong(5), now, asTrial, random.nextInt(20) == 0, 0, now);
            }
            trial &= !asTrial;
            note(byTime, breaker.state(now), seen);
            assertThat(breaker.share(now)).as("seed %d", seed).isBetween(0.0, 1.0);
        }
    }

    private static void note(BreakerState from, BreakerState to, Set<String> seen) {
        if (from != to) {
            seen.add(from + ">" + to);
        }
    }

    private void fail(long request, long now) {
        breaker.failed(request, now, false, false, 0, now);
    }
}
