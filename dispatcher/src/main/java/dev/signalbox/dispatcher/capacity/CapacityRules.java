package dev.signalbox.dispatcher.capacity;

import java.time.Duration;

/**
 * @param ttl length of a lease, from the worker's sending of the demand that it answers; also how long a new term learns
 * @param hold how long a worker keeps the one request that it got in turn before an older one of another worker goes first
 */
public record CapacityRules(Duration ttl, Duration hold) {
    public static final CapacityRules DEFAULT = new CapacityRules(Duration.ofSeconds(6), Duration.ofSeconds(5));
}
