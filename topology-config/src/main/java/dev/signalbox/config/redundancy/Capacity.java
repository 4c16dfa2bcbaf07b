package dev.signalbox.config.redundancy;

import dev.signalbox.config.Deployment;
import dev.signalbox.schemas.PoolName;
import java.util.Collection;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.function.Function;
import java.util.stream.DoubleStream;

/**
 * What deployments can do for a pool: their limits by its share of each. A dimension is empty where a deployment has no
 * limit in it, since nothing can then be said of the sum.
 *
 * @param concurrency calls at once
 */
public record Capacity(OptionalDouble concurrency, OptionalDouble requestsPerMinute,
        OptionalDouble inputTokensPerMinute,
        OptionalDouble outputTokensPerMinute) {

    static Capacity of(Collection<Deployment> deployments, PoolName pool) {
        return new Capacity(sum(deployments, pool, Deployment.Limits::concurrency),
                sum(deployments, pool, Deployment.Limits::requestsPerMinute),
                sum(deployments, pool, Deployment.Limits::inputTokensPerMinute),
                sum(deployments, pool, Deployment.Limits::outputTokensPerMinute));
    }

    static Capacity of(double concurrency, double requests, double inputTokens, double outputTokens) {
        return new Capacity(OptionalDouble.of(concurrency), OptionalDouble.of(requests), OptionalDouble.of(inputTokens),
                OptionalDouble.of(outputTokens));
    }

    private static OptionalDouble sum(Collection<Deployment> deployments, PoolName pool,
            Function<Deployment.Limits, OptionalInt> dimension) {
        double sum = 0;
        for (Deployment deployment : deployments) {
            OptionalInt limit = dimension.apply(deployment.limits());
            if (limit.isEmpty()) {
                return OptionalDouble.empty();
            }
            sum += limit.getAsInt() * share(deployment, pool);
        }
        return OptionalDouble.of(sum);
    }

    /** A pool's part of a deployment, 0 to 1; all of it where no pool has a part. */
    static double share(Deployment deployment, PoolName pool) {
        return deployment.poolShares().isEmpty() ? 1 : deployment.poolShares().getOrDefault(pool, 0.0);
    }

    /** Smallest part of a whole that this is, over the dimensions that the whole knows; empty if it knows none. */
    OptionalDouble partOf(Capacity whole) {
        return DoubleStream.concat(
                DoubleStream.concat(part(concurrency, whole.concurrency),
                        part(requestsPerMinute, whole.requestsPerMinute)),
                DoubleStream.concat(part(inputTokensPerMinute, whole.inputTokensPerMinute),
                        part(outputTokensPerMinute, whole.outputTokensPerMinute)))
                .min();
    }

    private static DoubleStream part(OptionalDouble left, OptionalDouble whole) {
        return left.isPresent() && whole.isPresent() && whole.getAsDouble() > 0
                ? DoubleStream.of(left.getAsDouble() / whole.getAsDouble())
                : DoubleStream.empty();
    }
}
