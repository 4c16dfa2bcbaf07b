package dev.signalbox.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/** Prints routes in the language that they were written in. */
final class RoutePrinter {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
    private static final ObjectMapper VALUES = new ObjectMapper();

    private RoutePrinter() {
    }

    static ObjectNode route(Route route) {
        ObjectNode node = JSON.objectNode();
        put(node, route.strategy());
        node.set("fallback_models", fallbacks(route.fallbackModels()));
        node.set("on_context_window", fallbacks(route.contextWindowFallbacks()));
        node.set("on_content_filter", fallbacks(route.contentFilterFallbacks()));
        node.set("allow", ConfigurationPrinter.residency(route.allow()));
        node.put("call", route.call().label());
        route.hedgeAfter().ifPresent(after -> node.put("hedge_after", Units.print(after)));
        if (route.spillAfter() > 0) {
            node.put("spill_after", Units.printShare(route.spillAfter()));
        }
        return node;
    }

    private static void put(ObjectNode node, Strategy strategy) {
        switch (strategy) {
            case Strategy.One one -> node.put("deployment", one.deployment().place());
            case Strategy.Sequence sequence -> node.set(strategy.label(), members(sequence.members()));
            case Strategy.LatencyBased latency -> node.set(strategy.label(), members(latency.members()));
            case Strategy.Cheapest cheapest -> node.set(strategy.label(), members(cheapest.members()));
            case Strategy.LoadBalanced balanced -> {
                ArrayNode list = node.putArray(strategy.label());
                for (Strategy.Weighted member : balanced.members()) {
                    put(list.addObject().put("weight", member.weight()), member.member());
                }
            }
        }
    }

    private static ArrayNode members(List<Strategy> members) {
        ArrayNode list = JSON.arrayNode();
        for (Strategy member : members) {
            if (member instanceof Strategy.One one) {
                list.add(one.deployment().place());
            } else {
                put(list.addObject(), member);
            }
        }
        return list;
    }

    private static ArrayNode fallbacks(List<Route.FallbackModel> fallbacks) {
        ArrayNode list = JSON.arrayNode();
        for (Route.FallbackModel fallback : fallbacks) {
            ObjectNode node = list.addObject().put("model", fallback.model());
            node.set("parameters", VALUES.<JsonNode>valueToTree(fallback.overrides()));
            fallback.prompt().ifPresent(prompt -> node.putObject("prompt").put("template", prompt.template())
                    .put("version", prompt.version()));
            node.put("overflow", Units.printShare(fallback.overflow()));
        }
        return list;
    }
}
