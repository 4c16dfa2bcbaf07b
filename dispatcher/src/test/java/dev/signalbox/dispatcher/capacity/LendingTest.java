package dev.signalbox.dispatcher.capacity;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.schemas.Amounts;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-6")
class LendingTest {
    private static PoolCapacity pool(String name, long calls, boolean lends, double reserve, String... borrowsFrom) {
        return new PoolCapacity(name, new Amounts(calls, 0, 0, 0), lends, reserve, Set.of(borrowsFrom));
    }

    private static Lending lending(List<PoolCapacity> pools, Map<String, Long> wanted) {
        return new Lending(pools, Amounts.Kind.CALLS, wanted);
    }

    @Test
    void aPoolHasItsOwnPartWhenItWantsItWhateverOthersWant() {
        List<PoolCapacity> pools = List.of(pool("high", 70, true, 0.1, "low"), pool("low", 30, false, 0));
        Lending both = lending(pools, Map.of("high", 500L, "low", 500L));
        assertThat(both.capacity("high")).isEqualTo(70);
        assertThat(both.capacity("low")).isEqualTo(30);
    }

    @Test
    void aHigherPoolBorrowsWhatTheLowerOneLeavesIdle() {
        Lending lending = lending(List.of(pool("high", 70, false, 0, "low"), pool("low", 30, false, 0)),
                Map.of("high", 500L, "low", 10L));
        assertThat(lending.capacity("high")).isEqualTo(90);
        assertThat(lending.capacity("low")).isEqualTo(10);
        assertThat(lending.borrowed("high")).isEqualTo(Map.of("low", 20L));
    }

    @Test
    void aLowerPoolBorrowsWhatTheHigherOneLendsButNeverItsReserve() {
        Lending lending = lending(List.of(pool("high", 70, true, 0.1), pool("low", 30, false, 0)),
                Map.of("high", 20L, "low", 500L));
        assertThat(lending.borrowed("low")).isEqualTo(Map.of("high", 43L));
        assertThat(lending.capacity("high")).isEqualTo(27);
    }

    @Test
    void whoLendsNothingIsLeftAlone() {
        Lending lending = lending(List.of(pool("high", 70, false, 0), pool("low", 30, false, 0)),
                Map.of("high", 0L, "low", 500L));
        assertThat(lending.capacity("low")).isEqualTo(30);
        assertThat(lending.borrowed("low")).isEmpty();
    }

    @Test
    void theHigherRankIsServedFirst() {
        Lending lending = lending(
                List.of(pool("a", 10, true, 0), pool("b", 10, false, 0), pool("c", 10, false, 0)),
                Map.of("a", 4L, "b", 14L, "c", 100L));
        assertThat(lending.borrowed("b")).isEqualTo(Map.of("a", 4L));
        assertThat(lending.borrowed("c")).isEqualTo(Map.of("a", 2L));
    }
}
