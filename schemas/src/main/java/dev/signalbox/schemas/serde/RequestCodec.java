package dev.signalbox.schemas.serde;

import dev.signalbox.schemas.avro.LlmRequest;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.serialization.Deserializer;
import org.jspecify.annotations.Nullable;

/** Reads and checks request records of either form. */
@SuppressWarnings("DoNotCallSuggester")
public final class RequestCodec {

    public RequestCodec(Deserializer<LlmRequest> avro, JsonRecords json) {
        throw new UnsupportedOperationException("not yet");
    }

    /**
     * Reads one record's value by its content type and checks it.
     *
     * @throws SchemaRegistryException if the schema cannot be had now: the record may be good, try again later
     */
    public DecodedRequest decode(String topic, Headers headers, byte @Nullable [] value) {
        throw new UnsupportedOperationException("not yet");
    }
}
