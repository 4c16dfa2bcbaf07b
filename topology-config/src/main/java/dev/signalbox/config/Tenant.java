package dev.signalbox.config;

import java.util.OptionalInt;

/**
 * Who asks, where the configuration knows him; every other tenant has {@link #ofDefault}.
 *
 * @param weight his own, or his plan's, part when tenants compete, relative to the others' weights; positive
 * @param limits what he may use of each pool; an empty one is unlimited
 * @param allow where his requests may be served
 */
public record Tenant(String name, double weight, Limits limits, Residency allow) {

    /** A tenant that the configuration does not name. */
    public static Tenant ofDefault(String name) {
        return new Tenant(name, 1, new Limits(OptionalInt.empty(), OptionalInt.empty(), OptionalInt.empty()),
                Residency.ANYWHERE);
    }

    /** Calls at once, requests and tokens (input and output) per minute. */
    public record Limits(OptionalInt concurrency, OptionalInt requestsPerMinute, OptionalInt tokensPerMinute) {
    }
}
