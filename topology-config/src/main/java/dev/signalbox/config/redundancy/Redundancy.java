package dev.signalbox.config.redundancy;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.Deployment;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Stream;

/** Judges how redundant a configuration is: its routes, and its pools by the routes that use them. */
public final class Redundancy {
    private final RouteRules routes;
    private final CapacityRule capacity;
    private final PoolRules pools;
    private final List<Reach> reaches;

    private Redundancy(Configuration configuration, List<Reach> reaches) {
        this.reaches = reaches;
        this.routes = new RouteRules(configuration);
        this.capacity = new CapacityRule(configuration);
        this.pools = new PoolRules(configuration, reaches);
    }

    /** Judges the routes of all environments. */
    public static RedundancyReport assess(Configuration configuration) {
        return new Redundancy(configuration, new Reaches(configuration).all()).report();
    }

    /** Judges the routes of one environment, and pools by these alone. */
    public static RedundancyReport assess(Configuration configuration, String environment) {
        return new Redundancy(configuration, new Reaches(configuration).all().stream()
                .filter(reach -> reach.environment().equals(environment)).toList()).report();
    }

    static RedundancyReport of(Configuration configuration, List<Reach> reaches) {
        return new Redundancy(configuration, reaches).report();
    }

    private RedundancyReport report() {
        Set<RedundancyFinding> findings = new LinkedHashSet<>();
        byRoute().forEach(ofRoute -> findings.addAll(judge(ofRoute)));
        findings.addAll(pools.judge());
        return new RedundancyReport(reaches.stream().map(this::row).toList(),
                findings.stream().sorted(Comparator.comparing(RedundancyFinding::severity).reversed()).toList());
    }

    private Collection<List<Reach>> byRoute() {
        Map<List<String>, List<Reach>> byRoute = new LinkedHashMap<>();
        reaches.forEach(reach -> byRoute.computeIfAbsent(reach.path(), _ -> new ArrayList<>()).add(reach));
        return byRoute.values();
    }

    private List<RedundancyFinding> judge(List<Reach> ofRoute) {
        List<Reach> whole = ofRoute.stream().filter(reach -> reach.tenant().isEmpty()).toList();
        boolean alike = whole.stream().allMatch(whole.getFirst()::isAlike);
        List<RedundancyFinding> findings = new ArrayList<>();
        for (Reach reach : ofRoute) {
            List<RedundancyFinding> found = routes.judge(reach, alike ? "" : "pool " + reach.pool() + ": ");
            boolean weakAnyway = reach.tenant().isPresent()
                    && findings.stream().anyMatch(RouteRules::isSinglePoint);
            found.stream().filter(finding -> !weakAnyway || finding.weakness() == Weakness.NOTHING_LEFT)
                    .forEach(findings::add);
        }
        whole.stream().flatMap(reach -> capacity.worst(reach).map(loss -> Map.entry(reach, loss.share())).stream())
                .min(Map.Entry.comparingByValue()).flatMap(worst -> capacity.judge(worst.getKey()))
                .ifPresent(findings::add);
        return findings;
    }

    private RouteRedundancy row(Reach reach) {
        List<Deployment> all = reach.all();
        return new RouteRedundancy(reach.route().name(), reach.pool(), reach.tenant(),
                reach.own().stream().map(Deployment::name).toList(),
                all.stream().filter(deployment -> !reach.own().contains(deployment)).map(Deployment::name).toList(),
                sorted(all.stream().map(deployment -> deployment.vendor().name())),
                sorted(all.stream().map(Deployment::region).flatMap(Optional::stream)),
                sorted(all.stream().map(Deployment::account).flatMap(Optional::stream)),
                sorted(all.stream().flatMap(deployment -> deployment.credentials().stream())
                        .map(secret -> secret.reference())),
                sorted(all.stream().flatMap(deployment -> FailureDomain.of(deployment).stream())
                        .filter(domain -> domain.kind() == FailureDomain.Kind.AREA).map(FailureDomain::name)),
                Capacity.of(all, reach.pool()), capacity.worst(reach));
    }

    private static SortedSet<String> sorted(Stream<String> names) {
        return names.collect(TreeSet::new, TreeSet::add, TreeSet::addAll);
    }
}
