package dev.signalbox.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.Error;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Optional;

/**
 * The JSON Schema of the configuration, {@code configuration.schema.json} beside this class. It is the one place that
 * knows keys, types, bounds and defaults. Beyond JSON Schema it has annotations of its own, which other tools ignore:
 * {@code x-minimum} and {@code x-maximum} bound durations, sizes and shares; {@code x-secret} marks what is only given
 * by reference; {@code x-restart} what a running process does not take over, {@code false} inside of that what it does;
 * {@code x-later} what a later version acts on; {@code x-key} how the reference calls the keys of a map.
 */
public final class ConfigurationSchema {
    private static final String RESOURCE = "configuration.schema.json";
    private static final JsonNode ROOT = load();
    private static final Schema VALIDATOR = SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
            .getSchema(ROOT);

    private ConfigurationSchema() {
    }

    /** The schema, for reading only. */
    public static JsonNode root() {
        return ROOT;
    }

    static List<Error> validate(JsonNode configuration) {
        return VALIDATOR.validate(configuration);
    }

    /** A schema with its {@code $ref} put in; what stands beside the {@code $ref} goes first. */
    public static JsonNode resolve(JsonNode schema) {
        String reference = schema.path("$ref").asText("");
        if (reference.isEmpty()) {
            return schema;
        }
        ObjectNode whole = (ObjectNode) ROOT.at(reference.substring(1)).deepCopy();
        ((ObjectNode) schema).properties().stream().filter(entry -> !entry.getKey().equals("$ref"))
                .forEach(entry -> whole.set(entry.getKey(), entry.getValue()));
        return whole;
    }

    /** What is done at each place of a configuration that the schema knows. */
    interface Visitor {
        /** The node that is to stand there, usually the one that does; parents are visited before children. */
        JsonNode visit(String pointer, JsonNode node, JsonNode schema);
    }

    /** Goes through a configuration and its schema together; what the schema does not know is left out. */
    static void walk(JsonNode configuration, Visitor visitor) {
        walk(Pointer.ROOT, configuration, ROOT, visitor);
    }

    private static void walk(String pointer, JsonNode node, JsonNode schema, Visitor visitor) {
        if (node instanceof ObjectNode map) {
            for (String key : names(map)) {
                child(schema, key).map(ConfigurationSchema::resolve).ifPresent(part -> {
                    String place = Pointer.of(pointer, key);
                    JsonNode wanted = visitor.visit(place, map.path(key), part);
                    map.set(key, wanted);
                    walk(place, wanted, part, visitor);
                });
            }
        } else if (node instanceof ArrayNode list && schema.has("items")) {
            JsonNode part = resolve(schema.path("items"));
            for (int i = 0; i < list.size(); i++) {
                String place = Pointer.of(pointer, i);
                JsonNode wanted = visitor.visit(place, list.get(i), part);
                list.set(i, wanted);
                walk(place, wanted, part, visitor);
            }
        }
    }

    private static List<String> names(ObjectNode map) {
        return map.propertyStream().map(java.util.Map.Entry::getKey).toList();
    }

    private static Optional<JsonNode> child(JsonNode schema, String key) {
        JsonNode named = schema.path("properties").path(key);
        JsonNode other = schema.path("additionalProperties");
        return named.isObject()
                ? Optional.of(named)
                : other.isObject() ? Optional.of(other) : Optional.empty();
    }

    /** Puts the schema's defaults where a valid configuration says nothing. */
    static void fillDefaults(JsonNode configuration) {
        fill(configuration, ROOT);
        walk(configuration, (pointer, node, schema) -> fill(node, schema));
    }

    private static JsonNode fill(JsonNode node, JsonNode schema) {
        if (node instanceof ObjectNode map) {
            schema.path("properties").properties().forEach(entry -> {
                JsonNode value = resolve(entry.getValue()).path("default");
                if (!map.has(entry.getKey()) && !value.isMissingNode()) {
                    map.set(entry.getKey(), value.deepCopy());
                }
            });
        }
        return node;
    }

    private static JsonNode load() {
        try (InputStream stream = ConfigurationSchema.class.getResourceAsStream(RESOURCE)) {
            if (stream == null) {
                throw new IllegalStateException("the jar lacks " + RESOURCE);
            }
            return new ObjectMapper().readTree(stream);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
