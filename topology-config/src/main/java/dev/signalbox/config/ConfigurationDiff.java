package dev.signalbox.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.signalbox.schemas.Priority;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * How two configurations differ, as they were written: references are compared as references, and a default that is
 * written out is no difference.
 */
public final class ConfigurationDiff {
    private static final int LONGEST_VALUE = 200;

    /** Whether it waits for a restart, by pointer; what is inside goes by the nearest. */
    private final Map<String, Boolean> atRestart = new HashMap<>();
    private final List<Change> changes = new ArrayList<>();

    /**
     * One difference.
     *
     * @param path keys from the root
     * @param before empty: it is new
     * @param after empty: it is gone
     * @param atRestart whether running processes go on without it until they start again
     */
    public record Change(List<String> path, Optional<String> before, Optional<String> after, boolean atRestart) {
        public Change {
            path = List.copyOf(path);
        }

        /** One line for a person: {@code + added}, {@code - gone}, {@code ~ changed}. */
        @Override
        public String toString() {
            String place = String.join(".",
                    path.stream().map(key -> key.contains(".") ? "\"" + key + "\"" : key).toList());
            String what = before.isEmpty()
                    ? "+ " + place + after.map(value -> ": " + value).orElse("")
                    : after.isEmpty()
                            ? "- " + place + ": " + before.get()
                            : "~ " + place + ": " + before.get() + " -> " + after.get();
            return what + (atRestart ? "   (when processes start again)" : "");
        }
    }

    private ConfigurationDiff() {
    }

    /** From one text to another, in the order of the first, what is new at the end of each part. Both are YAML. */
    public static List<Change> between(String before, String after) {
        ConfigurationDiff diff = new ConfigurationDiff();
        diff.compare(List.of(), Pointer.ROOT, diff.side(before), diff.side(after));
        return List.copyOf(diff.changes);
    }

    /**
     * One of the two at some place.
     *
     * @param whole with its defaults
     * @param written without
     */
    private record Side(JsonNode whole, JsonNode written) {
        Side at(String key) {
            return new Side(whole.path(key), written.path(key));
        }

        Optional<String> text() {
            if (whole.isMissingNode()) {
                return Optional.empty();
            }
            JsonNode node = written.isMissingNode() ? whole : written;
            String text = node.isTextual() ? node.asText() : node.toString().replace("\"", "");
            return Optional.of(text.length() > LONGEST_VALUE ? text.substring(0, LONGEST_VALUE) + "…" : text);
        }
    }

    private Side side(String text) {
        YamlTree tree = new YamlTree();
        References asWritten = new References(name -> Optional.empty(), Path.of(""), References.Missing.KEEP);
        new YamlReader(tree, new Findings("", tree), asWritten).read(text);
        JsonNode written = tree.root().deepCopy();
        ConfigurationSchema.fillDefaults(tree.root());
        tree.section("pools").forEach(ConfigurationDiff::withShares);
        ConfigurationSchema.fillDefaults(tree.root());
        ConfigurationSchema.walk(tree.root(), (pointer, node, schema) -> {
            if (schema.has("x-restart")) {
                atRestart.put(pointer, schema.path("x-restart").asBoolean());
            }
            return node;
        });
        return new Side(tree.root(), written);
    }

    /** A list of priorities is a map to their usual shares. */
    private static void withShares(JsonNode pool) {
        JsonNode priorities = pool.path("priorities");
        if (pool instanceof ObjectNode map && priorities.isArray()) {
            ObjectNode shares = map.putObject("priorities");
            priorities.forEach(priority -> shares.putObject(priority.asText()));
        }
        pool.path("priorities").properties().forEach(entry -> {
            if (entry.getValue() instanceof ObjectNode share && !share.has("weight")) {
                Priority.ofLabel(entry.getKey()).map(Pool.PriorityShare::ofDefault).ifPresent(usual -> share
                        .put("weight", BigDecimal.valueOf(usual.weight()).stripTrailingZeros()));
            }
        });
    }

    private void compare(List<String> path, String pointer, Side before, Side after) {
        if (before.whole() instanceof ObjectNode was && after.whole() instanceof ObjectNode is) {
            Set<String> keys = new LinkedHashSet<>(names(was));
            keys.addAll(names(is));
            keys.forEach(key -> compare(with(path, key), Pointer.of(pointer, key), before.at(key), after.at(key)));
            if (path.equals(List.of("pools"))) {
                ranks(path, was, is);
            }
        } else if (!equal(before.whole(), after.whole())) {
            changes.add(new Change(path, before.text(), after.text(), isAtRestart(pointer)));
        }
    }

    /** The order of pools is their rank. */
    private void ranks(List<String> path, ObjectNode before, ObjectNode after) {
        List<String> was = names(before);
        List<String> is = names(after);
        List<String> stay = was.stream().filter(is::contains).toList();
        if (!stay.equals(is.stream().filter(was::contains).toList())) {
            changes.add(new Change(with(path, "(rank)"), Optional.of(String.join(", ", was)),
                    Optional.of(String.join(", ", is)), false));
        }
    }

    private static List<String> names(ObjectNode map) {
        return map.propertyStream().map(Map.Entry::getKey).toList();
    }

    /** Numbers by their value: 30 and 30.0 are the same. */
    private static boolean equal(JsonNode before, JsonNode after) {
        return before.equals(after) || (before.isNumber() && after.isNumber()
                && before.decimalValue().compareTo(after.decimalValue()) == 0);
    }

    private boolean isAtRestart(String pointer) {
        Boolean marked = atRestart.get(pointer);
        return marked != null ? marked : !pointer.isEmpty() && isAtRestart(Pointer.parent(pointer));
    }

    private static List<String> with(List<String> path, String key) {
        List<String> longer = new ArrayList<>(path);
        longer.add(key);
        return longer;
    }
}
