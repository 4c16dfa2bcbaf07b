package dev.signalbox.schemas.serde;

import java.util.List;
import java.util.Map;
import org.apache.avro.Schema;

/** Confluent Schema Registry's REST API, as far as a serde needs it; thread-safe. */
@SuppressWarnings("DoNotCallSuggester")
public final class SchemaRegistryClient {

    /**
     * A schema under a subject.
     *
     * @param id unique in the registry
     * @param version 1-based within the subject
     */
    public record RegisteredSchema(int id, int version, Schema schema) {
    }

    /** From Confluent's configuration keys; other keys are ignored. */
    public static SchemaRegistryClient of(Map<String, ?> config) {
        throw new UnsupportedOperationException("not yet");
    }

    /** The id of the schema under that subject, registered if it is new; cached. */
    public int register(String subject, Schema schema) {
        throw new UnsupportedOperationException("not yet");
    }

    /** The id of the schema under that subject where it already is registered (40401, 40403 if not); cached. */
    public int lookup(String subject, Schema schema) {
        throw new UnsupportedOperationException("not yet");
    }

    /** @throws UnknownSchemaException if the registry says that it has none */
    public Schema byId(int id) {
        throw new UnsupportedOperationException("not yet");
    }

    /** The subject's latest version; not cached. */
    public RegisteredSchema latest(String subject) {
        throw new UnsupportedOperationException("not yet");
    }

    /** Compatibility level of the subject, or the global one where it has none of its own. */
    public String compatibility(String subject) {
        throw new UnsupportedOperationException("not yet");
    }

    /** Sets the subject's compatibility level, such as FULL_TRANSITIVE. */
    public void setCompatibility(String subject, String level) {
        throw new UnsupportedOperationException("not yet");
    }

    /** All subjects. */
    public List<String> subjects() {
        throw new UnsupportedOperationException("not yet");
    }
}
