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
 * What there is to lease of one deployment.
 *
 * @param limit the vendor's limits
 * @param pools those with a part of it, the highest rank first; one without name where it is shared by all pools
 * @param longestCall the longest that a call of it may take
 */
public record DeploymentCapacity(Amounts limit, List<PoolCapacity> pools, Duration longestCall) {
    /** For how long requests and tokens count. */
    private static final long MINUTE_MILLIS = 60_000;
    /** A written request reaches the vendor by then, and a call that was given up is noticed. */
    private static final long TRANSIT_MILLIS = 5_000;
    private static final Amounts SMALLEST = new Amounts(1, 1, 1, 1);

    public DeploymentCapacity {
        pools = List.copyOf(pools);
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
        return new DeploymentCapacity(limit.times(part).max(all), lowered, longestCall);
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
        return Duration.ofMillis(drainMillis(Amounts.Kind.OUTPUT_TOKENS));
    }
}
