package dev.signalbox.config;

import java.util.Map;
import java.util.Optional;

/**
 * The routes of one logical model: by environment, then by use case.
 *
 * @param byEnvironment an {@link Pool#OTHERWISE} environment or use case stands for those not listed
 */
public record ModelRoutes(String model, Map<String, Map<String, Route>> byEnvironment) {

    /** The route for that environment and use case: the most specific one. */
    public Optional<Route> route(String environment, String useCase) {
        Map<String, Route> byUseCase = byEnvironment.get(environment);
        if (byUseCase == null) {
            byUseCase = byEnvironment.get(Pool.OTHERWISE);
        }
        if (byUseCase == null) {
            return Optional.empty();
        }
        Route exact = byUseCase.get(useCase);
        return Optional.ofNullable(exact != null ? exact : byUseCase.get(Pool.OTHERWISE));
    }
}
