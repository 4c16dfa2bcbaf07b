package dev.signalbox.workers.reply;

import dev.signalbox.schemas.Headers;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.AttemptEvent;
import dev.signalbox.schemas.avro.CapacityDemand;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.RequestStatus;
import dev.signalbox.schemas.avro.TenantRecord;
import dev.signalbox.schemas.avro.TokenChunk;
import dev.signalbox.schemas.serde.AvroSerializer;
import dev.signalbox.schemas.serde.JsonRecords;
import dev.signalbox.schemas.serde.SchemaRegistryClient;
import dev.signalbox.workers.intake.ReplyAddress.Form;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Objects;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.jspecify.annotations.Nullable;

/** Values of the records that a worker publishes, in the form that their reader asked for. Thread-safe. */
public final class RecordEncoder {
    static final Header JSON = new RecordHeader(Headers.CONTENT_TYPE,
            Headers.CONTENT_TYPE_JSON.getBytes(StandardCharsets.UTF_8));

    private final AvroSerializer<LlmReply> replies;
    private final AvroSerializer<TokenChunk> chunks;
    private final AvroSerializer<AttemptEvent> attempts;
    private final AvroSerializer<RequestStatus> statuses;
    private final AvroSerializer<CapacityDemand> demands;
    private final AvroSerializer<TenantRecord> tenants;
    private final JsonRecords json = new JsonRecords();

    /** @param registryProperties Confluent's configuration keys */
    public RecordEncoder(Map<String, ?> registryProperties) {
        SchemaRegistryClient registry = SchemaRegistryClient.of(registryProperties);
        replies = new AvroSerializer<>(registry, registryProperties);
        chunks = new AvroSerializer<>(registry, registryProperties);
        attempts = new AvroSerializer<>(registry, registryProperties);
        statuses = new AvroSerializer<>(registry, registryProperties);
        demands = new AvroSerializer<>(registry, registryProperties);
        tenants = new AvroSerializer<>(registry, registryProperties);
    }

    /** Asks the registry what the first reply would wait for; throws if it cannot be had now. */
    void prepareReplies() {
        replies.prepare(Topics.REPLIES, LlmReply.getClassSchema());
    }

    /** As {@link #prepareReplies}, for the first attempt and the first request that ends. */
    void prepareControl() {
        attempts.prepare(Topics.ATTEMPTS, AttemptEvent.getClassSchema());
        statuses.prepare(Topics.STATUS, RequestStatus.getClassSchema());
    }

    byte[] encode(String topic, LlmReply reply, Form form) {
        return switch (form) {
            case AVRO -> present(replies.serialize(topic, reply));
            case JSON -> json.write(reply);
        };
    }

    byte[] encode(String topic, TokenChunk chunk, Form form) {
        return switch (form) {
            case AVRO -> present(chunks.serialize(topic, chunk));
            case JSON -> json.write(chunk);
        };
    }

    byte[] encode(String topic, AttemptEvent event) {
        return present(attempts.serialize(topic, event));
    }

    byte[] encode(String topic, RequestStatus status) {
        return present(statuses.serialize(topic, status));
    }

    public byte[] encode(String topic, CapacityDemand demand) {
        return present(demands.serialize(topic, demand));
    }

    public byte[] encode(String topic, TenantRecord tenant) {
        return present(tenants.serialize(topic, tenant));
    }

    private static byte[] present(byte @Nullable [] value) {
        return Objects.requireNonNull(value, "a record that is present has bytes");
    }
}
