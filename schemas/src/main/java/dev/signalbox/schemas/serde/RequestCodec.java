package dev.signalbox.schemas.serde;

import dev.signalbox.schemas.avro.LlmRequest;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.serialization.Deserializer;
import org.jspecify.annotations.Nullable;

/** Reads and checks request records of either form; thread-safe if its deserializer is. */
public final class RequestCodec {
    private final Deserializer<LlmRequest> avro;
    private final JsonRecords json;

    public RequestCodec(Deserializer<LlmRequest> avro, JsonRecords json) {
        this.avro = avro;
        this.json = json;
    }

    /**
     * Reads one record's value by its content type and checks it.
     *
     * @throws SchemaRegistryException if the schema cannot be had now: the record may be good, try again later
     */
    public DecodedRequest decode(String topic, Headers headers, byte @Nullable [] value) {
        if (value == null) {
            return new DecodedRequest.Unreadable("the record has no value");
        }
        Optional<ValueForm> form = ValueForm.of(headers);
        if (form.isEmpty()) {
            return new DecodedRequest.Unreadable("the content-type header names neither JSON nor Avro");
        }
        try {
            return switch (form.get()) {
                case AVRO -> {
                    LlmRequest request = avro.deserialize(topic, headers, value);
                    SharedBody.share(request, value);
                    yield checked(request, RequestValidation.faults(request));
                }
                case JSON -> {
                    LlmRequest request = json.parseRequest(value);
                    yield checked(request, RequestValidation.envelopeFaults(request));
                }
            };
        } catch (UnknownSchemaException | InvalidRecordException e) {
            return new DecodedRequest.Unreadable(reason(e));
        } catch (SchemaRegistryException e) {
            throw e;
        } catch (SerializationException e) {
            return new DecodedRequest.Unreadable(reason(e));
        }
    }

    private static String reason(RuntimeException e) {
        return e.getMessage() == null ? "the value cannot be read" : e.getMessage();
    }

    private static DecodedRequest checked(LlmRequest request, List<String> faults) {
        return faults.isEmpty() ? new DecodedRequest.Valid(request) : new DecodedRequest.Invalid(request, faults);
    }
}
