package dev.signalbox.config;

import java.util.Set;

/** Where requests may be served: an empty set allows everything of its kind. */
public record Residency(Set<String> vendors, Set<String> regions, Set<String> accounts) {
    public static final Residency ANYWHERE = new Residency(Set.of(), Set.of(), Set.of());

    public Residency {
        vendors = Set.copyOf(vendors);
        regions = Set.copyOf(regions);
        accounts = Set.copyOf(accounts);
    }

    /** Whether a deployment satisfies it; one without a region or account satisfies only an empty set of them. */
    public boolean allows(Deployment deployment) {
        return (vendors.isEmpty() || vendors.contains(deployment.vendor().name()))
                && (regions.isEmpty() || deployment.region().filter(regions::contains).isPresent())
                && (accounts.isEmpty() || deployment.account().filter(accounts::contains).isPresent());
    }
}
