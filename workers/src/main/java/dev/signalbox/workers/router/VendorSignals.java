package dev.signalbox.workers.router;

import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What a response's headers say of its deployment's limits. {@code tokens} counts input and output together, where a
 * vendor does not tell them apart.
 */
public record VendorSignals(Remaining requests, Remaining tokens, Remaining inputTokens, Remaining outputTokens) {

    /**
     * What is left of one limit.
     *
     * @param amount empty: not said, or not a number
     * @param resetsIn until it is full again; empty: not said, past or not readable
     */
    public record Remaining(OptionalLong amount, Optional<Duration> resetsIn) {
        public static final Remaining UNKNOWN = new Remaining(OptionalLong.empty(), Optional.empty());
    }

    /** Whether any limit is spoken of. */
    public boolean says() {
        return requests.amount().isPresent() || tokens.amount().isPresent() || inputTokens.amount().isPresent()
                || outputTokens.amount().isPresent();
    }
}
