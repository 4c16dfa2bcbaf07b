package dev.signalbox.embedded;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Keys and values of {@code _schemas} in the real registry's form, for instance
 * {@code {"keytype":"SCHEMA","subject":"s","version":1,"magic":1}} and
 * {@code {"subject":"s","version":1,"id":1,"schema":"…","deleted":false}}.
 */
final class RegistryRecordCodec {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** A record's bytes; a null value is a tombstone. */
    record Encoded(byte[] key, byte @Nullable [] value) {
    }

    private RegistryRecordCodec() {
    }

    static Encoded encode(RegistryRecord record) {
        return switch (record) {
            case RegistryRecord.VersionSet v -> new Encoded(versionKey(v.subject(), v.version()), bytes(version(v)));
            case RegistryRecord.VersionErased e -> new Encoded(versionKey(e.subject(), e.version()), null);
            case RegistryRecord.SubjectDeleted d -> new Encoded(key("DELETE_SUBJECT", d.subject()),
                    bytes(JSON.createObjectNode().put("subject", d.subject()).put("version", d.upToVersion())));
            case RegistryRecord.LevelSet l -> new Encoded(key("CONFIG", l.subject()),
                    bytes(JSON.createObjectNode().put("compatibilityLevel", l.level().name())));
            case RegistryRecord.LevelCleared c -> new Encoded(key("CONFIG", c.subject()), null);
            case RegistryRecord.ModeSet m -> new Encoded(key("MODE", m.subject()),
                    bytes(JSON.createObjectNode().put("mode", m.mode().name())));
            case RegistryRecord.ModeCleared c -> new Encoded(key("MODE", c.subject()), null);
        };
    }

    /** The change that a record stands for; empty for the kinds that hold none, such as NOOP. */
    static Optional<RegistryRecord> decode(byte[] keyBytes, byte @Nullable [] valueBytes) throws IOException {
        JsonNode key = JSON.readTree(keyBytes);
        String subject = key.path("subject").asText("");
        if (key.path("subject").isNull()) {
            subject = "";
        }
        JsonNode value = valueBytes == null ? null : JSON.readTree(valueBytes);
        return switch (key.path("keytype").asText()) {
            case "SCHEMA" -> Optional.of(decodeVersion(subject, key.path("version").asInt(), value));
            case "DELETE_SUBJECT" -> Optional.ofNullable(value)
                    .map(v -> new RegistryRecord.SubjectDeleted(v.path("subject").asText(), v.path("version").asInt()));
            case "CONFIG" -> Optional.of(decodeLevel(subject, value));
            case "MODE" -> Optional.of(decodeMode(subject, value));
            default -> Optional.empty();
        };
    }

    private static RegistryRecord decodeVersion(String subject, int version, @Nullable JsonNode value) {
        if (value == null) {
            return new RegistryRecord.VersionErased(subject, version);
        }
        return new RegistryRecord.VersionSet(subject, version, value.path("id").asInt(), value.path("schema").asText(),
                value.path("deleted").asBoolean(false));
    }

    private static RegistryRecord decodeLevel(String subject, @Nullable JsonNode value) {
        Optional<CompatibilityLevel> level = value == null
                ? Optional.empty()
                : CompatibilityLevel.named(value.path("compatibilityLevel").asText());
        return level.<RegistryRecord>map(l -> new RegistryRecord.LevelSet(subject, l))
                .orElse(new RegistryRecord.LevelCleared(subject));
    }

    private static RegistryRecord decodeMode(String subject, @Nullable JsonNode value) {
        Optional<RegistryMode> mode = value == null
                ? Optional.empty()
                : RegistryMode.named(value.path("mode").asText());
        return mode.<RegistryRecord>map(m -> new RegistryRecord.ModeSet(subject, m))
                .orElse(new RegistryRecord.ModeCleared(subject));
    }

    private static ObjectNode version(RegistryRecord.VersionSet v) {
        return JSON.createObjectNode().put("subject", v.subject()).put("version", v.version()).put("id", v.id())
                .put("schema", v.schema()).put("deleted", v.deleted());
    }

    private static byte[] versionKey(String subject, int version) {
        return bytes(JSON.createObjectNode().put("keytype", "SCHEMA").put("subject", subject).put("version", version)
                .put("magic", 1));
    }

    private static byte[] key(String keytype, String subject) {
        ObjectNode key = JSON.createObjectNode().put("keytype", keytype);
        if (subject.isEmpty()) {
            key.putNull("subject");
        } else {
            key.put("subject", subject);
        }
        return bytes(key.put("magic", 0));
    }

    private static byte[] bytes(JsonNode node) {
        try {
            return JSON.writeValueAsString(node).getBytes(StandardCharsets.UTF_8);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e); // a tree of plain values always has a text
        }
    }
}
