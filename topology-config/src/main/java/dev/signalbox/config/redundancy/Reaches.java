package dev.signalbox.config.redundancy;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.Deployment;
import dev.signalbox.config.DeploymentName;
import dev.signalbox.config.ModelRoutes;
import dev.signalbox.config.Pool;
import dev.signalbox.config.Residency;
import dev.signalbox.config.Route;
import dev.signalbox.config.Tenant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Finds what may serve each route: by route, pool and tenant, as the router judges it. */
final class Reaches {
    private final Configuration configuration;

    Reaches(Configuration configuration) {
        this.configuration = configuration;
    }

    /** One for each route and pool that uses it, then those of tenants whose rule leaves them less; in file order. */
    List<Reach> all() {
        List<Reach> reaches = new ArrayList<>();
        configuration.routes().forEach((model, routes) -> routes.byEnvironment()
                .forEach((environment, byUseCase) -> byUseCase.forEach((useCase, route) -> pools(useCase, byUseCase)
                        .forEach(pool -> ofPool(new Asker(model, environment, useCase, route, pool), reaches)))));
        return reaches;
    }

    /** Pools whose requests come to a route: of its use case, or with a use case that has no route of its own. */
    private List<Pool> pools(String useCase, Map<String, Route> siblings) {
        if (!useCase.equals(Pool.OTHERWISE)) {
            return configuration.poolOf(useCase).stream().toList();
        }
        return configuration.pools().stream().filter(pool -> pool.lists(Pool.OTHERWISE)
                || pool.useCases().stream().anyMatch(listed -> !siblings.containsKey(listed))).toList();
    }

    private record Asker(String model, String environment, String useCase, Route route, Pool pool) {
        /** A use case whose requests come to this route. */
        String spokenFor(Map<String, Route> siblings) {
            return !useCase.equals(Pool.OTHERWISE)
                    ? useCase
                    : pool.useCases().stream().filter(listed -> !siblings.containsKey(listed)).findFirst()
                            .orElse(Pool.OTHERWISE);
        }
    }

    private void ofPool(Asker asker, List<Reach> into) {
        Reach whole = reach(asker, Optional.empty());
        boolean elsewhere = asker.useCase.equals(Pool.OTHERWISE) && !asker.pool.lists(Pool.OTHERWISE);
        if (elsewhere && whole.all().isEmpty()) {
            return; // A pool that was kept from this model on purpose.
        }
        into.add(whole);
        for (Tenant tenant : configuration.tenants().values()) {
            if (!tenant.allow().equals(Residency.ANYWHERE)) {
                Reach narrowed = reach(asker, Optional.of(tenant));
                if (!narrowed.isAlike(whole)) {
                    into.add(narrowed);
                }
            }
        }
    }

    private Reach reach(Asker asker, Optional<Tenant> tenant) {
        Map<String, List<Deployment>> fallbacks = new LinkedHashMap<>();
        ModelRoutes routes = configuration.routes().get(asker.model);
        String useCase = routes == null
                ? asker.useCase
                : asker.spokenFor(routes.byEnvironment().getOrDefault(asker.environment, Map.of()));
        for (Route.FallbackModel fallback : asker.route.fallbackModels()) {
            fallbacks.put(fallback.model(), Optional.ofNullable(configuration.routes().get(fallback.model()))
                    .flatMap(other -> other.route(asker.environment, useCase))
                    .map(route -> members(route, asker.pool, tenant)).orElse(List.of()));
        }
        return new Reach(asker.model, asker.environment, asker.useCase, asker.route, asker.pool.name(),
                tenant.map(Tenant::name), members(asker.route, asker.pool, tenant), fallbacks);
    }

    private List<Deployment> members(Route route, Pool pool, Optional<Tenant> tenant) {
        List<Deployment> members = new ArrayList<>();
        for (DeploymentName name : route.strategy().deployments()) {
            Deployment deployment = configuration.deployments().get(name);
            if (deployment != null && deployment.serves(pool.name()) && route.allow().allows(deployment)
                    && pool.allow().allows(deployment)
                    && tenant.map(Tenant::allow).orElse(Residency.ANYWHERE).allows(deployment)) {
                members.add(deployment);
            }
        }
        return members;
    }
}
