package dev.signalbox.config.live;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.DeploymentName;
import dev.signalbox.config.ModelRoutes;
import dev.signalbox.config.Route;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** Which routes something would leave without any deployment. */
public final class RoutesLeft {
    private RoutesLeft() {
    }

    /**
     * Names of the environment's routes that have no deployment but these, fallback models included.
     *
     * @param out deployments that would not be called
     */
    public static List<String> withNothingBut(Configuration configuration, Set<DeploymentName> out) {
        return configuration.routes().keySet().stream().flatMap(model -> routes(configuration, model))
                .filter(route -> deployments(configuration, route).allMatch(out::contains)).map(Route::name).distinct()
                .sorted().toList();
    }

    private static Stream<Route> routes(Configuration configuration, String model) {
        ModelRoutes routes = configuration.routes().get(model);
        Collection<Route> ours = routes == null
                ? List.of()
                : routes.byEnvironment().getOrDefault(configuration.environment(), Map.of()).values();
        return ours.stream();
    }

    private static Stream<DeploymentName> deployments(Configuration configuration, Route route) {
        return Stream.concat(route.strategy().deployments().stream(),
                route.fallbackModels().stream().flatMap(model -> routes(configuration, model.model()))
                        .flatMap(other -> other.strategy().deployments().stream()));
    }
}
