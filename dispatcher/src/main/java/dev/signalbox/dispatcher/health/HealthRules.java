package dev.signalbox.dispatcher.health;

import java.time.Duration;

/**
 * When a deployment is what. Rates are failed / (answered + failed) calls of the window, 0 to 1.
 *
 * @param window of the counts
 * @param slice by which the window moves on
 * @param degradedRate from which on it is DEGRADED
 * @param degradedCalls that the window must hold for that
 * @param healthyRate below which it is no longer DEGRADED; lower than {@code degradedRate}, so that it does not flutter
 * @param ejectedRate from which on it is EJECTED
 * @param ejectedCalls that the window must hold for that
 * @param consecutiveFailures that eject it whatever the rate, while answers come
 * @param silentFailures in a row that eject it where no answer came for {@code silence} and {@code ejectedRate} is reached
 * @param firstFailures in a row, seen by two workers, that eject it where no answer came for {@code silence}, unless
 *        it has been DEGRADED for a window or was ejected of late: little traffic finds an outage too
 * @param silence see above
 * @param calmAfter how long it stays DEGRADED where too few calls tell
 * @param workers that must have seen failures for an ejection, unless all that call it have
 * @param firstEjection length of the first ejection; the third and each further one is followed by one twice as long
 * @param longestEjection where the doubling ends
 * @param ejectionsForgotten after that long without an ejection the next one is a first one
 * @param probes that must be answered in a row
 */
public record HealthRules(Duration window, Duration slice, double degradedRate, int degradedCalls, double healthyRate,
        double ejectedRate, int ejectedCalls, int consecutiveFailures, int silentFailures, int firstFailures,
        Duration silence, Duration calmAfter, int workers, Duration firstEjection,
        Duration longestEjection, Duration ejectionsForgotten, int probes) {
    public static final HealthRules DEFAULT = new HealthRules(Duration.ofSeconds(60), Duration.ofSeconds(5), 0.1, 10,
            0.05, 0.5, 20, 10, 5, 2, Duration.ofSeconds(5), Duration.ofMinutes(5), 2, Duration.ofSeconds(20),
            Duration.ofMinutes(2), Duration.ofMinutes(10), 3);

    /** Long enough to spare a sick vendor, short enough that one that recovers soon is soon back. */
    private static final int EQUAL_EJECTIONS = 3;

    public HealthRules {
        if (slice.isZero() || window.toMillis() % slice.toMillis() != 0) {
            throw new IllegalArgumentException("the window must be a multiple of its slice");
        }
        if (!(0 <= healthyRate && healthyRate < degradedRate && degradedRate < ejectedRate && ejectedRate <= 1)) {
            throw new IllegalArgumentException("rates must rise from healthy over degraded to ejected");
        }
    }

    /** Length of the n-th ejection in a row, n from 1. */
    Duration ejection(int number) {
        Duration length = firstEjection;
        for (int n = EQUAL_EJECTIONS; n < number && length.compareTo(longestEjection) < 0; n++) {
            length = length.multipliedBy(2);
        }
        return length.compareTo(longestEjection) < 0 ? length : longestEjection;
    }
}
