package dev.signalbox.config.redundancy;

import dev.signalbox.config.Deployment;
import dev.signalbox.config.DeploymentName;
import dev.signalbox.config.Route;
import dev.signalbox.schemas.PoolName;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What may serve a route's requests of one pool, and of one tenant where his residency rule narrows it.
 *
 * @param model logical model of the route
 * @param environment key of the route, not always the installation's
 * @param useCase key of the route, or the pool's own
 * @param own deployments of the route itself, in its order
 * @param fallbacks each fallback model and its deployments, in order
 */
record Reach(String model, String environment, String useCase, Route route, PoolName pool, Optional<String> tenant,
        List<Deployment> own, Map<String, List<Deployment>> fallbacks) {

    /** Path of the route in the configuration. */
    List<String> path() {
        return List.of("routes", model, environment, useCase);
    }

    /** Own deployments and those of fallback models, each once. */
    List<Deployment> all() {
        Set<Deployment> all = new LinkedHashSet<>(own);
        fallbacks.values().forEach(all::addAll);
        return new ArrayList<>(all);
    }

    /** Fallback models that have something that may serve. */
    Map<String, List<Deployment>> usableFallbacks() {
        Map<String, List<Deployment>> usable = new LinkedHashMap<>(fallbacks);
        usable.values().removeIf(List::isEmpty);
        return usable;
    }

    /** Such as {@code gpt-4.1/us_prod/otherwise}, with the tenant where it is one's. */
    String spoken() {
        return route.name() + tenant.map(name -> " for tenant " + name).orElse("");
    }

    /** Where these are out of use. */
    Reach without(Set<DeploymentName> out) {
        Map<String, List<Deployment>> left = new LinkedHashMap<>();
        fallbacks.forEach((fallback, members) -> left.put(fallback, without(members, out)));
        return new Reach(model, environment, useCase, route, pool, tenant, without(own, out), left);
    }

    private static List<Deployment> without(List<Deployment> members, Set<DeploymentName> out) {
        return members.stream().filter(deployment -> !out.contains(deployment.name())).toList();
    }

    boolean isAlike(Reach other) {
        return route.equals(other.route) && own.equals(other.own) && fallbacks.equals(other.fallbacks);
    }
}
