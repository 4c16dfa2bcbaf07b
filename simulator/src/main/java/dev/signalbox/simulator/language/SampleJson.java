package dev.signalbox.simulator.language;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;

/** A JSON value that fits a JSON Schema of the kind that tools and response formats carry; always the same one. */
final class SampleJson {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
    private static final int MAX_DEPTH = 8;

    private SampleJson() {
    }

    static JsonNode of(JsonNode schema) {
        return value(schema, schema, 0);
    }

    private static JsonNode value(JsonNode schema, JsonNode root, int depth) {
        if (depth > MAX_DEPTH) {
            return JSON.nullNode();
        }
        if (schema.path("$ref").asText("").startsWith("#/")) {
            return value(root.at(schema.get("$ref").asText().substring(1)), root, depth + 1);
        }
        for (String choice : new String[]{"anyOf", "oneOf", "allOf"}) {
            if (schema.path(choice).isArray() && !schema.path(choice).isEmpty()) {
                return value(schema.get(choice).get(0), root, depth + 1);
            }
        }
        if (schema.has("const")) {
            return schema.get("const");
        }
        if (schema.path("enum").isArray() && !schema.path("enum").isEmpty()) {
            return schema.get("enum").get(0);
        }
        return switch (type(schema)) {
            case "object" -> object(schema, root, depth);
            case "array" -> array(schema, root, depth);
            case "integer" -> JSON.numberNode(Math.max(1, schema.path("minimum").asLong(1)));
            case "number" -> JSON.numberNode(Math.max(1.5, schema.path("minimum").asDouble(1.5)));
            case "boolean" -> JSON.booleanNode(true);
            case "null" -> JSON.nullNode();
            default -> JSON.textNode("simulated");
        };
    }

    private static String type(JsonNode schema) {
        JsonNode type = schema.path("type");
        if (type.isArray() && !type.isEmpty()) {
            return type.get(0).asText();
        }
        return type.asText(schema.has("properties") ? "object" : "string");
    }

    private static ObjectNode object(JsonNode schema, JsonNode root, int depth) {
        ObjectNode object = JSON.objectNode();
        for (Map.Entry<String, JsonNode> property : schema.path("properties").properties()) {
            object.set(property.getKey(), value(property.getValue(), root, depth + 1));
        }
        return object;
    }

    private static ArrayNode array(JsonNode schema, JsonNode root, int depth) {
        ArrayNode array = JSON.arrayNode();
        long items = Math.clamp(schema.path("minItems").asLong(1), 1, 100);
        for (long i = 0; i < items; i++) {
            array.add(value(schema.path("items"), root, depth + 1));
        }
        return array;
    }
}
