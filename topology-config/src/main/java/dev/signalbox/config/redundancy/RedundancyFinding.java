package dev.signalbox.config.redundancy;

import java.util.List;

/**
 * One weakness, and what to write to cure it.
 *
 * @param path keys of the configuration that it concerns, from the root
 * @param message what can happen, in one sentence
 * @param cure what to change in the YAML
 */
public record RedundancyFinding(Severity severity, Weakness weakness, List<String> path, String message, String cure) {
    public RedundancyFinding {
        path = List.copyOf(path);
    }

    RedundancyFinding(Weakness weakness, List<String> path, String message, String cure) {
        this(weakness.severity(), weakness, path, message, cure);
    }

    /** The path as an operator speaks of it: {@code routes.gpt-4.1.us_prod.otherwise}; keys with dots in quotes. */
    public String spokenPath() {
        return spoken(path);
    }

    static String spoken(List<String> path) {
        return String.join(".", path.stream().map(key -> key.contains(".") ? "\"" + key + "\"" : key).toList());
    }
}
