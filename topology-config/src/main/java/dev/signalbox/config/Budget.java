package dev.signalbox.config;

import java.math.BigDecimal;
import java.util.Locale;

/**
 * Money that a use case, tenant or department may spend, in the price table's currency.
 *
 * @param scope what kind of spender it is for
 * @param name the use case, tenant or department
 * @param amount the hard limit per period
 * @param softShare part of the amount at which the soft limit is, 0 to 1
 */
public record Budget(Scope scope, String name, BigDecimal amount, Period period, double softShare, Action onSoft,
        Action onHard) {

    /** Whose money. */
    public enum Scope {
        USE_CASE,
        TENANT,
        DEPARTMENT;

        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Calendar period, in UTC, after which spending starts again from 0. */
    public enum Period {
        DAY,
        MONTH;

        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** What happens to new requests beyond a limit. */
    public enum Action {
        /** An alert only. */
        ALERT,
        /** They go on at priority background. */
        DEMOTE,
        /** They are answered REJECTED. */
        REFUSE;

        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }
}
