package dev.signalbox.config;

import java.time.Duration;
import java.util.Optional;

/**
 * What requests are for.
 *
 * @param department who pays
 * @param objective what is promised to its users
 */
public record UseCase(String name, Optional<String> department, Optional<Objective> objective) {

    /**
     * @param answeredInTime wanted part of accepted requests that are answered within their time, 0 to 1
     * @param window over which it is measured
     */
    public record Objective(double answeredInTime, Duration window) {
    }
}
