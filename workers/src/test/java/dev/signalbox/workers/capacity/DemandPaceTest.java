package dev.signalbox.workers.capacity;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.schemas.Amounts;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-6")
class DemandPaceTest {
    private static final long MILLI = 1_000_000L;

    private final DemandPace pace = new DemandPace();

    private static Amounts calls(long calls) {
        return new Amounts(calls, 0, 0, 0);
    }

    private static CapacityUse use(long term, long mayUse, long inUse, long waiting) {
        return use(term, mayUse, inUse, waiting, 0);
    }

    private static CapacityUse use(long term, long mayUse, long inUse, long waiting, long throttlings) {
        return new CapacityUse(term, 1, term > 0, throttlings, 0,
                List.of(new CapacityUse.OfPool("main", 0.5, calls(mayUse),
                        calls(inUse), calls(inUse + waiting), calls(waiting > 0 ? 1 : 0), waiting > 0 ? 10 : 0)));
    }

    private boolean isDue(CapacityUse use, long millis) {
        return pace.isDue(use, millis * MILLI);
    }

    private void told(CapacityUse use) {
        pace.told(use, 0);
    }

    @Test
    void whoHasNothingToDoWithADeploymentSaysNothing() {
        CapacityUse nothing = new CapacityUse(0, 0, false, 0, 0, List.of());
        assertThat(isDue(nothing, 0)).isFalse();
        assertThat(isDue(use(0, 5, 0, 0), 0)).isTrue();
        told(use(0, 5, 0, 0));
        assertThat(isDue(nothing, 1_000)).as("it has nothing any more").isTrue();
        told(nothing);
        assertThat(isDue(nothing, 60_000)).isFalse();
    }

    @Test
    void itIsToldEachSecond() {
        told(use(1, 5, 3, 0));
        assertThat(isDue(use(1, 5, 4, 0), 999)).isFalse();
        assertThat(isDue(use(1, 5, 4, 0), 1_000)).isTrue();
    }

    @Test
    void whatBeginsToWaitIsToldAtOnceButNotWithinATenthOfASecond() {
        told(use(1, 5, 5, 0));
        assertThat(isDue(use(1, 5, 5, 1), 99)).isFalse();
        assertThat(isDue(use(1, 5, 5, 1), 100)).isTrue();
        told(use(1, 5, 5, 1));
        assertThat(isDue(use(1, 5, 5, 2), 100)).as("more wait").isFalse();
    }

    @Test
    void aCallThatIsIdleForWantOfAMinutesAmountsIsToldAtOnce() {
        told(use(1, 5, 5, 3));
        assertThat(isDue(use(1, 5, 4, 3), 100)).isTrue();
    }

    @Test
    void theFirstGrantOfATermIsAcknowledgedAtOnce() {
        told(use(1, 5, 5, 3));
        assertThat(isDue(use(2, 5, 5, 3), 100)).isTrue();
    }

    @Test
    void whatTheVendorRefusesIsToldAtOnce() {
        told(use(1, 5, 3, 0, 4));
        assertThat(isDue(use(1, 5, 3, 0, 5), 99)).isFalse();
        assertThat(isDue(use(1, 5, 3, 0, 5), 100)).isTrue();
        told(use(1, 5, 3, 0, 5));
        assertThat(isDue(use(1, 5, 3, 0, 5), 100)).as("and once").isFalse();
    }

    @Test
    void whatWasGivenUpIsToldOnceItIsNotUsedAnyMore() {
        told(use(1, 5, 5, 3));
        assertThat(isDue(use(1, 3, 5, 3), 100)).as("it still uses more").isFalse();
        assertThat(isDue(use(1, 3, 3, 3), 100)).isTrue();
        told(use(1, 3, 5, 3));
        assertThat(isDue(use(1, 3, 3, 3), 100)).isTrue();
    }
}
