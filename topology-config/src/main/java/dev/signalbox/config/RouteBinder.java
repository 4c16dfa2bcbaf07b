package dev.signalbox.config;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.StreamSupport;

/** Makes routes from a tree that was found valid and has its defaults filled in. */
final class RouteBinder {
    private static final TypeReference<LinkedHashMap<String, Object>> PARAMETERS = new TypeReference<>() {
    };

    private final ObjectMapper json;

    RouteBinder(ObjectMapper json) {
        this.json = json;
    }

    Map<String, ModelRoutes> routes(JsonNode routes) {
        Map<String, ModelRoutes> byModel = new LinkedHashMap<>();
        routes.properties().forEach(model -> {
            Map<String, Map<String, Route>> byEnvironment = new LinkedHashMap<>();
            model.getValue().properties().forEach(environment -> {
                Map<String, Route> byUseCase = new LinkedHashMap<>();
                environment.getValue().properties()
                        .forEach(useCase -> byUseCase.put(useCase.getKey(),
                                route(model.getKey(),
                                        model.getKey() + "/" + environment.getKey() + "/" + useCase.getKey(),
                                        useCase.getValue())));
                byEnvironment.put(environment.getKey(), Collections.unmodifiableMap(byUseCase));
            });
            byModel.put(model.getKey(), new ModelRoutes(model.getKey(), Collections.unmodifiableMap(byEnvironment)));
        });
        return Collections.unmodifiableMap(byModel);
    }

    private Route route(String model, String name, JsonNode route) {
        return new Route(name, strategy(model, route), fallbacks(route.path("fallback_models")),
                ConfigurationBinder.residency(route.path("allow")),
                ConfigurationBinder.label(Route.CallMode.class, route.path("call").asText()),
                fallbacks(route.path("on_context_window")), fallbacks(route.path("on_content_filter")),
                route.has("hedge_after")
                        ? Optional.of(ConfigurationBinder.duration(route.path("hedge_after")))
                        : Optional.empty(),
                route.has("spill_after") ? ConfigurationBinder.share(route.path("spill_after")) : 0);
    }

    /** A member: a place, or the one strategy that a map holds. */
    private Strategy strategy(String model, JsonNode holder) {
        if (holder.isTextual()) {
            return one(model, holder.asText());
        }
        if (holder.has("deployment")) {
            return one(model, holder.path("deployment").asText());
        }
        String label = RouteCheck.STRATEGIES.stream().filter(holder::has).findFirst().orElseThrow();
        JsonNode members = holder.path(label);
        return switch (label) {
            case "sequence" -> new Strategy.Sequence(strategies(model, members));
            case "latency_based" -> new Strategy.LatencyBased(strategies(model, members));
            case "cheapest" -> new Strategy.Cheapest(strategies(model, members));
            default -> new Strategy.LoadBalanced(weighted(model, members));
        };
    }

    private static Strategy one(String model, String place) {
        return new Strategy.One(new DeploymentName(place, model));
    }

    private List<Strategy> strategies(String model, JsonNode members) {
        return StreamSupport.stream(members.spliterator(), false).map(member -> strategy(model, member)).toList();
    }

    private List<Strategy.Weighted> weighted(String model, JsonNode members) {
        List<Strategy.Weighted> list = new ArrayList<>();
        members.properties()
                .forEach(entry -> list
                        .add(new Strategy.Weighted(one(model, entry.getKey()), entry.getValue().doubleValue())));
        if (members.isArray()) {
            members.forEach(member -> list
                    .add(new Strategy.Weighted(strategy(model, member), member.path("weight").doubleValue())));
        }
        return List.copyOf(list);
    }

    private List<Route.FallbackModel> fallbacks(JsonNode list) {
        return StreamSupport.stream(list.spliterator(), false).map(this::fallback).toList();
    }

    private Route.FallbackModel fallback(JsonNode fallback) {
        if (fallback.isTextual()) {
            return new Route.FallbackModel(fallback.asText(), Map.of());
        }
        JsonNode prompt = fallback.path("prompt");
        return new Route.FallbackModel(fallback.path("model").asText(),
                Collections.unmodifiableMap(json.convertValue(fallback.path("parameters"), PARAMETERS)),
                prompt.isObject()
                        ? Optional.of(new Route.PromptVariant(prompt.path("template").asText(),
                                prompt.path("version").asText()))
                        : Optional.empty(),
                ConfigurationBinder.share(fallback.path("overflow")));
    }
}
