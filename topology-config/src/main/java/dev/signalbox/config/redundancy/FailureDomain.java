package dev.signalbox.config.redundancy;

import dev.signalbox.config.Deployment;
import dev.signalbox.config.Vendor;
import java.net.URI;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What fails together.
 *
 * @param kind also tells the words that a report uses
 * @param name identity within the kind; of a credential its reference
 */
record FailureDomain(FailureDomain.Kind kind, String name) {

    /** In the order in which a report names them. */
    enum Kind {
        DEPLOYMENT("deployment"),
        VENDOR("vendor"),
        /** A vendor whose own upstreams are not known. */
        GATEWAY("gateway"),
        HOST("host"),
        PROXY("proxy"),
        /** A region or a declared failure domain: an operator names either, so one name is one area. */
        AREA("failure domain"),
        CREDENTIAL("credential");

        private final String word;

        Kind(String word) {
            this.word = word;
        }
    }

    private static final String GLOBAL = "global";

    /** All that a deployment fails with. A credential counts only where it is the deployment's only one. */
    static Set<FailureDomain> of(Deployment deployment) {
        Set<FailureDomain> domains = new LinkedHashSet<>();
        Vendor vendor = deployment.vendor();
        domains.add(new FailureDomain(Kind.DEPLOYMENT, deployment.name().toString()));
        domains.add(new FailureDomain(vendor.hidesVendors() ? Kind.GATEWAY : Kind.VENDOR, vendor.name()));
        host(deployment.baseUrl()).ifPresent(host -> domains.add(new FailureDomain(Kind.HOST, host)));
        vendor.httpProxy().ifPresent(proxy -> domains.add(new FailureDomain(Kind.PROXY, proxy.getAuthority())));
        region(deployment).ifPresent(region -> {
            cloud(vendor).ifPresent(cloud -> domains.add(new FailureDomain(Kind.AREA, cloud + "." + region)));
            domains.add(new FailureDomain(Kind.AREA, region));
        });
        deployment.failureDomains().forEach(name -> domains.add(new FailureDomain(Kind.AREA, name)));
        if (deployment.credentials().stream().distinct().count() == 1) {
            domains.add(new FailureDomain(Kind.CREDENTIAL, deployment.credentials().getFirst().reference()));
        }
        return domains;
    }

    /** Where it runs, if that can fail as one. */
    static Optional<String> region(Deployment deployment) {
        return deployment.region().filter(region -> !region.equals(GLOBAL));
    }

    /** What all of them fail with, but for deployments; nothing of none. */
    static Set<FailureDomain> sharedBy(Collection<Deployment> deployments) {
        Set<FailureDomain> shared = new LinkedHashSet<>();
        boolean first = true;
        for (Deployment deployment : deployments) {
            Set<FailureDomain> domains = of(deployment);
            if (first) {
                shared.addAll(domains);
            } else {
                shared.retainAll(domains);
            }
            first = false;
        }
        return withoutEchoes(shared, deployments);
    }

    /**
     * Leaves out what is told by another: a vendor's or gateway's host, and the two names of a region
     * ({@code us-east-1}, {@code aws.us-east-1}) but for the longer.
     */
    private static Set<FailureDomain> withoutEchoes(Set<FailureDomain> shared, Collection<Deployment> deployments) {
        boolean oneVendor = deployments.stream().map(Deployment::vendor).map(Vendor::name).distinct().count() == 1;
        shared.removeIf(domain -> oneVendor && domain.kind() == Kind.HOST);
        List<String> areas = shared.stream().filter(domain -> domain.kind() == Kind.AREA).map(FailureDomain::name)
                .toList();
        shared.removeIf(domain -> domain.kind() == Kind.AREA
                && areas.stream().anyMatch(longer -> longer.endsWith("." + domain.name())));
        return shared;
    }

    /** Whether it is the region of all of them, by whichever of its names. */
    boolean isRegionOf(Collection<Deployment> deployments) {
        return kind == Kind.AREA && deployments.stream().allMatch(deployment -> region(deployment)
                .filter(region -> name.equals(region)
                        || cloud(deployment.vendor()).map(cloud -> cloud + "." + region).filter(name::equals)
                                .isPresent())
                .isPresent());
    }

    /** Loopback is where tests and sidecars are, several to a machine: not one upstream. */
    private static Optional<String> host(URI url) {
        String host = url.getHost();
        return host == null || host.equals("localhost") || host.startsWith("127.") || host.equals("[::1]")
                ? Optional.empty()
                : Optional.of(url.getAuthority());
    }

    private static Optional<String> cloud(Vendor vendor) {
        return switch (vendor.family()) {
            case BEDROCK -> Optional.of("aws");
            case VERTEX -> Optional.of("gcp");
            case AZURE_OPENAI -> Optional.of("azure");
            case OPENAI, ANTHROPIC -> Optional.empty();
        };
    }

    /** Such as {@code vendor openai}. */
    @Override
    public String toString() {
        return kind.word + " " + name;
    }
}
