package dev.signalbox.config.redundancy;

import dev.signalbox.config.DeploymentName;
import dev.signalbox.config.redundancy.LiveState.Peak;
import dev.signalbox.schemas.PoolName;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.SortedSet;

/**
 * What a route has left now for one pool.
 *
 * @param route {@code <model>/<environment>/<use case>}
 * @param tenant whose residency rule narrows it; empty: every tenant without a rule of his own
 * @param inUse its deployments and those of its fallback models that are not out
 * @param out the others
 * @param failureDomains declared ones and cloud regions, of those in use
 * @param hidingVendors proxies in use whose own vendors are not known
 * @param isolated whether no other pool can use up all of any of its deployments
 * @param peaks highest demand on its own deployments by that pool, the shortest window first; empty: no call was seen
 * @param headroom capacity in use as a multiple of the last of the peaks; empty: limits or demand are not known
 * @param worst the failure domain whose loss costs most of what is in use
 * @param unused deployments that no request was sent to for longer than is wanted
 */
public record LiveRoute(String route, PoolName pool, Optional<String> tenant, List<DeploymentName> inUse,
        List<DeploymentName> out, SortedSet<String> vendors, SortedSet<String> regions,
        SortedSet<String> failureDomains, SortedSet<String> hidingVendors, boolean isolated, List<Peak> peaks,
        OptionalDouble headroom, Optional<LiveLoss> worst, List<DeploymentName> unused) {

    /**
     * The loss of one failure domain.
     *
     * @param capacityLeft part of the capacity in use that is left, 0 to 1; empty: limits are not known
     * @param peakServed part of the peak that is still served, 0 to 1; empty: limits or demand are not known
     */
    public record LiveLoss(String domain, OptionalDouble capacityLeft, OptionalDouble peakServed) {
    }

    /** Key of what is told of it: route, pool, and the tenant where it is one's. */
    public String key() {
        return route + "/" + pool + tenant.map(name -> "/" + name).orElse("");
    }
}
