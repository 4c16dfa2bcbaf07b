package dev.signalbox.config;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Comparator;
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
            `file:line:column: what is wrong, did you mean "…"?`; `signalbox config print` shows what is in force.

            * **References.** `${env:NAME}` and `${file:path}` stand for the value of an environment variable and the text of a
              file (at most 64 KB, without the line end; a relative path is beside the configuration) in any value, also inside a
              text: `http://127.0.0.1:${env:PORT}/v1`. Keys have none. A secret is one reference and nothing else; written
              out it is refused.
            * **Units.** Durations `500ms`, `30s`, `10m`, `24h`, `7d`. Sizes `512B`, `64KB`, `10MB`, `1GB` (1 KB is 1,024 bytes).
              Shares `70%`. Prices per million tokens.
            * **Known vendors.** `anthropic` (https://api.anthropic.com), `openai` (https://api.openai.com/v1), `bedrock` and
              `vertex` (the URL of the deployment's region) and `azure` (a `base_url` for each resource).
            * **Restart** says whether running processes take a change over (no) or go on without it until they start again (yes).
            * **Later** marks what is read and checked now, and acted on by a later version.

            ## What is in force

            One configuration is in force in an installation: the last that holds in the topic `llm.config`. Workers and dispatchers
            follow it while they run, within about a second and all at once; nothing restarts.

            * `signalbox config apply FILE` checks the file and shows what would change: each key, what gets worse by the
              [rules of redundancy](redundancy.md), what takes effect at the next start only. `--execute --why TEXT` makes the topics that
              are missing, and puts it in force. `config diff FILE` only compares, `config history` lists what was and is in force, the
              last 20, and `config rollback [--to GENERATION]` puts one of those in force again, as a new generation.
            * **Two at once.** Each record says which generation it replaces. It holds if that is the one in force; so of two operators the
              first in the log wins, and the second is told whose was first (exit code 3).
            * **A bad one** changes nothing: not valid, a reference without a value in some process, an old parent. The process keeps
              what it has, says so in its log, and shows `signalbox_config_last_reload_successful` 0.
            * **A file** (`--config`) becomes the first generation where nothing is in force. Otherwise it is only compared, and a
              process that starts with another one than is in force says how they differ. `signalbox up --config FILE` alone puts its file
              in force. Without a file a worker waits, not ready, until something is.
            * **Secrets** stay in the processes: the text is kept as it was written, with its references. Each process resolves them
              by its own environment and files; a relative `${file:path}` is beside its own `--config` file, else in its working folder.
              A changed credential holds for new calls.
            * **Requests** go by one generation for a whole visit, that is up to three attempts; those that wait go by the new one. Calls
              that run end under the one that they began with, also at a deployment that is gone. Limits, breakers and
              latencies of a deployment that stays are kept; at another address, model or credential, old failures do not count. Permits in
              use count against changed limits; where pools' parts change, what one still uses beyond its part counts for the others.
            * **Pools.** A new pool's topics are made, and every worker that serves all pools serves it. The workers leave a pool that is gone
              when its running calls have ended; what waits in its topics stays there until they are read again (`topics describe`
              lists them). A use case moves with its next requests: those that wait in the old pool's topics are answered `WRONG_POOL`.
              Changed weights and floors of its priorities hold from a worker's next turn on, for what waits too; a priority that is
              new or gone from its next start.
            * **Never live:** the environment (refused), fewer partitions (refused), more partitions (`topics apply
              --raise-partitions`), and what *restart* marks.

            In the topic each record has the key `routing/<generation>/<random>` ([why](adr/0013-configuration-from-the-log.md)) and
            fields `generation`, `parent`, `historyFrom`, `text`, `who`, `why`; its time is the broker's append time. Who reads it takes a
            record if its parent is the generation that he has, or if he has an older one than `historyFrom`.

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

    /** By its own mark, else by that of the nearest key around it. */
    private static boolean isMarked(String path, String mark, Map<String, JsonNode> keys) {
        return keys.entrySet().stream().filter(entry -> entry.getValue().has(mark))
                .filter(entry -> path.equals(entry.getKey()) || path.startsWith(entry.getKey() + ".")
                        || path.startsWith(entry.getKey() + "[]"))
                .max(Comparator.comparingInt(entry -> entry.getKey().length()))
                .filter(entry -> entry.getValue().path(mark).asBoolean()).isPresent();
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
