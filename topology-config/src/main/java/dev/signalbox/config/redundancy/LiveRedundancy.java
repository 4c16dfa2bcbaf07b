package dev.signalbox.config.redundancy;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.Deployment;
import dev.signalbox.config.DeploymentName;
import dev.signalbox.config.redundancy.LiveState.Peak;
import dev.signalbox.config.redundancy.LiveState.RouteKey;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * Judges how redundant a running installation is: its configuration as {@link Redundancy} does, but for what is out of use, and
 * by the demand that came. Of its own environment only, since no other has demand.
 */
public final class LiveRedundancy {
    private final Configuration configuration;
    private final LiveState live;
    private final List<Reach> whole;
    private final PoolRules pools;
    private final DemandRules demand;

    private LiveRedundancy(Configuration configuration, LiveState live) {
        this.configuration = configuration;
        this.live = live;
        this.whole = new Reaches(configuration).all().stream()
                .filter(reach -> reach.environment().equals(configuration.environment())).toList();
        this.pools = new PoolRules(configuration, whole);
        this.demand = new DemandRules(configuration, live);
    }

    /**
     * @param routes one for each route and pool, and tenant whose rule narrows it, in the file's order
     * @param findings the worst first; at most one of a kind at a path
     */
    public record Report(List<LiveRoute> routes, List<RedundancyFinding> findings) {
    }

    public static Report assess(Configuration configuration, LiveState live) {
        return new LiveRedundancy(configuration, live).report();
    }

    private Report report() {
        List<LiveRoute> routes = new ArrayList<>();
        Map<List<String>, RedundancyFinding> findings = new LinkedHashMap<>();
        Set<RedundancyFinding> always = new HashSet<>(Redundancy.of(configuration, whole).findings());
        for (Reach reach : whole) {
            LiveRoute route = route(reach);
            routes.add(route);
            ejected(reach, route).forEach(finding -> keep(finding, findings));
            if (reach.tenant().isEmpty()) {
                demand.judge(reach, route).forEach(finding -> keep(finding, findings));
            }
        }
        List<Reach> left = whole.stream().map(reach -> reach.without(live.out()))
                .filter(reach -> !reach.own().isEmpty()).toList();
        always.forEach(finding -> keep(finding, findings));
        Redundancy.of(withoutOut(), left).findings().stream().filter(finding -> !always.contains(finding))
                .filter(finding -> finding.severity() == Severity.CRITICAL).map(this::whileOut)
                .forEach(finding -> keep(finding, findings));
        return new Report(routes, findings.values().stream()
                .sorted(Collections.reverseOrder(Comparator.comparing(RedundancyFinding::severity))).toList());
    }

    /** What is out is no cure either. */
    private Configuration withoutOut() {
        Map<DeploymentName, Deployment> left = new LinkedHashMap<>(configuration.deployments());
        left.keySet().removeAll(live.out());
        return new Configuration(configuration.environment(), configuration.vendors(), left, configuration.pools(),
                configuration.routes(), configuration.prices(), configuration.topics(), configuration.worker(),
                configuration.tenants(), configuration.useCases(), configuration.budgets(), configuration.alerts(),
                configuration.claims());
    }

    private static void keep(RedundancyFinding finding, Map<List<String>, RedundancyFinding> into) {
        List<String> key = new ArrayList<>(finding.path());
        key.add(finding.weakness().label());
        into.putIfAbsent(key, finding);
    }

    private RedundancyFinding whileOut(RedundancyFinding finding) {
        return new RedundancyFinding(finding.severity(), finding.weakness(), finding.path(),
                finding.message() + ", while " + names(live.out()) + " is out",
                finding.cure() + "; signalbox deployments list says why it is out");
    }

    private List<RedundancyFinding> ejected(Reach reach, LiveRoute route) {
        boolean all = route.inUse().isEmpty();
        if (reach.own().isEmpty() || !reach.without(live.out()).own().isEmpty()) {
            return List.of();
        }
        return List.of(new RedundancyFinding(
                reach.tenant().isEmpty() && all ? Severity.CRITICAL : Severity.WARNING, Weakness.ALL_EJECTED,
                reach.tenant().map(tenant -> List.of("tenants", tenant, "allow")).orElseGet(reach::path),
                "every deployment of " + reach.spoken() + " is ejected (" + names(route.out()) + "): "
                        + (all ? "all of them are tried as a last resort" : "only fallback models answer"),
                "see signalbox deployments list for why; give the route a deployment that fails with none of them"));
    }

    private LiveRoute route(Reach reach) {
        Reach left = reach.without(live.out());
        List<Deployment> used = left.all();
        List<Peak> peaks = peaks(reach);
        return new LiveRoute(reach.route().name(), reach.pool(), reach.tenant(), names(used.stream()),
                names(reach.all().stream().filter(deployment -> live.out().contains(deployment.name()))),
                sorted(used.stream().map(deployment -> deployment.vendor().name())),
                sorted(used.stream().map(Deployment::region).flatMap(Optional::stream)),
                sorted(used.stream().flatMap(deployment -> FailureDomain.of(deployment).stream())
                        .filter(domain -> domain.kind() == FailureDomain.Kind.AREA).map(FailureDomain::name)),
                sorted(used.stream().map(Deployment::vendor).filter(vendor -> vendor.hidesVendors())
                        .map(vendor -> vendor.name())),
                pools.isIsolated(reach), peaks, demand.headroom(left, peaks), demand.worst(left, peaks),
                demand.unused(reach));
    }

    /** Of all routes of the pool that use one of its deployments: they have the same capacity. */
    private List<Peak> peaks(Reach reach) {
        Set<RouteKey> competing = new LinkedHashSet<>();
        whole.stream().filter(other -> other.pool().equals(reach.pool()))
                .filter(other -> other.own().stream().anyMatch(reach.own()::contains))
                .forEach(other -> competing.add(new RouteKey(other.route().name(), other.pool())));
        List<List<Peak>> known = competing.stream().map(key -> live.demand().getOrDefault(key, List.of()))
                .filter(peaks -> !peaks.isEmpty()).toList();
        List<Peak> sums = new ArrayList<>();
        for (List<Peak> peaks : known) {
            for (int i = 0; i < peaks.size(); i++) {
                if (i == sums.size()) {
                    sums.add(peaks.get(i));
                } else {
                    sums.set(i, sums.get(i).plus(peaks.get(i)));
                }
            }
        }
        return List.copyOf(sums);
    }

    private static List<DeploymentName> names(Stream<Deployment> deployments) {
        return deployments.map(Deployment::name).toList();
    }

    static String names(Collection<DeploymentName> names) {
        return String.join(", ", sorted(names.stream().map(DeploymentName::toString)));
    }

    private static SortedSet<String> sorted(Stream<String> names) {
        return names.collect(TreeSet::new, TreeSet::add, TreeSet::addAll);
    }
}
