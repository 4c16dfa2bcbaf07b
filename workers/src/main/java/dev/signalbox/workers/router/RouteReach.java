package dev.signalbox.workers.router;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.DeploymentName;
import dev.signalbox.config.ModelRoutes;
import dev.signalbox.config.Route;
import java.util.Collection;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Which deployments a request may meet, as far as the configuration tells before it is asked for its call. Immutable. */
public final class RouteReach {
    /** Of a request that no route serves. */
    private static final Reach NONE = new Reach("none", Set.of());

    private final Configuration configuration;
    private final IdentityHashMap<Route, Reach> byRoute = new IdentityHashMap<>();

    /**
     * @param route its name; {@code none} without one
     * @param deployments those of its strategy, and of the fallback models that take its overflow
     */
    public record Reach(String route, Set<DeploymentName> deployments) {
    }

    public RouteReach(Configuration configuration) {
        this.configuration = configuration;
        configuration.routes().keySet().forEach(model -> routes(model)
                .forEach(route -> byRoute.put(route, reach(route))));
    }

    /** A model's routes in the installation's environment, of all use cases. */
    private Collection<Route> routes(String model) {
        ModelRoutes routes = configuration.routes().get(model);
        return routes == null
                ? List.of()
                : routes.byEnvironment().getOrDefault(configuration.environment(), Map.of()).values();
    }

    private Reach reach(Route route) {
        Set<DeploymentName> deployments = new HashSet<>(route.strategy().deployments());
        route.fallbackModels().stream().filter(model -> model.overflow() > 0)
                .flatMap(model -> routes(model.model()).stream())
                .forEach(other -> deployments.addAll(other.strategy().deployments()));
        return new Reach(route.name(), Set.copyOf(deployments));
    }

    /** Names of all routes, each once. */
    public List<String> names() {
        return byRoute.values().stream().map(Reach::route).distinct().sorted().toList();
    }

    /** Of all routes. */
    public Collection<Reach> all() {
        return List.copyOf(byRoute.values());
    }

    public Reach of(RoutingQuery query) {
        return configuration.route(query.model(), query.useCase()).map(route -> byRoute.getOrDefault(route, NONE))
                .orElse(NONE);
    }
}
