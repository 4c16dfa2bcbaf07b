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
        /** Part of accepted requests that may be missed. */
        public double errorBudget() {
            return 1 - answeredInTime;
        }

        /**
         * How fast the error budget is spent: 1 uses it up within exactly the window; not a number where nothing was
         * accepted, infinite where nothing may be missed and something was.
         *
         * @param accepted requests of some time
         * @param missed of these: not answered within their time
         */
        public double burnRate(long accepted, long missed) {
            return accepted == 0 ? Double.NaN : missed == 0 ? 0 : (double) missed / accepted / errorBudget();
        }

        /**
         * Part of the error budget that is left, below 0 once more was missed; not a number where nothing was accepted.
         *
         * @param accepted requests of the window
         * @param missed of these: not answered within their time
         */
        public double budgetLeft(long accepted, long missed) {
            return 1 - burnRate(accepted, missed);
        }
    }
}
