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
 * @param consecutiveFailures that eject it whatever the rate
 * @param workers that must have seen failures for an ejection, unless all that call it have
 * @param firstEjection length of the first ejection; each further one is twice as long
 * @param longestEjection where the doubling ends
 * @param ejectionsForgotten after that long without an ejection the next one is a first one
 * @param probes that must be answered in a row
 */
public record HealthRules(Duration window, Duration slice, double degradedRate, int degradedCalls, double healthyRate,
        double ejectedRate, int ejectedCalls, int consecutiveFailures, int workers, Duration firstEjection,
        Duration longestEjection, Duration ejectionsForgotten, int probes) {
    public static final HealthRules DEFAULT = new HealthRules(Duration.ofSeconds(60), Duration.ofSeconds(5), 0.1, 10,
            0.05, 0.5, 20, 5, 2, Duration.ofSeconds(10), Duration.ofMinutes(5), Duration.ofMinutes(10), 3);

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
        for (int n = 1; n < number && length.compareTo(longestEjection) < 0; n++) {
            length = length.multipliedBy(2);
        }
        return length.compareTo(longestEjection) < 0 ? length : longestEjection;
    }
}
