package dev.signalbox.dispatcher.capacity;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.Deployment;
import dev.signalbox.config.Pool;
import dev.signalbox.config.PoolParts;
import dev.signalbox.schemas.Amounts;
import dev.signalbox.schemas.PoolName;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * What there is to lease of one deployment, or of a tenant's calls at once.
 *
 * @param limit the vendor's limits
 * @param pools those with a part of it, the highest rank first; one without name where it is shared by all pools
 * @param longestCall the longest that a call of it may take
 * @param unleased what of it a worker has without a lease
 */
public record DeploymentCapacity(Amounts limit, List<PoolCapacity> pools, Duration longestCall, Unleased unleased) {
    /** For how long requests and tokens count. */
    private static final long MINUTE_MILLIS = 60_000;
    /** A written request reaches the vendor by then, and a call that was given up is noticed. */
    private static final long TRANSIT_MILLIS = 5_000;
    private static final Amounts SMALLEST = new Amounts(1, 1, 1, 1);
    /**
     * For how long calls of a tenant run on at a worker that is gone, as far as others wait for it. His limit is our own rule, which
     * no vendor enforces: it need not be kept for calls of a dead worker for as long as calls may take.
     */
    private static final Duration TENANT_CALL = Duration.ofSeconds(10);

    /** What a worker has that was granted nothing. */
    public enum Unleased {
        /** A share by the partitions that it owns. */
        SHARE,
        /** Nothing. */
        NOTHING
    }

    public DeploymentCapacity {
        pools = List.copyOf(pools);
    }

    /** Of which every worker has a share. */
    public DeploymentCapacity(Amounts limit, List<PoolCapacity> pools, Duration longestCall) {
        this(limit, pools, longestCall, Unleased.SHARE);
    }

    /** A tenant's calls at once: nobody has any but by a lease. */
    public static DeploymentCapacity ofTenant(long calls) {
        Amounts limit = new Amounts(calls, Amounts.UNLIMITED, Amounts.UNLIMITED, Amounts.UNLIMITED);
        return new DeploymentCapacity(limit, List.of(new PoolCapacity("", limit, false, 0, Set.of())), TENANT_CALL,
                Unleased.NOTHING);
    }

    public static DeploymentCapacity of(Configuration configuration, Deployment deployment) {
        Amounts limit = deployment.limits().amounts();
        Duration longest = deployment.timeouts().total();
        if (deployment.poolShares().isEmpty()) {
            return new DeploymentCapacity(limit, List.of(new PoolCapacity("", limit, false, 0, Set.of())), longest);
        }
        Map<PoolName, Deployment.Limits> parts = PoolParts.of(deployment.limits(), deployment.poolShares());
        return new DeploymentCapacity(limit, configuration.pools().stream()
                .filter(pool -> parts.containsKey(pool.name()))
                .map(pool -> capacity(pool, Objects.requireNonNull(parts.get(pool.name()))))
                .toList(), longest);
    }

    private static PoolCapacity capacity(Pool pool, Deployment.Limits part) {
        return new PoolCapacity(pool.name().value(), part.amounts(), pool.lendsIdle(), pool.reserve(),
                pool.borrowsFrom().stream().map(PoolName::value).collect(Collectors.toUnmodifiableSet()));
    }

    Optional<PoolCapacity> pool(String name) {
        return pools.stream().filter(pool -> pool.name().equals(name)).findFirst();
    }

    /**
     * That much of it, pool by pool, but no less than one whole request, of what a pool has enough for one.
     *
     * @param largest what a pool's largest waiting request needs
     */
    DeploymentCapacity lowered(int percent, Function<String, Amounts> largest) {
        if (percent == 100) {
            return this;
        }
        double part = percent / 100.0;
        List<PoolCapacity> lowered = pools.stream().map(pool -> {
            Amounts least = SMALLEST.max(largest.apply(pool.name())).min(pool.own());
            return new PoolCapacity(pool.name(), pool.own().times(part).max(least), pool.lendsIdle(), pool.reserve(),
                    pool.borrowsFrom());
        }).toList();
        Amounts all = Amounts.sum(lowered.stream().map(PoolCapacity::own).toList());
        return new DeploymentCapacity(limit.times(part).max(all), lowered, longestCall, unleased);
    }

    /** For how long what a lease allowed may count after the lease has ended, ms: calls run on, and a minute is a minute. */
    long drainMillis(Amounts.Kind kind) {
        return TRANSIT_MILLIS + switch (kind) {
            case CALLS -> longestCall.toMillis();
            case REQUESTS, INPUT_TOKENS -> MINUTE_MILLIS;
            case OUTPUT_TOKENS -> longestCall.toMillis() + MINUTE_MILLIS;
        };
    }

    /** The longest of them. */
    public Duration drain() {
        return Duration.ofMillis(drainMillis(switch (unleased) {
            case SHARE -> Amounts.Kind.OUTPUT_TOKENS;
            case NOTHING -> Amounts.Kind.CALLS;
        }));
    }

    /** What whoever owns such a part of a pool's partitions has of it without a lease. */
    Amounts share(PoolCapacity pool, double ownedPart) {
        return switch (unleased) {
            case SHARE -> pool.own().times(ownedPart);
            case NOTHING -> Amounts.NONE;
        };
    }
}
