package dev.signalbox.config.redundancy;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.Deployment;
import dev.signalbox.config.DeploymentName;
import dev.signalbox.config.Pool;
import dev.signalbox.schemas.PoolName;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** Whether one pool can use up what another needs. */
final class PoolRules {
    private final Configuration configuration;
    /** Pools whose requests may come to a deployment, by a route or a fallback model, in rank. */
    private final Map<DeploymentName, List<PoolName>> users = new LinkedHashMap<>();

    PoolRules(Configuration configuration, List<Reach> reaches) {
        this.configuration = configuration;
        for (Pool pool : configuration.pools()) {
            reaches.stream().filter(reach -> reach.pool().equals(pool.name())).flatMap(reach -> reach.all().stream())
                    .map(Deployment::name).distinct()
                    .forEach(name -> users.computeIfAbsent(name, _ -> new ArrayList<>()).add(pool.name()));
        }
    }

    List<RedundancyFinding> judge() {
        List<RedundancyFinding> findings = new ArrayList<>();
        Set<String> without = new TreeSet<>();
        for (Pool pool : configuration.pools()) {
            List<Deployment> used = configuration.deployments().values().stream()
                    .filter(deployment -> users(deployment).contains(pool.name())).toList();
            if (!used.isEmpty() && used.stream().noneMatch(deployment -> hasOwn(deployment, pool.name()))) {
                without.add(pool.name().value());
                findings.add(withoutOwn(pool.name(), used));
            }
        }
        for (Deployment deployment : configuration.deployments().values()) {
            List<PoolName> sharing = users(deployment);
            if (deployment.poolShares().isEmpty() && sharing.size() > 1
                    && sharing.stream().noneMatch(pool -> without.contains(pool.value()))) {
                findings.add(new RedundancyFinding(Weakness.UNISOLATED_POOLS, path(deployment),
                        "pools " + names(sharing) + " use " + deployment.name() + " without parts of their own: "
                                + sharing.getLast() + " can use up what " + sharing.getFirst() + " needs",
                        parts(deployment, sharing)));
            }
        }
        return findings;
    }

    private List<PoolName> users(Deployment deployment) {
        return users.getOrDefault(deployment.name(), List.of());
    }

    /** Whether no other pool can use up all of any deployment that a route has for its pool. */
    boolean isIsolated(Reach reach) {
        return reach.all().stream().allMatch(deployment -> hasOwn(deployment, reach.pool()));
    }

    /** A part of its own, or a deployment that nobody else uses. */
    private boolean hasOwn(Deployment deployment, PoolName pool) {
        return deployment.poolShares().containsKey(pool) || users(deployment).size() == 1;
    }

    private RedundancyFinding withoutOwn(PoolName pool, List<Deployment> used) {
        Deployment first = used.getFirst();
        return new RedundancyFinding(Weakness.POOL_WITHOUT_OWN_CAPACITY, List.of("pools", pool.value()),
                "pool " + pool + " has no part of its own at any deployment that it uses ("
                        + String.join(", ", used.stream().map(d -> d.name().toString()).toList())
                        + "): other pools can use up all of them",
                parts(first, users(first))
                        + (used.size() > 1 ? ", and so for the others, or reserve one for it by pools: " + pool : ""));
    }

    private static String parts(Deployment deployment, List<PoolName> pools) {
        int each = 100 / pools.size();
        List<String> parts = new ArrayList<>();
        for (int i = 0; i < pools.size(); i++) {
            parts.add(pools.get(i) + ": " + (i == 0 ? 100 - each * (pools.size() - 1) : each) + "%");
        }
        return "write pools: { " + String.join(", ", parts) + " } (or other parts) in "
                + RedundancyFinding.spoken(path(deployment));
    }

    private static List<String> path(Deployment deployment) {
        return List.of("deployments", deployment.name().toString());
    }

    private static String names(List<PoolName> pools) {
        return String.join(" and ", pools.stream().map(PoolName::value).toList());
    }
}
