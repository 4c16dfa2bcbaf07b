package dev.signalbox.schemas.serde;

import java.util.Map;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.common.serialization.Serializer;
import org.jspecify.annotations.Nullable;

/** Avro in Confluent's wire format: a zero byte, the schema id as 4 big-endian bytes, the record; thread-safe. */
@SuppressWarnings("DoNotCallSuggester")
public final class AvroSerializer<T extends SpecificRecord> implements Serializer<T> {

    /** To be configured with Confluent's keys. */
    public AvroSerializer() {
    }

    /** Configured already, with a client that several serdes may share. */
    public AvroSerializer(SchemaRegistryClient registry, Map<String, ?> config) {
        throw new UnsupportedOperationException("not yet");
    }

    @Override
    public byte @Nullable [] serialize(String topic, @Nullable T data) {
        throw new UnsupportedOperationException("not yet");
    }
}
