package dev.signalbox.embedded;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.signalbox.embedded.RegistryState.Deleted;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.avro.Schema;

/** The registry's answers that change something: each names the records to append. Pure. */
final class RegistryChanges {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

    private RegistryChanges() {
    }

    static RegistryDecision register(RegistryState state, String subject, RegistryRequest request) {
        return switch (RegistrySchema.of(request.body())) {
            case RegistrySchema.Invalid invalid -> invalid.answer();
            case RegistrySchema.Valid valid -> register(state, subject, valid);
        };
    }

    private static RegistryDecision register(RegistryState state, String subject, RegistrySchema.Valid candidate) {
        List<RegistryRecord.VersionSet> versions = state.versions(subject, Deleted.EXCLUDED);
        Optional<RegistryRecord.VersionSet> known = versions.stream().filter(v -> v.schema().equals(candidate.text()))
                .findFirst();
        if (known.isPresent()) {
            return RegistryDecision.answer(JSON.objectNode().put("id", known.get().id()));
        }
        if (state.mode(subject) == RegistryMode.READONLY) {
            return RegistryDecision.error(42205, "Subject " + subject + " is in read-only mode");
        }
        CompatibilityLevel level = state.level(subject);
        List<Schema> existing = versions.stream().map(v -> RegistrySchema.parse(v.schema())).toList();
        List<String> violations = level.violations(candidate.schema(), existing);
        if (!violations.isEmpty()) {
            return RegistryDecision.error(409, "Schema being registered is incompatible with an earlier schema for "
                    + "subject \"" + subject + "\", compatibility level " + level + ", details: " + violations);
        }
        int id = state.idOf(candidate.text()).orElse(state.nextId());
        return RegistryDecision.change(JSON.objectNode().put("id", id), List.of(
                new RegistryRecord.VersionSet(subject, state.nextVersion(subject), id, candidate.text(), false)));
    }

    /** Soft deletion hides the versions; with {@code permanent=true} they go for good, if they were hidden before. */
    static RegistryDecision deleteSubject(RegistryState state, String subject, RegistryRequest request) {
        List<RegistryRecord.VersionSet> visible = state.versions(subject, Deleted.EXCLUDED);
        List<RegistryRecord.VersionSet> all = state.versions(subject, Deleted.INCLUDED);
        if (all.isEmpty()) {
            return RegistryReads.subjectNotFound(subject);
        }
        List<RegistryRecord> records = new ArrayList<>();
        if (request.flag("permanent")) {
            if (!visible.isEmpty()) {
                return RegistryDecision.error(40405,
                        "Subject '" + subject + "' was not deleted first before being permanently deleted");
            }
            all.forEach(v -> records.add(new RegistryRecord.VersionErased(subject, v.version())));
            return RegistryDecision.change(numbers(all), records);
        }
        if (visible.isEmpty()) {
            return RegistryDecision.error(40404,
                    "Subject '" + subject + "' was soft deleted. Set permanent=true to delete permanently");
        }
        records.add(new RegistryRecord.SubjectDeleted(subject, visible.getLast().version()));
        return RegistryDecision.change(numbers(visible), records);
    }

    static RegistryDecision deleteVersion(RegistryState state, String subject, String version,
            RegistryRequest request) {
        boolean permanent = request.flag("permanent");
        RegistryReads.Lookup lookup = RegistryReads.find(state, subject, version,
                permanent ? Deleted.INCLUDED : Deleted.EXCLUDED);
        return switch (lookup) {
            case RegistryReads.Missing missing -> missing.answer();
            case RegistryReads.Found found -> deleteVersion(found.version(), permanent);
        };
    }

    private static RegistryDecision deleteVersion(RegistryRecord.VersionSet found, boolean permanent) {
        if (permanent && !found.deleted()) {
            return RegistryDecision.error(40407, "Subject '" + found.subject() + "' Version " + found.version()
                    + " was not deleted first before being permanently deleted");
        }
        return RegistryDecision.change(IntNode.valueOf(found.version()),
                List.of(permanent
                        ? new RegistryRecord.VersionErased(found.subject(), found.version())
                        : found.softDeleted()));
    }

    static RegistryDecision setLevel(String subject, RegistryRequest request) {
        String wanted = request.body().path("compatibility").asText("");
        return CompatibilityLevel.named(wanted)
                .map(level -> RegistryDecision.change(JSON.objectNode().put("compatibility", level.name()),
                        List.of(new RegistryRecord.LevelSet(subject, level))))
                .orElse(RegistryDecision.error(42203, "Invalid compatibility level. Valid values are none, backward, "
                        + "forward, full, backward_transitive, forward_transitive, and full_transitive"));
    }

    static RegistryDecision clearLevel(RegistryState state, String subject) {
        return state.ownLevel(subject).map(
                level -> RegistryDecision.change(answer("compatibilityLevel", level.name()), subject.isEmpty()
                        ? List.of()
                        : List.of(new RegistryRecord.LevelCleared(subject))))
                .orElse(RegistryReads.levelNotFound(subject));
    }

    static RegistryDecision setMode(String subject, RegistryRequest request) {
        String wanted = request.body().path("mode").asText("");
        return RegistryMode.named(wanted)
                .map(mode -> RegistryDecision.change(answer("mode", mode.name()),
                        List.of(new RegistryRecord.ModeSet(subject, mode))))
                .orElse(RegistryDecision.error(42204,
                        "Invalid mode. Valid values of the embedded registry are READWRITE and READONLY"));
    }

    static RegistryDecision clearMode(RegistryState state, String subject) {
        return state.ownMode(subject).map(
                mode -> RegistryDecision.change(answer("mode", mode.name()), subject.isEmpty()
                        ? List.of()
                        : List.of(new RegistryRecord.ModeCleared(subject))))
                .orElse(RegistryReads.modeNotFound(subject));
    }

    private static JsonNode answer(String field, String value) {
        return JSON.objectNode().put(field, value);
    }

    private static JsonNode numbers(List<RegistryRecord.VersionSet> versions) {
        ArrayNode array = JSON.arrayNode();
        versions.forEach(v -> array.add(v.version()));
        return array;
    }
}
