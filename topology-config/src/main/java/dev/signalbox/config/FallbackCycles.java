package dev.signalbox.config;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** Finds fallback models that lead back to where they started, within one environment and use case. */
final class FallbackCycles {
    private final YamlTree tree;
    private final Findings findings;
    private final String rule;
    private final Set<Set<String>> told = new HashSet<>();

    FallbackCycles(YamlTree tree, Findings findings, String rule) {
        this.tree = tree;
        this.findings = findings;
        this.rule = rule;
    }

    void check() {
        List<List<String>> routes = RouteCheck.all(tree);
        for (String environment : part(routes, 1)) {
            for (String useCase : part(routes, 2)) {
                Set<String> ended = new HashSet<>();
                for (String model : part(routes, 0)) {
                    follow(new ArrayList<>(List.of(model)), environment, useCase, ended);
                }
            }
        }
    }

    private static Set<String> part(List<List<String>> routes, int index) {
        Set<String> part = new LinkedHashSet<>();
        routes.forEach(route -> part.add(route.get(index)));
        return part;
    }

    /** Depth first; {@code ended} holds the models from which no cycle was found. */
    private void follow(List<String> path, String environment, String useCase, Set<String> ended) {
        for (String pointer : RouteCheck.routePointer(tree, path.getLast(), environment, useCase)) {
            JsonNode fallbacks = tree.root().at(pointer).path(rule);
            for (int i = 0; i < fallbacks.size(); i++) {
                String next = RouteCheck.modelOf(fallbacks.path(i));
                int back = path.indexOf(next);
                if (back >= 0) {
                    tell(Pointer.of(Pointer.of(pointer, rule), i), path.subList(back, path.size()), next);
                } else if (!ended.contains(next)) {
                    path.add(next);
                    follow(path, environment, useCase, ended);
                    path.removeLast();
                }
            }
        }
        ended.add(path.getLast());
    }

    /** Each round once, whatever model it was entered at and whatever use cases it serves. */
    private void tell(String pointer, List<String> round, String back) {
        if (told.add(new TreeSet<>(round))) {
            findings.at(pointer, rule + " go round in a circle: " + String.join(" -> ", round) + " -> " + back);
        }
    }
}
