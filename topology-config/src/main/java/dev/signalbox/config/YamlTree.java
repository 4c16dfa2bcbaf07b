package dev.signalbox.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A YAML file as a JSON tree that remembers where each of its nodes stands; by JSON pointer, since that is what the
 * schema validator speaks and what survives defaults being filled in.
 */
final class YamlTree {
    private JsonNode root = JsonNodeFactory.instance.objectNode();
    private final Map<String, Place> values = new HashMap<>();
    private final Map<String, Place> keys = new HashMap<>();
    private final Map<String, String> references = new HashMap<>();
    private final Map<String, String> texts = new HashMap<>();
    private final Set<String> unresolved = new HashSet<>();

    JsonNode root() {
        return root;
    }

    void root(JsonNode node) {
        root = node;
    }

    /** The map of that key at the root, or an empty one where it is absent or not a map. */
    ObjectNode section(String name) {
        return root.path(name) instanceof ObjectNode map ? map : JsonNodeFactory.instance.objectNode();
    }

    void place(String pointer, Place place) {
        values.put(pointer, place);
    }

    /** Where a value stands; of one that the file does not have, where its nearest parent's key does. */
    Place place(String pointer) {
        Place place = values.get(pointer);
        return place != null || pointer.isEmpty() ? orStart(place) : keyPlace(Pointer.parent(pointer));
    }

    void keyPlace(String pointer, Place place) {
        keys.put(pointer, place);
    }

    /** Where a map's key stands; of an item of a list, where the item does. */
    Place keyPlace(String pointer) {
        Place place = keys.get(pointer);
        return place != null ? place : place(pointer);
    }

    private static Place orStart(@org.jspecify.annotations.Nullable Place place) {
        return place != null ? place : new Place(1, 1);
    }

    /** Remembers that a scalar was written with references, and what it came to as a text. */
    void reference(String pointer, String asWritten, String text) {
        references.put(pointer, asWritten);
        texts.put(pointer, text);
    }

    /** A scalar as it was written, if it has references. */
    Optional<String> reference(String pointer) {
        return Optional.ofNullable(references.get(pointer));
    }

    /** What a scalar with references came to, as a text whatever it looks like. */
    Optional<String> resolvedText(String pointer) {
        return Optional.ofNullable(texts.get(pointer));
    }

    /** Marks a scalar whose references have no value: nothing more is said about it. */
    void unresolved(String pointer) {
        unresolved.add(pointer);
    }

    boolean isUnresolved(String pointer) {
        return unresolved.contains(pointer);
    }
}
