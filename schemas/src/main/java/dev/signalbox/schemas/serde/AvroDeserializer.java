package dev.signalbox.schemas.serde;

import dev.signalbox.schemas.AvroTrust;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.avro.Schema;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.DatumReader;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.specific.SpecificData;
import org.apache.avro.specific.SpecificDatumReader;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Deserializer;
import org.jspecify.annotations.Nullable;

/**
 * Reads what {@link AvroSerializer} or Confluent's own serializer wrote, into generated classes; thread-safe.
 *
 * <p>Errors: {@link UnknownSchemaException} where the registry has no such schema; any other
 * {@link SchemaRegistryException} where the registry cannot be asked (try again); a plain {@link SerializationException}
 * where the bytes are wrong. None quotes content.
 */
public final class AvroDeserializer<T extends SpecificRecord> implements Deserializer<T> {
    /** Ids are the registry's own by then, so this bound is never met in practice; a full cache starts anew. */
    private static final int MAX_CACHED = 10_000;

    private final Map<Integer, DatumReader<T>> readers = new ConcurrentHashMap<>();
    private final @Nullable Class<T> type;
    private @Nullable SchemaRegistryClient registry;

    /** To be configured with Confluent's keys; the class is that of the writer's schema. */
    public AvroDeserializer() {
        type = null;
    }

    /** Configured already; reads only records of that type. */
    public AvroDeserializer(Class<T> type, SchemaRegistryClient registry) {
        this.type = type;
        this.registry = registry;
    }

    @Override
    public void configure(Map<String, ?> configs, boolean isKey) {
        if (!SerdeConfig.flag(configs, SerdeConfig.SPECIFIC_READER, true)) {
            throw new ConfigException(SerdeConfig.SPECIFIC_READER, "false",
                    "this deserializer reads generated classes only");
        }
        if (registry == null) {
            registry = SchemaRegistryClient.of(configs);
        }
    }

    @Override
    public @Nullable T deserialize(String topic, byte @Nullable [] data) {
        if (data == null) {
            return null;
        }
        if (data.length < AvroSerializer.HEAD_BYTES || data[0] != AvroSerializer.MAGIC) {
            throw new SerializationException(notOurs(data));
        }
        DatumReader<T> reader = reader(ByteBuffer.wrap(data).getInt(1));
        try {
            BinaryDecoder decoder = DecoderFactory.get().binaryDecoder(data, AvroSerializer.HEAD_BYTES,
                    data.length - AvroSerializer.HEAD_BYTES, null);
            T value = reader.read(null, decoder);
            if (!decoder.isEnd()) {
                throw new SerializationException("there is more after the record");
            }
            return value;
        } catch (SerializationException e) {
            throw e;
        } catch (IOException | RuntimeException e) {
            throw new SerializationException(
                    "the bytes are not a record of their schema: " + e.getClass().getSimpleName(), e);
        }
    }

    private static String notOurs(byte[] data) {
        return data.length > 0 && data[0] == '{'
                ? "the value is not in Confluent's wire format but looks like JSON: set the header content-type to application/json"
                : "the value is not in Confluent's wire format: it must begin with a zero byte and a 4-byte schema id";
    }

    private DatumReader<T> reader(int id) {
        DatumReader<T> cached = readers.get(id);
        if (cached != null) {
            return cached;
        }
        if (registry == null) {
            throw new IllegalStateException("the deserializer is not configured");
        }
        DatumReader<T> reader = readerOf(registry.byId(id));
        if (readers.size() >= MAX_CACHED) {
            readers.clear();
        }
        readers.put(id, reader);
        return reader;
    }

    private DatumReader<T> readerOf(Schema writer) {
        Class<?> target = type != null ? type : classOf(writer);
        if (target == null || !SpecificRecord.class.isAssignableFrom(target)) {
            throw new SerializationException("there is no generated class for " + writer.getFullName());
        }
        SpecificData model = AvroModel.of(target.getClassLoader());
        Schema expected = model.getSchema(target);
        if (!expected.getFullName().equals(writer.getFullName())) {
            throw new SerializationException(
                    "the value is a " + writer.getFullName() + ", not a " + expected.getFullName());
        }
        return new SpecificDatumReader<>(writer, expected, model);
    }

    private static @Nullable Class<?> classOf(Schema writer) {
        AvroTrust.install();
        try {
            return SpecificData.get().getClass(writer);
        } catch (SecurityException e) {
            throw new SerializationException("the class of " + writer.getFullName() + " is not trusted", e);
        }
    }
}
