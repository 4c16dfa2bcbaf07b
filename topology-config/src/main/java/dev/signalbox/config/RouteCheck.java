package dev.signalbox.config;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What a schema cannot say about routes: places that are deployments, fallback models that have routes. */
final class RouteCheck {
    static final List<String> STRATEGIES = List.of("sequence", "load_balanced", "latency_based", "cheapest");
    static final List<String> FALLBACKS = List.of("fallback_models", "on_context_window", "on_content_filter");

    private final YamlTree tree;
    private final Findings findings;
    private final List<String> deployments;

    RouteCheck(YamlTree tree, Findings findings) {
        this.tree = tree;
        this.findings = findings;
        this.deployments = NameCheck.keys(tree.section("deployments"));
    }

    void check() {
        tree.section("routes").properties().forEach(model -> model.getValue().properties()
                .forEach(environment -> environment.getValue().properties().forEach(useCase -> route(model.getKey(),
                        environment.getKey(), useCase.getKey(), useCase.getValue()))));
        for (String rule : FALLBACKS) {
            new FallbackCycles(tree, findings, rule).check();
        }
    }

    private void route(String model, String environment, String useCase, JsonNode route) {
        String pointer = Pointer.path("routes", model, environment, useCase);
        strategies(model, pointer, route);
        if (route.has("spill_after") && !route.has("cheapest")) {
            findings.at(Pointer.of(pointer, "spill_after"),
                    "only a route by price has dearer places to spill to: it goes with \"cheapest\"");
        }
        for (String rule : FALLBACKS) {
            JsonNode fallbacks = route.path(rule);
            for (int i = 0; i < fallbacks.size(); i++) {
                String place = Pointer.of(Pointer.of(pointer, rule), i);
                fallback(modelOf(fallbacks.path(i)), environment, useCase, place);
            }
        }
    }

    /** The strategies of a route or of a member, at all depths. */
    private void strategies(String model, String pointer, JsonNode holder) {
        for (String strategy : STRATEGIES) {
            JsonNode members = holder.path(strategy);
            String place = Pointer.of(pointer, strategy);
            if (members.isObject()) {
                members.properties().forEach(
                        member -> member(model, member.getKey(), Pointer.of(place, member.getKey())));
                continue;
            }
            Set<String> seen = new HashSet<>();
            for (int i = 0; i < members.size(); i++) {
                JsonNode member = members.path(i);
                String item = Pointer.of(place, i);
                if (member.isTextual()) {
                    member(model, member.asText(), item);
                } else {
                    strategies(model, item, member);
                    if (member.path("deployment").isTextual()) {
                        String name = member.path("deployment").asText();
                        member(model, name, Pointer.of(item, "deployment"));
                        if (!seen.add(name)) {
                            findings.at(item, "\"" + name + "\" is in this strategy twice");
                        }
                    }
                }
            }
        }
    }

    private void member(String model, String member, String pointer) {
        if (tree.isUnresolved(pointer) || deployments.contains(member + "/" + model)) {
            return;
        }
        if (member.contains("/")) {
            if (member.endsWith("/" + model)) {
                findings.atKey(pointer, "a route names the place alone: \"" + member.substring(0, member.indexOf('/'))
                        + "\" for \"" + member + "\"");
            } else {
                findings.atKey(pointer, "a route of \"" + model + "\" cannot use \"" + member
                        + "\", which is another model: name that model under fallback_models");
            }
            return;
        }
        List<String> places = deployments.stream().filter(name -> name.endsWith("/" + model))
                .map(name -> name.substring(0, name.length() - model.length() - 1)).toList();
        String cure = places.isEmpty()
                ? "; \"" + model + "\" has no deployments at all"
                : Suggestion.nearest(member, places).isPresent()
                        ? ""
                        : "; \"" + model + "\" is deployed at " + String.join(", ", places);
        findings.atKey(pointer, "no deployment \"" + member + "/" + model + "\"" + cure, member, places);
    }

    private void fallback(String model, String environment, String useCase, String pointer) {
        if (model.isEmpty() || tree.isUnresolved(pointer)) {
            return;
        }
        List<String> models = NameCheck.keys(tree.section("routes"));
        if (!models.contains(model)) {
            findings.at(pointer, "model \"" + model + "\" has no routes", model, models);
        } else if (environmentsServedBy(environment).stream()
                .allMatch(served -> routePointer(tree, model, served, useCase).isEmpty())) {
            findings.at(pointer,
                    "model \"" + model + "\" has no route for " + environment + ", use case " + useCase);
        }
    }

    /** A named environment is itself; the one for all others may stand for any that the file names. */
    private Set<String> environmentsServedBy(String environment) {
        Set<String> served = new LinkedHashSet<>(List.of(environment));
        if (environment.equals(Pool.OTHERWISE)) {
            all(tree).forEach(route -> served.add(route.get(1)));
        }
        return served;
    }

    /** The model of an item of a fallback list, written as its name alone or as a map. */
    static String modelOf(JsonNode fallback) {
        return fallback.isTextual() ? fallback.asText() : fallback.path("model").asText("");
    }

    /** Where the route of a model stands that serves an environment and use case; empty if there is none. */
    static List<String> routePointer(YamlTree tree, String model, String environment, String useCase) {
        JsonNode environments = tree.section("routes").path(model);
        String named = environments.has(environment) ? environment : Pool.OTHERWISE;
        for (String candidate : List.of(useCase, Pool.OTHERWISE)) {
            if (environments.path(named).has(candidate)) {
                return List.of(Pointer.path("routes", model, named, candidate));
            }
        }
        return List.of();
    }

    /** Every route: model, environment and use case. */
    static List<List<String>> all(YamlTree tree) {
        List<List<String>> routes = new ArrayList<>();
        for (Map.Entry<String, JsonNode> model : tree.section("routes").properties()) {
            for (Map.Entry<String, JsonNode> environment : model.getValue().properties()) {
                environment.getValue().propertyStream()
                        .forEach(route -> routes.add(List.of(model.getKey(), environment.getKey(), route.getKey())));
            }
        }
        return routes;
    }
}
