package dev.signalbox.config;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;

/** Writes {@code docs/configuration.md} from the schema: a section for each key of the root, a row for each key below. */
final class ConfigurationReference {
    private static final String HEAD = """
            # Configuration

            This page is generated from [`configuration.schema.json`](../topology-config/src/main/resources/dev/signalbox/config/configuration.schema.json);
            a test keeps both the same. Point your editor at the schema to have keys completed and explained.

            The configuration is one YAML file. `signalbox config check FILE` finds all its problems at once, each as
            `file:line:column: what is wrong, did you mean "…"?`; `signalbox config print FILE` shows it with all defaults.

            * **References.** `${env:NAME}` and `${file:path}` stand for the value of an environment variable and the text of a
              file (at most 64 KB, without the line end; a relative path is beside the configuration) in any value, also inside a
              text: `http://127.0.0.1:${env:PORT}/v1`. Keys have none. A secret is one reference and nothing else; written
              out it is refused.
            * **Units.** Durations `500ms`, `30s`, `10m`, `24h`, `7d`. Sizes `512B`, `64KB`, `10MB`, `1GB` (1 KB is 1,024 bytes).
              Shares `70%`. Prices per million tokens.
            * **Known vendors.** `anthropic` (https://api.anthropic.com), `openai` (https://api.openai.com/v1), `bedrock` and
              `vertex` (the URL of the deployment's region) and `azure` (a `base_url` for each resource).
            * **Restart** says whether a running process takes a change over (no) or has to start again (yes). Until live
              configuration is there, every process reads its configuration at its start.
            * **Later** marks what is read and checked now, and acted on by a later version.

            """;

    private final StringBuilder text = new StringBuilder(HEAD);

    /** The page. */
    static String page() {
        ConfigurationReference reference = new ConfigurationReference();
        ConfigurationSchema.root().path("properties").properties().forEach(entry -> {
            JsonNode schema = ConfigurationSchema.resolve(entry.getValue());
            reference.text.append("## ").append(entry.getKey()).append("\n\n");
            reference.text.append(schema.path("description").asText()).append("\n\n");
            reference.text.append("| key | meaning | value | default | restart | |\n|---|---|---|---|---|---|\n");
            Map<String, JsonNode> keys = keys(entry.getKey(), schema);
            keys.forEach((path, key) -> reference.row(path, key, keys));
            reference.text.append("\n");
        });
        return reference.text.toString().stripTrailing() + "\n";
    }

    /** Every key below one of the root, itself included, with its schema; strategies inside strategies are left out. */
    static Map<String, JsonNode> keys(String path, JsonNode schema) {
        Map<String, JsonNode> keys = new LinkedHashMap<>();
        collect(path, schema, keys, new HashSet<>());
        return keys;
    }

    private static void collect(String path, JsonNode schema, Map<String, JsonNode> keys, Set<String> definitions) {
        if (schema.has("description") && !path.endsWith("[]")) {
            keys.put(path, schema);
        }
        schema.path("properties").properties()
                .forEach(entry -> child(path + "." + entry.getKey(), entry.getValue(), keys, definitions));
        if (schema.path("additionalProperties").isObject()) {
            child(path + "." + schema.path("x-key").asText(), schema.path("additionalProperties"), keys, definitions);
        }
        if (schema.has("items")) {
            child(path + "[]", schema.path("items"), keys, definitions);
        }
    }

    /** A definition that holds itself is gone into once. */
    private static void child(String path, JsonNode schema, Map<String, JsonNode> keys, Set<String> definitions) {
        String definition = schema.path("$ref").asText();
        if (definitions.contains(definition)) {
            return;
        }
        Set<String> inside = new HashSet<>(definitions);
        if (!definition.isEmpty()) {
            inside.add(definition);
        }
        boolean member = definition.endsWith("/member");
        if (!member) {
            collect(path, ConfigurationSchema.resolve(schema), keys, inside);
        }
    }

    private void row(String path, JsonNode schema, Map<String, JsonNode> keys) {
        List<String> cells = new ArrayList<>();
        cells.add("`" + path + "`");
        cells.add(schema.path("description").asText());
        cells.add(value(schema));
        cells.add(schema.has("default") ? "`" + schema.path("default") + "`" : "");
        cells.add(isMarked(path, "x-restart", keys) ? "yes" : "no");
        cells.add(isMarked(path, "x-later", keys) ? "later" : "");
        text.append("| ")
                .append(cells.stream().map(cell -> cell.replace("|", "\\|")).collect(Collectors.joining(" | ")))
                .append(" |\n");
    }

    /** Marked itself, or inside a key that is. */
    private static boolean isMarked(String path, String mark, Map<String, JsonNode> keys) {
        return keys.entrySet().stream().filter(entry -> entry.getValue().path(mark).asBoolean())
                .anyMatch(entry -> path.equals(entry.getKey()) || path.startsWith(entry.getKey() + ".")
                        || path.startsWith(entry.getKey() + "[]"));
    }

    private static String value(JsonNode schema) {
        String value = schema.has("enum")
                ? list(schema.path("enum"))
                : schema.has("title") ? schema.path("title").asText() : types(schema.path("type"));
        String least = bound(schema, "minimum", "at least ");
        String above = bound(schema, "exclusiveMinimum", "more than ");
        String most = bound(schema, "maximum", "at most ");
        return StreamSupport.stream(List.of(value, least, above, most).spliterator(), false)
                .filter(part -> !part.isEmpty()).collect(Collectors.joining(", "));
    }

    private static String bound(JsonNode schema, String keyword, String word) {
        JsonNode bound = schema.has(keyword) ? schema.path(keyword) : schema.path("x-" + keyword);
        return bound.isMissingNode() ? "" : word + bound.asText();
    }

    private static String list(JsonNode words) {
        return StreamSupport.stream(words.spliterator(), false).map(word -> "`" + word.asText() + "`")
                .collect(Collectors.joining(", "));
    }

    private static String types(JsonNode type) {
        Iterable<JsonNode> all = type.isArray() ? type : List.of(type);
        return StreamSupport.stream(all.spliterator(), false).map(word -> switch (word.asText()) {
            case "string" -> "a text";
            case "integer" -> "a whole number";
            case "number" -> "a number";
            case "boolean" -> "true or false";
            case "array" -> "a list";
            case "object" -> "a map";
            default -> throw new IllegalStateException("type " + word);
        }).collect(Collectors.joining(" or "));
    }
}
