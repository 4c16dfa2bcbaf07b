package dev.signalbox.workers;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-3")
@Tag("issue-7")
class RetryPauseTest {
    private static final Optional<Duration> NOTHING = Optional.empty();

    @Test
    void pausesBetweenVisitsGrowWithFullJitterAndKeepWhatTheVendorAskedFor() {
        for (long seed = 1; seed <= 1_000; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            for (int visit = 1; visit <= 9; visit++) {
                long ceiling = Math.min(60_000, 1_000L << (visit - 1));
                assertThat(RetryPause.lengthBetweenVisits(visit, NOTHING, 3_600_000, random).toMillis())
                        .as("seed %d, visit %d", seed, visit).isBetween(0L, ceiling);
                assertThat(
                        RetryPause.lengthBetweenVisits(visit, Optional.of(Duration.ofSeconds(90)), 3_600_000, random))
                        .as("seed %d, visit %d", seed, visit).isEqualTo(Duration.ofSeconds(90));
            }
        }
    }

    /** A request was answered FAILED, though retryable, when the vendor asked for more time than it had. */
    @Test
    void aPauseThatTheRequestWouldNotOutliveIsMadeToFit() {
        for (long seed = 1; seed <= 1_000; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            assertThat(
                    RetryPause.lengthBetweenVisits(1, Optional.of(Duration.ofSeconds(90)), 20_000, random).toMillis())
                    .as("seed %d", seed).isBetween(0L, 19_999L);
            assertThat(RetryPause.lengthBetweenVisits(9, Optional.of(Duration.ofSeconds(90)), 700, random))
                    .as("to the end of its time, seed %d", seed).isEqualTo(Duration.ofMillis(700));
            assertThat(RetryPause.lengthBetweenVisits(9, NOTHING, -5, random)).as("seed %d", seed)
                    .isGreaterThanOrEqualTo(Duration.ZERO);
        }
    }
}
