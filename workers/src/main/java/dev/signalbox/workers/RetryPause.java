package dev.signalbox.workers;

import java.time.Duration;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

/**
 * The pause before a deployment is called again: exponential with full jitter, 0.5 s doubled up to 8 s, and at least
 * what the vendor asked for. Values as the vendors' own client libraries use them.
 */
interface RetryPause {
    Duration FIRST = Duration.ofMillis(500);
    Duration LONGEST = Duration.ofSeconds(8);

    /**
     * Waits.
     *
     * @param attempt 1-based number of the attempt that failed
     * @param timeLeftMillis until the request expires
     * @return false, without waiting, if the pause would outlast the request or the longest pause, or when interrupted
     */
    boolean before(int attempt, Optional<Duration> askedFor, long timeLeftMillis);

    /** The length of the pause. */
    static Duration length(int attempt, Optional<Duration> askedFor, RandomGenerator random) {
        long ceiling = Math.min(LONGEST.toMillis(), FIRST.toMillis() << Math.min(attempt - 1, 10));
        long jittered = random.nextLong(ceiling + 1);
        return Duration.ofMillis(Math.max(jittered, askedFor.map(Duration::toMillis).orElse(0L)));
    }

    /** Sleeps on the calling (virtual) thread. */
    static RetryPause sleeping(Supplier<RandomGenerator> random) {
        return (attempt, askedFor, timeLeftMillis) -> {
            Duration length = length(attempt, askedFor, random.get());
            if (length.toMillis() >= timeLeftMillis || length.compareTo(LONGEST) > 0) {
                return false;
            }
            try {
                Thread.sleep(length);
                return true;
            } catch (InterruptedException stopping) {
                Thread.currentThread().interrupt();
                return false;
            }
        };
    }
}
