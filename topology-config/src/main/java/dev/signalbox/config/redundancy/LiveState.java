package dev.signalbox.config.redundancy;

import dev.signalbox.config.DeploymentName;
import dev.signalbox.schemas.PoolName;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What is known of a running installation. Times are ms since 1970.
 *
 * @param out deployments that are not to be used
 * @param demand highest demand of any minute, by route and pool; absent: no call was seen
 * @param lastCalls when a request was last sent to a deployment; absent: not since {@code sinceMillis}
 * @param sinceMillis since when calls are watched
 */
public record LiveState(Set<DeploymentName> out, Map<RouteKey, List<Peak>> demand, Map<DeploymentName, Long> lastCalls,
        long sinceMillis, long nowMillis) {
    public LiveState {
        out = Set.copyOf(out);
        demand = Map.copyOf(demand);
        lastCalls = Map.copyOf(lastCalls);
    }

    /** A route by its name, {@code <model>/<environment>/<use case>}, and whose requests are meant. */
    public record RouteKey(String route, PoolName pool) {
    }

    /** Highest demand of any minute of the last days; rates are per minute, each with its own highest minute. */
    public record Peak(int days, double concurrency, double requests, double inputTokens, double outputTokens) {
        /** The most that demand came to, if that of several routes had its peak in the same minute. */
        Peak plus(Peak other) {
            return new Peak(days, concurrency + other.concurrency, requests + other.requests,
                    inputTokens + other.inputTokens, outputTokens + other.outputTokens);
        }

        Capacity asCapacity() {
            return Capacity.of(concurrency, requests, inputTokens, outputTokens);
        }
    }

    /** For how long no request was sent to it, as far as is known. */
    Duration unused(DeploymentName deployment) {
        return Duration.ofMillis(nowMillis - lastCalls.getOrDefault(deployment, sinceMillis));
    }
}
