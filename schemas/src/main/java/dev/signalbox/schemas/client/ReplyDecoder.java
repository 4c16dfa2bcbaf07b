package dev.signalbox.schemas.client;

import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.TokenChunk;
import dev.signalbox.schemas.serde.AvroDeserializer;
import dev.signalbox.schemas.serde.InvalidRecordException;
import dev.signalbox.schemas.serde.JsonRecords;
import dev.signalbox.schemas.serde.SchemaRegistryClient;
import dev.signalbox.schemas.serde.SchemaRegistryException;
import dev.signalbox.schemas.serde.ValueForm;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Deserializer;

/** Reads replies and chunks of either form. */
final class ReplyDecoder {
    private final Deserializer<LlmReply> replies;
    private final Deserializer<TokenChunk> chunks;
    private final JsonRecords json = new JsonRecords();

    sealed interface Decoded {
    }

    record Reply(LlmReply value) implements Decoded {
    }

    record Chunk(TokenChunk value) implements Decoded {
    }

    record Unreadable(String reason) implements Decoded {
    }

    ReplyDecoder(Deserializer<LlmReply> replies, Deserializer<TokenChunk> chunks) {
        this.replies = replies;
        this.chunks = chunks;
    }

    /** Without {@code schema.registry.url} only JSON can be read. */
    static ReplyDecoder of(Map<String, ?> config) {
        if (!config.containsKey("schema.registry.url")) {
            return new ReplyDecoder((topic, value) -> {
                throw noRegistry();
            }, (topic, value) -> {
                throw noRegistry();
            });
        }
        SchemaRegistryClient registry = SchemaRegistryClient.of(config);
        return new ReplyDecoder(new AvroDeserializer<>(LlmReply.class, registry),
                new AvroDeserializer<>(TokenChunk.class, registry));
    }

    private static SerializationException noRegistry() {
        return new SerializationException("the value is Avro, and no schema.registry.url is configured");
    }

    /** @throws SchemaRegistryException if the schema cannot be had now, or is unknown */
    Decoded decode(ConsumerRecord<byte[], byte[]> message, boolean isChunk) {
        Optional<ValueForm> form = ValueForm.of(message.headers());
        byte[] value = message.value();
        if (value == null || form.isEmpty()) {
            return new Unreadable(
                    value == null ? "the record has no value" : "the content-type header names neither JSON nor Avro");
        }
        boolean isJson = form.get() == ValueForm.JSON;
        try {
            return isChunk
                    ? new Chunk(isJson ? json.parseChunk(value) : chunks.deserialize(message.topic(), value))
                    : new Reply(isJson ? json.parseReply(value) : replies.deserialize(message.topic(), value));
        } catch (SchemaRegistryException e) {
            throw e;
        } catch (SerializationException | InvalidRecordException e) {
            return new Unreadable(String.valueOf(e.getMessage()));
        }
    }
}
