package dev.signalbox.workers;

import java.time.Duration;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

/**
 * The pauses between a request's calls, exponential with full jitter. Before a deployment is called again within a
 * visit: 0.5 s doubled up to 8 s, as the vendors' own client libraries have it. Between visits: 1 s doubled up to 60 s.
 * Each is at least what the vendor asked for; but a visit that would come too late by that comes within the request's time,
 * since another deployment may have become free.
 */
public interface RetryPause {
    Duration FIRST = Duration.ofMillis(500);
    Duration LONGEST = Duration.ofSeconds(8);
    Duration FIRST_BETWEEN_VISITS = Duration.ofSeconds(1);
    Duration LONGEST_BETWEEN_VISITS = Duration.ofSeconds(60);

    /**
     * The pause within a visit.
     *
     * @param attempt 1-based number of the attempt that failed
     * @param timeLeftMillis until the request expires
     * @return empty if it would outlast the request or the longest pause
     */
    Optional<Duration> before(int attempt, Optional<Duration> askedFor, long timeLeftMillis);

    /**
     * The pause between visits, never longer than the request lives.
     *
     * @param visit 1-based number of the visit that ended
     * @return empty if there shall be no further one
     */
    Optional<Duration> betweenVisits(int visit, Optional<Duration> askedFor, long timeLeftMillis);

    /** The length of the pause: at most {@code first} doubled for each earlier one. */
    static Duration length(int number, Duration first, Duration longest, Optional<Duration> askedFor,
            RandomGenerator random) {
        long ceiling = Math.min(longest.toMillis(), first.toMillis() << Math.min(number - 1, 10));
        long jittered = random.nextLong(ceiling + 1);
        return Duration.ofMillis(Math.max(jittered, askedFor.map(Duration::toMillis).orElse(0L)));
    }

    /** The length of the pause between visits: where the usual one has no room, a random part of the time left, or its rest. */
    static Duration lengthBetweenVisits(int visit, Optional<Duration> askedFor, long timeLeftMillis,
            RandomGenerator random) {
        Duration usual = length(visit, FIRST_BETWEEN_VISITS, LONGEST_BETWEEN_VISITS, askedFor, random);
        if (usual.toMillis() < timeLeftMillis) {
            return usual;
        }
        return Duration.ofMillis(timeLeftMillis <= FIRST_BETWEEN_VISITS.toMillis()
                ? Math.max(0, timeLeftMillis)
                : random.nextLong(timeLeftMillis));
    }

    /** @param random any thread's */
    static RetryPause jittered(Supplier<RandomGenerator> random) {
        return new RetryPause() {
            @Override
            public Optional<Duration> before(int attempt, Optional<Duration> askedFor, long timeLeftMillis) {
                return Optional.of(length(attempt, FIRST, LONGEST, askedFor, random.get()))
                        .filter(length -> length.compareTo(LONGEST) <= 0 && length.toMillis() < timeLeftMillis);
            }

            @Override
            public Optional<Duration> betweenVisits(int visit, Optional<Duration> askedFor, long timeLeftMillis) {
                return Optional.of(lengthBetweenVisits(visit, askedFor, timeLeftMillis, random.get()));
            }
        };
    }
}
