package dev.signalbox.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.TextNode;
import com.networknt.schema.Error;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;

/**
 * Checks a tree against the schema and says what is wrong in an operator's words. No message shows the value of a
 * scalar that was written with a reference, since that may be a secret: it shows the reference.
 */
final class SchemaCheck {
    private static final int MAX_SHOWN = 60;

    private final YamlTree tree;
    private final Findings findings;
    private final Set<String> told = new HashSet<>();

    SchemaCheck(YamlTree tree, Findings findings) {
        this.tree = tree;
        this.findings = findings;
    }

    void check() {
        ConfigurationSchema.walk(tree.root(), this::beyondJsonSchema);
        for (Error error : ConfigurationSchema.validate(tree.root())) {
            String pointer = error.getInstanceLocation().toString();
            boolean nested = error.getEvaluationPath().toString().contains("/oneOf/");
            if (!nested && !tree.isUnresolved(pointer) && !told.contains(pointer)) {
                tell(error, pointer);
            }
        }
    }

    /** Texts from references stay texts where a text is wanted; secrets are references; units have bounds. */
    private JsonNode beyondJsonSchema(String pointer, JsonNode node, JsonNode schema) {
        if (schema.path("x-secret").asBoolean()) {
            return secret(pointer, node);
        }
        JsonNode result = schema.path("type").asText().equals("string") ? textOf(pointer, node) : node;
        if (result.isTextual()) {
            bound(pointer, result.asText(), schema);
        }
        return result;
    }

    private JsonNode secret(String pointer, JsonNode node) {
        Optional<String> written = tree.reference(pointer);
        if (written.filter(References::isWhole).isEmpty() && node.isValueNode() && !node.isNull()) {
            findings.at(pointer, "secrets only by reference: " + Pointer.spoken(pointer)
                    + " must be ${env:NAME} or ${file:path} and nothing else");
            told.add(pointer);
        } else if (written.isPresent() && !tree.isUnresolved(pointer)
                && tree.resolvedText(pointer).orElse("").isBlank()) {
            findings.at(pointer, written.get() + " is empty");
            told.add(pointer);
        }
        return textOf(pointer, node);
    }

    /** What a scalar with references came to, as a text; any other node as it is. */
    private JsonNode textOf(String pointer, JsonNode node) {
        return tree.isUnresolved(pointer)
                ? node
                : tree.resolvedText(pointer).<JsonNode>map(TextNode::valueOf).orElse(node);
    }

    private void bound(String pointer, String text, JsonNode schema) {
        String least = schema.path("x-minimum").asText("");
        String most = schema.path("x-maximum").asText("");
        Optional<BigDecimal> amount = amount(text);
        if (amount.isEmpty() || tree.isUnresolved(pointer)) {
            return;
        }
        if (amount(least).filter(bound -> amount.get().compareTo(bound) < 0).isPresent()) {
            findings.at(pointer, Pointer.spoken(pointer) + " must be at least " + least + ", not " + shown(pointer));
        } else if (amount(most).filter(bound -> amount.get().compareTo(bound) > 0).isPresent()) {
            findings.at(pointer, Pointer.spoken(pointer) + " must be at most " + most + ", not " + shown(pointer));
        }
    }

    /** Comparable among texts of the same unit. */
    private static Optional<BigDecimal> amount(String text) {
        return Units.duration(text).map(duration -> BigDecimal.valueOf(duration.toMillis()))
                .or(() -> Units.size(text).map(BigDecimal::valueOf)).or(() -> Units.percent(text));
    }

    private void tell(Error error, String pointer) {
        String keyword = error.getKeyword();
        String schemaPointer = error.getSchemaLocation().getFragment().toString();
        JsonNode schema = ConfigurationSchema
                .resolve(ConfigurationSchema.root().at(schemaPointer.substring(0, schemaPointer.lastIndexOf('/'))));
        JsonNode wanted = schema.path(keyword);
        String it = Pointer.spoken(pointer);
        JsonNode node = tree.root().at(pointer);
        switch (keyword) {
            case "additionalProperties" -> unknownKey(pointer, error.getProperty(), names(schema.path("properties")));
            case "required" -> findings.atKey(pointer, it + " lacks \"" + error.getProperty() + "\"");
            case "type" -> findings.at(pointer, node.isNull()
                    ? it + " has no value"
                    : it + " must be " + (pointer.isEmpty() ? "a map" : type(schema)) + ", not " + shown(pointer)
                            + quotesHint(node, wanted));
            case "enum" -> findings.at(pointer,
                    it + " must be one of " + String.join(", ", texts(wanted)) + ", not " + shown(pointer),
                    node.asText(), texts(wanted));
            case "pattern" -> findings.at(pointer,
                    it + " must be " + schema.path("title").asText() + ", not " + shown(pointer));
            case "propertyNames" -> badKey(pointer, error.getProperty(), wanted);
            case "minimum" -> findings.at(pointer, it + " must be at least " + wanted.asText() + notShown(pointer));
            case "maximum" -> findings.at(pointer, it + " must be at most " + wanted.asText() + notShown(pointer));
            case "exclusiveMinimum" ->
                findings.at(pointer, it + " must be more than " + wanted.asText() + notShown(pointer));
            case "minLength", "minItems", "minProperties" -> findings.at(pointer, it + " must not be empty");
            case "maxLength" ->
                findings.at(pointer, it + " must have at most " + wanted.asText() + " characters");
            case "uniqueItems" -> repeated(pointer, node);
            case "oneOf" -> oneOf(pointer, it, node, wanted);
            default -> findings.at(pointer, it + ": " + error.getMessage());
        }
    }

    private void unknownKey(String pointer, String key, List<String> known) {
        String where = pointer.isEmpty() ? "" : " in " + Pointer.spoken(pointer);
        String cure = Suggestion.nearest(key, known).isPresent() ? "" : "; known are " + String.join(", ", known);
        findings.atKey(Pointer.of(pointer, key), "unknown key \"" + key + "\"" + where + cure, key, known);
    }

    private void badKey(String pointer, String key, JsonNode names) {
        JsonNode schema = ConfigurationSchema.resolve(names);
        List<String> words = texts(schema.path("enum"));
        String wanted = words.isEmpty() ? schema.path("title").asText() : "one of " + String.join(", ", words);
        findings.atKey(Pointer.of(pointer, key), "\"" + key + "\" must be " + wanted, key, words);
    }

    /** Of lists only: the validator also compares the values of maps. */
    private void repeated(String pointer, JsonNode list) {
        List<JsonNode> seen = new ArrayList<>();
        for (int i = 0; list.isArray() && i < list.size(); i++) {
            String item = Pointer.of(pointer, i);
            if (seen.contains(list.get(i)) && !told.contains(item)) {
                findings.at(item, Pointer.spoken(pointer) + " has " + shown(item) + " twice");
            }
            seen.add(list.get(i));
        }
    }

    /** Of several keys exactly one. */
    private void oneOf(String pointer, String it, JsonNode node, JsonNode alternatives) {
        List<String> words = StreamSupport.stream(alternatives.spliterator(), false)
                .map(alternative -> alternative.path("required").path(0).asText()).toList();
        String has = words.stream().filter(node::has).collect(Collectors.joining(" and "));
        if (node.isObject()) {
            findings.atKey(pointer, it + " needs exactly one of " + String.join(", ", words) + "; it has "
                    + (has.isEmpty() ? "none" : has));
        }
    }

    private static String type(JsonNode schema) {
        if (schema.has("title")) {
            return schema.path("title").asText();
        }
        JsonNode type = schema.path("type");
        return type.isArray()
                ? texts(type).stream().map(SchemaCheck::typeName).collect(Collectors.joining(" or "))
                : typeName(type.asText());
    }

    private static String typeName(String type) {
        return switch (type) {
            case "string" -> "a text";
            case "integer" -> "a whole number";
            case "number" -> "a number";
            case "boolean" -> "true or false";
            case "array" -> "a list";
            case "object" -> "a map";
            default -> type;
        };
    }

    private static String quotesHint(JsonNode node, JsonNode types) {
        boolean text = types.asText().equals("string") || texts(types).contains("string");
        return text && (node.isNumber() || node.isBoolean()) ? ": put it in quotes" : "";
    }

    private String notShown(String pointer) {
        return ", not " + shown(pointer);
    }

    private String shown(String pointer) {
        Optional<String> reference = tree.reference(pointer);
        if (reference.isPresent()) {
            return "what " + reference.get() + " holds";
        }
        JsonNode node = tree.root().at(pointer);
        if (node.isObject()) {
            return "a map";
        }
        if (node.isArray()) {
            return "a list";
        }
        String text = withoutKeys(node.asText());
        String cut = text.length() > MAX_SHOWN ? text.substring(0, MAX_SHOWN) + "…" : text;
        return node.isTextual() ? "\"" + cut + "\"" : cut;
    }

    /** Of a URL neither user nor query: both may be a key. */
    private static String withoutKeys(String text) {
        return text.contains("://") ? text.replaceFirst("://[^/@]*@", "://…@").replaceFirst("[?#].*", "?…") : text;
    }

    private static List<String> texts(JsonNode list) {
        return StreamSupport.stream(list.spliterator(), false).map(JsonNode::asText).toList();
    }

    private static List<String> names(JsonNode map) {
        return map.propertyStream().map(java.util.Map.Entry::getKey).toList();
    }
}
