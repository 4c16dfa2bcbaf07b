package dev.signalbox.workers.router;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-3")
class RetryBudgetTest {
    private static final long SECOND = 1_000_000_000L;

    @Test
    void retriesStayWithinAFifthOfTheCallsAndAFloorHoweverManyAreWanted() {
        long seed = 7;
        SplittableRandom random = new SplittableRandom(seed);
        RetryBudget budget = new RetryBudget();
        List<Long> firsts = new ArrayList<>();
        List<Long> retries = new ArrayList<>();
        long now = 0;
        for (int i = 0; i < 50_000; i++) {
            now += random.nextLong(SECOND / 50);
            if (random.nextInt(4) == 0) {
                budget.firstCall(now);
                firsts.add(now);
            } else if (budget.allows(now)) {
                budget.retry(now);
                retries.add(now);
                long from = (now / SECOND - 9) * SECOND;
                assertThat((double) since(retries, from)).as("seed %d, call %d", seed, i)
                        .isLessThanOrEqualTo(RetryBudget.SHARE * since(firsts, from) + RetryBudget.FLOOR);
            }
        }
        assertThat(retries).as("a fifth is really given").hasSizeGreaterThan(firsts.size() / 6);
    }

    private static int since(List<Long> times, long from) {
        int count = 0;
        for (int i = times.size() - 1; i >= 0 && times.get(i) >= from; i--) {
            count++;
        }
        return count;
    }

    @Test
    void withoutCallsTheFloorIsLeft() {
        RetryBudget budget = new RetryBudget();
        for (int i = 0; i < RetryBudget.FLOOR; i++) {
            assertThat(budget.allows(SECOND)).isTrue();
            budget.retry(SECOND);
        }
        assertThat(budget.allows(SECOND)).isFalse();
        assertThat(budget.allows(11 * SECOND)).isTrue();
    }
}
