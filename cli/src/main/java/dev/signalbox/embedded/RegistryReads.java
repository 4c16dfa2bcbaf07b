package dev.signalbox.embedded;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.signalbox.embedded.RegistryState.Deleted;
import java.util.List;
import java.util.Optional;
import org.apache.avro.Schema;

/** The registry's answers that change nothing. Pure. */
final class RegistryReads {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
    private static final ObjectMapper READER = new ObjectMapper();

    private RegistryReads() {
    }

    static RegistryDecision subjects(RegistryState state, RegistryRequest request) {
        return strings(state.subjects(deleted(request)));
    }

    static RegistryDecision versions(RegistryState state, String subject, RegistryRequest request) {
        List<RegistryRecord.VersionSet> versions = state.versions(subject, deleted(request));
        if (versions.isEmpty()) {
            return subjectNotFound(subject);
        }
        ArrayNode numbers = JSON.arrayNode();
        versions.forEach(v -> numbers.add(v.version()));
        return RegistryDecision.answer(numbers);
    }

    static RegistryDecision version(RegistryState state, String subject, String version, RegistryRequest request) {
        return switch (find(state, subject, version, deleted(request))) {
            case Found found -> RegistryDecision.answer(described(found.version()).put("schema",
                    found.version().schema()));
            case Missing missing -> missing.answer();
        };
    }

    static RegistryDecision text(RegistryState state, String subject, String version, RegistryRequest request) {
        return switch (find(state, subject, version, deleted(request))) {
            case Found found -> RegistryDecision.answer(json(found.version().schema()));
            case Missing missing -> missing.answer();
        };
    }

    static RegistryDecision lookUp(RegistryState state, String subject, RegistryRequest request) {
        List<RegistryRecord.VersionSet> versions = state.versions(subject, deleted(request));
        if (versions.isEmpty()) {
            return subjectNotFound(subject);
        }
        return switch (RegistrySchema.of(request.body())) {
            case RegistrySchema.Invalid invalid -> invalid.answer();
            case RegistrySchema.Valid valid -> versions.reversed().stream()
                    .filter(v -> v.schema().equals(valid.text())).findFirst()
                    .map(v -> RegistryDecision.answer(described(v).put("schema", v.schema())))
                    .orElse(RegistryDecision.error(40403, "Schema not found"));
        };
    }

    static RegistryDecision schema(RegistryState state, String id) {
        return byId(state, id).map(text -> RegistryDecision.answer(JSON.objectNode().put("schema", text)))
                .orElse(schemaNotFound(id));
    }

    static RegistryDecision schemaText(RegistryState state, String id) {
        return byId(state, id).map(text -> RegistryDecision.answer(json(text))).orElse(schemaNotFound(id));
    }

    static RegistryDecision usesOf(RegistryState state, String id, RegistryRequest request) {
        if (byId(state, id).isEmpty()) {
            return schemaNotFound(id);
        }
        ArrayNode uses = JSON.arrayNode();
        usedBy(state, id, request)
                .forEach(v -> uses.add(JSON.objectNode().put("subject", v.subject()).put("version", v.version())));
        return RegistryDecision.answer(uses);
    }

    static RegistryDecision subjectsOf(RegistryState state, String id, RegistryRequest request) {
        if (byId(state, id).isEmpty()) {
            return schemaNotFound(id);
        }
        return strings(
                usedBy(state, id, request).stream().map(RegistryRecord.VersionSet::subject).distinct().toList());
    }

    /** @param version to compare with; {@code ""} for those that the subject's level names */
    static RegistryDecision compatible(RegistryState state, String subject, String version, RegistryRequest request) {
        List<RegistryRecord.VersionSet> against = state.versions(subject, Deleted.EXCLUDED);
        if (!version.isEmpty()) {
            switch (find(state, subject, version, Deleted.EXCLUDED)) {
                case Found found -> against = List.of(found.version());
                case Missing missing -> {
                    return missing.answer();
                }
            }
        }
        List<Schema> existing = against.stream().map(v -> RegistrySchema.parse(v.schema())).toList();
        return switch (RegistrySchema.of(request.body())) {
            case RegistrySchema.Invalid invalid -> invalid.answer();
            case RegistrySchema.Valid valid -> {
                List<String> violations = state.level(subject).violations(valid.schema(), existing);
                ObjectNode answer = JSON.objectNode().put("is_compatible", violations.isEmpty());
                if (request.flag("verbose")) {
                    violations.forEach(answer.putArray("messages")::add);
                }
                yield RegistryDecision.answer(answer);
            }
        };
    }

    static RegistryDecision level(RegistryState state, String subject, RegistryRequest request) {
        Optional<CompatibilityLevel> level = request.flag("defaultToGlobal")
                ? Optional.of(state.level(subject))
                : state.ownLevel(subject);
        return level.map(l -> RegistryDecision.answer(JSON.objectNode().put("compatibilityLevel", l.name())))
                .orElse(levelNotFound(subject));
    }

    static RegistryDecision mode(RegistryState state, String subject, RegistryRequest request) {
        Optional<RegistryMode> mode = request.flag("defaultToGlobal")
                ? Optional.of(state.mode(subject))
                : state.ownMode(subject);
        return mode.map(m -> RegistryDecision.answer(JSON.objectNode().put("mode", m.name())))
                .orElse(modeNotFound(subject));
    }

    /** A version that a request names, or the answer that it does not exist. */
    sealed interface Lookup permits Found, Missing {
    }

    record Found(RegistryRecord.VersionSet version) implements Lookup {
    }

    record Missing(RegistryDecision answer) implements Lookup {
    }

    /** @param version a number from 1, {@code latest} or {@code -1} */
    static Lookup find(RegistryState state, String subject, String version, Deleted deleted) {
        boolean latest = version.equals("latest") || version.equals("-1");
        int number = latest ? 1 : number(version);
        if (number < 1) {
            return new Missing(RegistryDecision.error(42202, "The specified version '" + version
                    + "' is not a valid version id. Allowed values are between [1, 2^31-1] and the string \"latest\""));
        }
        List<RegistryRecord.VersionSet> versions = state.versions(subject, deleted);
        if (versions.isEmpty()) {
            return new Missing(subjectNotFound(subject));
        }
        return versions.reversed().stream().filter(v -> latest || v.version() == number).findFirst()
                .<Lookup>map(Found::new)
                .orElse(new Missing(RegistryDecision.error(40402, "Version " + version + " not found.")));
    }

    static RegistryDecision subjectNotFound(String subject) {
        return RegistryDecision.error(40401, "Subject '" + subject + "' not found.");
    }

    static RegistryDecision levelNotFound(String subject) {
        return RegistryDecision.error(40408,
                "Subject '" + subject + "' does not have subject-level compatibility configured");
    }

    static RegistryDecision modeNotFound(String subject) {
        return RegistryDecision.error(40409, "Subject '" + subject + "' does not have subject-level mode configured");
    }

    private static RegistryDecision schemaNotFound(String id) {
        return RegistryDecision.error(40403, "Schema " + id + " not found");
    }

    private static Optional<String> byId(RegistryState state, String id) {
        return state.schema(number(id));
    }

    private static List<RegistryRecord.VersionSet> usedBy(RegistryState state, String id, RegistryRequest request) {
        return state.subjects(Deleted.INCLUDED).stream().flatMap(s -> state.versions(s, deleted(request)).stream())
                .filter(v -> v.id() == number(id)).toList();
    }

    /** The decimal number in a text; 0 when there is none. */
    private static int number(String text) {
        try {
            return Integer.parseInt(text);
        } catch (NumberFormatException e) {
            return 0;
        }
    }

    /** A stored schema as JSON: it was written by Avro, so it always parses. */
    private static JsonNode json(String schema) {
        try {
            return READER.readTree(schema);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a stored schema is not JSON", e);
        }
    }

    private static Deleted deleted(RegistryRequest request) {
        return request.flag("deleted") ? Deleted.INCLUDED : Deleted.EXCLUDED;
    }

    private static ObjectNode described(RegistryRecord.VersionSet v) {
        return JSON.objectNode().put("subject", v.subject()).put("version", v.version()).put("id", v.id());
    }

    private static RegistryDecision strings(List<String> values) {
        ArrayNode array = JSON.arrayNode();
        values.forEach(v -> array.add(TextNode.valueOf(v)));
        return RegistryDecision.answer(array);
    }
}
