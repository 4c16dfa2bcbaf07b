package dev.signalbox.schemas.serde;

import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.common.serialization.Deserializer;
import org.jspecify.annotations.Nullable;

/** Reads what {@link AvroSerializer} or Confluent's own serializer wrote; thread-safe. */
@SuppressWarnings("DoNotCallSuggester")
public final class AvroDeserializer<T extends SpecificRecord> implements Deserializer<T> {

    /** To be configured with Confluent's keys; the class is that of the writer's schema. */
    public AvroDeserializer() {
    }

    /** Configured already; reads only records of that type. */
    public AvroDeserializer(Class<T> type, SchemaRegistryClient registry) {
        throw new UnsupportedOperationException("not yet");
    }

    @Override
    public @Nullable T deserialize(String topic, byte @Nullable [] data) {
        throw new UnsupportedOperationException("not yet");
    }
}
