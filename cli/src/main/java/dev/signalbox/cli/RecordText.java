package dev.signalbox.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.signalbox.schemas.avro.AttemptEvent;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.avro.TokenChunk;
import dev.signalbox.schemas.serde.AvroDeserializer;
import dev.signalbox.schemas.serde.InvalidRecordException;
import dev.signalbox.schemas.serde.JsonRecords;
import dev.signalbox.schemas.serde.ValueForm;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.errors.SerializationException;
import org.jspecify.annotations.Nullable;

/** A record as one line of JSON: place, key, and the decoded value. */
final class RecordText {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private final AvroDeserializer<SpecificRecord> avro = new AvroDeserializer<>();
    private final JsonRecords json = new JsonRecords();

    RecordText(Map<String, Object> registryProperties) {
        Map<String, Object> config = new HashMap<>(registryProperties);
        config.put("specific.avro.reader", true);
        avro.configure(config, false);
    }

    String of(ConsumerRecord<String, byte[]> record) {
        ObjectNode line = MAPPER.createObjectNode();
        line.put("topic", record.topic()).put("partition", record.partition()).put("offset", record.offset())
                .put("timestamp", record.timestamp()).put("key", record.key());
        try {
            byte[] value = valueAsJson(record);
            if (value == null) {
                line.putNull("value");
            } else {
                line.set("value", MAPPER.readTree(value));
            }
        } catch (SerializationException | InvalidRecordException | IOException e) {
            line.put("unreadable", String.valueOf(e.getMessage()));
        }
        try {
            return MAPPER.writeValueAsString(line);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree of plain values", e);
        }
    }

    private byte @Nullable [] valueAsJson(ConsumerRecord<String, byte[]> record) {
        if (record.value() == null) {
            return null;
        }
        Optional<ValueForm> form = ValueForm.of(record.headers());
        if (form.isPresent() && form.get() == ValueForm.JSON) {
            return record.value();
        }
        SpecificRecord decoded = avro.deserialize(record.topic(), record.value());
        return switch (decoded) {
            case null -> null;
            case LlmReply reply -> json.write(reply);
            case LlmRequest request -> json.write(request);
            case TokenChunk chunk -> json.write(chunk);
            case AttemptEvent event -> json.write(event);
            default -> decoded.toString().getBytes(StandardCharsets.UTF_8);
        };
    }
}
