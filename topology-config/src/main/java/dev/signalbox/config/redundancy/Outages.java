package dev.signalbox.config.redundancy;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.Deployment;
import dev.signalbox.config.DeploymentName;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;

/** Failure domains that are out as a whole, by the health of their deployments: evidence of one is that of several. */
public final class Outages {
    private static final int FEWEST = 2;

    /** A domain, such as {@code vendor openai}, and its deployments that are out. */
    public record Outage(String domain, Set<DeploymentName> deployments) {
    }

    private Outages() {
    }

    /**
     * Domains of which at least two deployments are out and none that is called is well; of those that have the same
     * deployments out, the widest.
     *
     * @param endpoints deployments that are out by what the vendor's service did
     * @param credentials deployments that are out because their credential is refused
     * @param well deployments that calls are answered by
     */
    public static List<Outage> of(Configuration configuration, Set<DeploymentName> endpoints,
            Set<DeploymentName> credentials, Set<DeploymentName> well) {
        List<Outage> outages = new ArrayList<>();
        for (FailureDomain.Kind kind : CapacityRule.WIDE_FIRST) {
            Set<DeploymentName> guilty = kind == FailureDomain.Kind.CREDENTIAL ? credentials : endpoints;
            byDomain(configuration, kind).forEach((domain, members) -> {
                Set<DeploymentName> out = in(members, guilty::contains);
                if (out.size() >= FEWEST && in(members, well::contains).isEmpty()
                        && outages.stream().noneMatch(wider -> wider.deployments.equals(out))) {
                    outages.add(new Outage(domain.toString(), out));
                }
            });
        }
        return outages;
    }

    /**
     * Deployments that are not out themselves, but share a failure domain of which at least two are, and more than half of those that
     * are called: what failed there is likely to fail here.
     *
     * @param endpoints as above
     * @param credentials as above
     * @param called deployments that were called lately, those that are out included
     */
    public static Set<DeploymentName> doubtful(Configuration configuration, Set<DeploymentName> endpoints,
            Set<DeploymentName> credentials, Set<DeploymentName> called) {
        Set<DeploymentName> doubtful = new HashSet<>();
        if (endpoints.size() < FEWEST && credentials.size() < FEWEST) {
            return doubtful;
        }
        for (FailureDomain.Kind kind : CapacityRule.WIDE_FIRST) {
            Set<DeploymentName> guilty = kind == FailureDomain.Kind.CREDENTIAL ? credentials : endpoints;
            byDomain(configuration, kind).values().forEach(members -> {
                int out = in(members, guilty::contains).size();
                if (out >= FEWEST && 2 * out > in(members, called::contains).size()) {
                    doubtful.addAll(in(members, name -> !endpoints.contains(name) && !credentials.contains(name)));
                }
            });
        }
        return doubtful;
    }

    private static Set<DeploymentName> in(List<Deployment> members, Predicate<DeploymentName> wanted) {
        Set<DeploymentName> names = new TreeSet<>(Comparator.comparing(DeploymentName::toString));
        members.stream().map(Deployment::name).filter(wanted).forEach(names::add);
        return names;
    }

    private static Map<FailureDomain, List<Deployment>> byDomain(Configuration configuration,
            FailureDomain.Kind kind) {
        Map<FailureDomain, List<Deployment>> members = new LinkedHashMap<>();
        for (Deployment deployment : configuration.deployments().values()) {
            for (FailureDomain domain : FailureDomain.of(deployment)) {
                if (domain.kind() == kind) {
                    members.computeIfAbsent(domain, _ -> new ArrayList<>()).add(deployment);
                }
            }
        }
        return members;
    }
}
