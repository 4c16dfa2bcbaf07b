package dev.signalbox.schemas.serde;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import org.apache.avro.Schema;
import org.apache.avro.SchemaParseException;
import org.apache.kafka.common.errors.SerializationException;

/**
 * Confluent Schema Registry's REST API, as far as a serde needs it; thread-safe. Every method throws
 * {@link SchemaRegistryException} where the registry refuses or cannot be reached.
 */
public final class SchemaRegistryClient {
    /** How long an id stays unknown: the id may be registered a moment after a reader asked for it. */
    static final Duration UNKNOWN_FOR = Duration.ofSeconds(10);
    /** Entries of each cache; ids come out of records, hence from anybody. A full one starts anew. */
    private static final int MAX_CACHED = 10_000;

    private final RegistryHttp http;
    private final LongSupplier nanoClock;
    private final Map<SubjectSchema, Integer> ids = new ConcurrentHashMap<>();
    private final Map<Integer, Schema> schemas = new ConcurrentHashMap<>();
    private final Map<Integer, Unknown> unknown = new ConcurrentHashMap<>();

    /**
     * A schema under a subject.
     *
     * @param id unique in the registry
     * @param version 1-based within the subject
     */
    public record RegisteredSchema(int id, int version, Schema schema) {
    }

    /** Keyed on the JSON: {@link Schema#equals} takes two schemas for the same that differ in their docs. */
    private record SubjectSchema(String subject, String json, boolean registered) {
    }

    private record Unknown(UnknownSchemaException why, long untilNanos) {
    }

    SchemaRegistryClient(RegistryConfig config, LongSupplier nanoClock) {
        this.http = new RegistryHttp(config);
        this.nanoClock = nanoClock;
    }

    /**
     * From Confluent's keys {@code schema.registry.url} (several, separated by commas, base paths kept),
     * {@code basic.auth.credentials.source} (URL or USER_INFO), {@code basic.auth.user.info},
     * {@code http.connect.timeout.ms}, {@code http.read.timeout.ms}; others are ignored. TLS is that of the JVM's default
     * context. Nothing is connected yet.
     *
     * @throws org.apache.kafka.common.config.ConfigException if they make no sense
     */
    public static SchemaRegistryClient of(Map<String, ?> config) {
        return new SchemaRegistryClient(RegistryConfig.of(config), System::nanoTime);
    }

    /** The id of the schema under that subject, registered if it is new (409 if incompatible); cached. */
    public int register(String subject, Schema schema) {
        SubjectSchema key = new SubjectSchema(subject, schema.toString(), true);
        Integer cached = ids.get(key);
        return cached != null
                ? cached
                : remember(key, http.exchange("POST", "/subjects/" + segment(subject) + "/versions", schemaBody(key)));
    }

    /** The id of the schema under that subject where it already is registered (40401, 40403 if not); cached. */
    public int lookup(String subject, Schema schema) {
        SubjectSchema key = new SubjectSchema(subject, schema.toString(), false);
        Integer cached = ids.get(key);
        return cached != null
                ? cached
                : remember(key, http.exchange("POST", "/subjects/" + segment(subject), schemaBody(key)));
    }

    /**
     * The schema of that id; cached, and that there is none is cached for {@code UNKNOWN_FOR}.
     *
     * @throws UnknownSchemaException if the registry itself says that it has none
     */
    public Schema byId(int id) {
        Schema cached = schemas.get(id);
        if (cached != null) {
            return cached;
        }
        long now = nanoClock.getAsLong();
        Unknown missing = unknown.get(id);
        if (missing != null && missing.untilNanos - now > 0) {
            throw missing.why;
        }
        try {
            Schema schema = parse(http.get("/schemas/ids/" + id));
            put(schemas, id, schema);
            unknown.remove(id);
            return schema;
        } catch (UnknownSchemaException e) {
            put(unknown, id, new Unknown(e, now + UNKNOWN_FOR.toNanos()));
            throw e;
        }
    }

    /** The subject's latest version; not cached. */
    public RegisteredSchema latest(String subject) {
        JsonNode answer = http.get("/subjects/" + segment(subject) + "/versions/latest");
        return new RegisteredSchema(integer(answer, "id"), integer(answer, "version"), parse(answer));
    }

    /** Compatibility level of the subject, or the global one where it has none of its own. */
    public String compatibility(String subject) {
        return text(http.get("/config/" + segment(subject) + "?defaultToGlobal=true"), "compatibilityLevel");
    }

    /** Sets the subject's compatibility level, such as FULL_TRANSITIVE. */
    public void setCompatibility(String subject, String level) {
        http.exchange("PUT", "/config/" + segment(subject),
                JsonNodeFactory.instance.objectNode().put("compatibility", level));
    }

    /** All subjects. */
    public List<String> subjects() {
        List<String> subjects = new ArrayList<>();
        http.get("/subjects").forEach(subject -> subjects.add(subject.asText()));
        return subjects;
    }

    private int remember(SubjectSchema key, JsonNode answer) {
        int id = integer(answer, "id");
        put(ids, key, id);
        return id;
    }

    private static <K, V> void put(Map<K, V> cache, K key, V value) {
        if (cache.size() >= MAX_CACHED) {
            cache.clear();
        }
        cache.put(key, value);
    }

    private static ObjectNode schemaBody(SubjectSchema key) {
        return JsonNodeFactory.instance.objectNode().put("schema", key.json);
    }

    private static Schema parse(JsonNode answer) {
        if (!answer.path("schemaType").asText("AVRO").equals("AVRO") || !answer.path("references").isEmpty()) {
            throw new SerializationException("the schema is not one of Avro without references");
        }
        try {
            return new Schema.Parser().setValidateDefaults(false).parse(text(answer, "schema"));
        } catch (SchemaParseException e) {
            throw new SerializationException("the registry's schema cannot be parsed: " + e.getMessage(), e);
        }
    }

    private static String text(JsonNode answer, String key) {
        if (!answer.path(key).isTextual()) {
            throw new SchemaRegistryException(0, 0, "the registry's answer has no \"" + key + "\"");
        }
        return answer.path(key).asText();
    }

    private static int integer(JsonNode answer, String key) {
        if (!answer.path(key).isInt()) {
            throw new SchemaRegistryException(0, 0, "the registry's answer has no \"" + key + "\"");
        }
        return answer.path(key).asInt();
    }

    private static String segment(String name) {
        return URLEncoder.encode(name, StandardCharsets.UTF_8).replace("+", "%20");
    }
}
