package dev.signalbox.config.redundancy;

import dev.signalbox.config.DeploymentName;
import dev.signalbox.schemas.PoolName;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;

/**
 * What a route has left under its residency rules, for one pool; its fallback models' deployments count too.
 *
 * @param route {@code <model>/<environment>/<use case>}
 * @param tenant whose residency rule narrows it; empty: every tenant without a rule of his own
 * @param deployments of the route itself
 * @param fallbacks deployments of its fallback models
 * @param regions those that are known
 * @param accounts those that are named
 * @param credentials references, never values
 * @param failureDomains declared ones and cloud regions
 * @param capacity with everything up
 * @param worst the failure domain whose loss costs most; empty where nothing is left anyway or no limit is known
 */
public record RouteRedundancy(String route, PoolName pool, Optional<String> tenant, List<DeploymentName> deployments,
        List<DeploymentName> fallbacks, SortedSet<String> vendors, SortedSet<String> regions,
        SortedSet<String> accounts, SortedSet<String> credentials, SortedSet<String> failureDomains, Capacity capacity,
        Optional<Loss> worst) {

    /**
     * The loss of one failure domain.
     *
     * @param left what the others have
     * @param share smallest part of calls at once, requests or tokens per minute that is left, 0 to 1
     */
    public record Loss(String domain, Capacity left, double share) {
    }
}
