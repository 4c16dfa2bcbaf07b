package dev.signalbox.schemas.serde;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.avro.Schema;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Serializer;
import org.jspecify.annotations.Nullable;

/**
 * Avro in Confluent's wire format: a zero byte, the schema id as 4 big-endian bytes, the record. Byte for byte what
 * {@code io.confluent.kafka.serializers.KafkaAvroSerializer} writes, under the same configuration keys
 * ({@code schema.registry.url}, {@code basic.auth.*}, {@code auto.register.schemas}, {@code use.latest.version},
 * {@code value.subject.name.strategy}), so that either can stand for the other. Thread-safe. Throws
 * {@link SchemaRegistryException} where no id can be had.
 */
public final class AvroSerializer<T extends SpecificRecord> implements Serializer<T> {
    static final byte MAGIC = 0;
    /** Zero byte and id. */
    static final int HEAD_BYTES = 5;
    /** Topics come from configuration, but a caller might name many: a full cache starts anew. */
    private static final int MAX_CACHED = 10_000;

    private final Map<String, RecordEncoding> encodings = new ConcurrentHashMap<>();
    private final ReentrantLock resolving = new ReentrantLock();
    private @Nullable SchemaRegistryClient registry;
    private @Nullable SerdeConfig config;

    /** To be configured with Confluent's keys. */
    public AvroSerializer() {
    }

    /** Configured already, for values, with a client that several serdes may share. */
    public AvroSerializer(SchemaRegistryClient registry, Map<String, ?> config) {
        this.registry = registry;
        this.config = SerdeConfig.of(config, false);
    }

    @Override
    public void configure(Map<String, ?> configs, boolean isKey) {
        config = SerdeConfig.of(configs, isKey);
        if (registry == null) {
            registry = SchemaRegistryClient.of(configs);
        }
    }

    @Override
    @SuppressWarnings("ReferenceEquality") // The same object each time, and equals() would ignore its docs.
    public byte @Nullable [] serialize(String topic, @Nullable T data) {
        if (data == null) {
            return null;
        }
        Schema schema = data.getSchema();
        RecordEncoding encoding = encodings.get(topic);
        if (encoding == null || encoding.source() != schema) {
            encoding = resolved(topic, schema);
        }
        ArrayEncoder out = new ArrayEncoder(encoding.likelySize());
        try {
            out.writeFixed(encoding.head());
            encoding.write(data, out);
        } catch (IOException | RuntimeException e) {
            // Avro's own text may quote the value.
            throw new SerializationException(
                    "a " + schema.getFullName() + " cannot be written: " + e.getClass().getSimpleName(), e);
        }
        byte[] bytes = out.toByteArray();
        encoding.sized(bytes.length);
        return bytes;
    }

    /**
     * Asks the registry what the first record of that schema would wait for.
     *
     * @throws SchemaRegistryException where it cannot be had now; a record will ask again
     */
    public void prepare(String topic, Schema schema) {
        resolved(topic, schema);
    }

    /** One caller asks the registry, the others wait for its answer: a burst of first records is one question. */
    @SuppressWarnings("ReferenceEquality") // As in serialize.
    private RecordEncoding resolved(String topic, Schema schema) {
        resolving.lock();
        try {
            RecordEncoding encoding = encodings.get(topic);
            if (encoding == null || encoding.source() != schema) {
                encoding = resolve(topic, schema);
                if (encodings.size() >= MAX_CACHED) {
                    encodings.clear();
                }
                encodings.put(topic, encoding);
            }
            return encoding;
        } finally {
            resolving.unlock();
        }
    }

    private RecordEncoding resolve(String topic, Schema schema) {
        if (registry == null || config == null) {
            throw new IllegalStateException("the serializer is not configured");
        }
        String subject = config.naming().subject(topic, config.part(), schema);
        if (config.autoRegister()) {
            return RecordEncoding.of(schema, head(registry.register(subject, schema)));
        }
        if (config.useLatest()) {
            SchemaRegistryClient.RegisteredSchema latest = registry.latest(subject);
            return RecordEncoding.into(schema, latest.schema(), head(latest.id()));
        }
        return RecordEncoding.of(schema, head(registry.lookup(subject, schema)));
    }

    private static byte[] head(int id) {
        return ByteBuffer.allocate(HEAD_BYTES).put(MAGIC).putInt(id).array();
    }
}
