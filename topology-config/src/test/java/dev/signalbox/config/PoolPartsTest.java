package dev.signalbox.config;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.schemas.PoolName;
import java.util.Arrays;
import java.util.Map;
import java.util.OptionalInt;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-3")
@Tag("issue-6")
class PoolPartsTest {
    @Test
    void whatRoundingLeavesGoesToTheLargestRemainders() {
        assertThat(PoolParts.divide(10, new double[]{0.24, 0.76})).containsExactly(2, 8);
        assertThat(PoolParts.divide(100, new double[]{0.7, 0.3})).containsExactly(70, 30);
        assertThat(PoolParts.divide(10, new double[]{0.5, 0.3})).containsExactly(5, 3);
    }

    /** A pool with 5 % of 8 calls at once had none, and its requests found the deployment unfit. */
    @Test
    void aSmallPartOfASmallLimitIsStillOneCall() {
        assertThat(PoolParts.divide(8, new double[]{0.95, 0.05})).containsExactly(7, 1);
        assertThat(PoolParts.divide(1, new double[]{0.5, 0.5})).as("one call cannot be divided").satisfies(
                parts -> assertThat(Arrays.stream(parts).sum()).isEqualTo(1));
    }

    @Test
    void theSumNeverExceedsTheLimitAndNobodyStarvesWhileThereIsOneForEach() {
        for (long seed = 1; seed <= 2_000; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            double[] shares = random.doubles(1 + random.nextInt(6)).map(share -> share + 0.001).toArray();
            double all = Arrays.stream(shares).sum();
            for (int i = 0; i < shares.length; i++) {
                shares[i] /= all;
            }
            int limit = 1 + random.nextInt(random.nextBoolean() ? 10 : 10_000);
            int[] parts = PoolParts.divide(limit, shares);
            assertThat(Arrays.stream(parts).sum()).as("seed %d", seed).isEqualTo(limit);
            if (limit >= shares.length) {
                assertThat(parts).as("seed %d", seed).doesNotContain(0);
            }
        }
    }

    @Test
    void eachLimitIsDividedAndOneThatIsNotThereStaysSo() {
        PoolName high = new PoolName("high");
        PoolName none = new PoolName("none");
        Map<PoolName, Deployment.Limits> parts = PoolParts.of(
                new Deployment.Limits(OptionalInt.of(5), OptionalInt.empty(), OptionalInt.of(1_000),
                        OptionalInt.empty()),
                Map.of(high, 1.0, none, 0.0));
        assertThat(parts).containsOnlyKeys(high).containsEntry(high,
                new Deployment.Limits(OptionalInt.of(5), OptionalInt.empty(), OptionalInt.of(1_000),
                        OptionalInt.empty()));
    }
}
