package dev.signalbox.schemas.client;

import dev.signalbox.schemas.Headers;
import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.RequestHash;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.claim.ClaimException;
import dev.signalbox.schemas.claim.ClaimStores;
import dev.signalbox.schemas.serde.AvroSerializer;
import dev.signalbox.schemas.serde.JsonRecords;
import dev.signalbox.schemas.serde.RequestValidation;
import dev.signalbox.schemas.serde.SchemaRegistryClient;
import dev.signalbox.schemas.serde.ValueForm;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.serialization.Serializer;

/**
 * Sends requests: checks them first, chooses topic and partition, and tells of every send that failed. Thread-safe; one
 * is enough for a process. Sends are idempotent and acknowledged by all in-sync replicas. Topics must exist.
 *
 * <p>To miss no reply, {@link #prepare} a request, {@link ReplyReader#expect} it, then send what was prepared.
 */
public final class RequestProducer implements AutoCloseable {
    /** How long a topic's number of partitions is believed; topics gain partitions, never lose them. */
    private static final Duration PARTITIONS_BELIEVED = Duration.ofMinutes(5);

    /** What key, headers and framing add to a value, at most. */
    private static final int RECORD_OVERHEAD = 4_096;

    private final Sender sender;
    private final TopicDirectory topics;
    private final Serializer<LlmRequest> serializer;
    private final RequestProducerOptions options;
    private final TenantShard shard;
    private final ClaimStores claims;
    private final int maxRecordBytes;
    /** Per topic; as many as there are lanes. */
    private final Map<String, Partitions> partitions = new ConcurrentHashMap<>();

    private record Partitions(int count, long askAgainAtNanos) {
    }

    RequestProducer(Sender sender, TopicDirectory topics, Serializer<LlmRequest> avro, RequestProducerOptions options,
            ClaimStores claims, int maxRecordBytes) {
        this.sender = sender;
        this.topics = topics;
        this.options = options;
        this.claims = claims;
        this.maxRecordBytes = maxRecordBytes;
        this.shard = new TenantShard(options.shardPartitions());
        JsonRecords json = new JsonRecords();
        this.serializer = options.form() == ValueForm.JSON ? (topic, request) -> json.write(request) : avro;
    }

    /**
     * @param clientConfig any Kafka client property, and the registry's ({@code schema.registry.url}, ...) where the form
     *        is Avro. {@code acks} and {@code enable.idempotence} must not be weakened; lz4 unless it says otherwise.
     * @throws org.apache.kafka.common.config.ConfigException if it makes no sense
     */
    public static RequestProducer open(Map<String, ?> clientConfig, RequestProducerOptions options,
            FailedSendListener listener) {
        return open(clientConfig, options, listener, ClaimStores.NONE);
    }

    /**
     * As {@link #open(Map, RequestProducerOptions, FailedSendListener)}; bodies that are too large for a record are put into
     * a store, and the record refers to them.
     *
     * @param claims belong to the caller; the workers must know the store that it writes to under the same name
     */
    public static RequestProducer open(Map<String, ?> clientConfig, RequestProducerOptions options,
            FailedSendListener listener, ClaimStores claims) {
        Map<String, Object> producerConfig = ClientConfig.forProducer(clientConfig);
        Serializer<LlmRequest> avro = options.form() == ValueForm.AVRO
                ? new AvroSerializer<>(SchemaRegistryClient.of(clientConfig), clientConfig)
                : (topic, request) -> {
                    throw new IllegalStateException("this producer sends JSON");
                };
        TopicDirectory topics = TopicDirectory.of(ClientConfig.forAdmin(clientConfig), options.topicTimeout());
        return new RequestProducer(new Sender(() -> ClientConfig.producer(producerConfig), listener), topics, avro,
                options, claims, ClientConfig.maxRecordBytes(producerConfig));
    }

    /**
     * Checks, serializes and places a request without sending it. May wait for the broker or the registry the first time a
     * topic is used.
     *
     * @throws InvalidRequestException listing all faults; also for one that is too large for a record, where no store takes
     *         its body
     * @throws org.apache.kafka.common.errors.UnknownTopicOrPartitionException if the lane's topic does not exist
     * @throws org.apache.kafka.common.KafkaException if broker or registry cannot be asked
     */
    public PreparedRequest prepare(Lane lane, LlmRequest request, Iterable<Header> extraHeaders) {
        List<String> faults = RequestValidation.faults(request);
        if (!faults.isEmpty()) {
            throw new InvalidRequestException(faults);
        }
        String topic = lane.requestTopic();
        int partition = shard.partition(request.getTenant(), request.getId(), partitions(topic));
        byte[] value = value(topic, request);
        List<Header> headers = new ArrayList<>();
        extraHeaders.forEach(headers::add);
        if (options.form() == ValueForm.JSON) {
            headers.add(new RecordHeader(Headers.CONTENT_TYPE,
                    Headers.CONTENT_TYPE_JSON.getBytes(StandardCharsets.UTF_8)));
        }
        return new PreparedRequest(request.getId(), RequestHash.of(value), topic, partition, value, headers);
    }

    private byte[] value(String topic, LlmRequest request) {
        LlmRequest sent = request;
        if (request.getBodyClaim() == null && claims.takes(request.getBody().remaining())) {
            byte[] body = new byte[request.getBody().remaining()];
            request.getBody().duplicate().get(body);
            try {
                sent = LlmRequest.newBuilder(request).setBodyClaim(claims.put(ClaimStores.Kind.REQUESTS, body))
                        .setBody(ByteBuffer.wrap(new byte[]{'{', '}'})).build();
            } catch (ClaimException e) {
                throw new KafkaException("the request's body could not be put into its claim store", e);
            }
        }
        byte[] value = serializer.serialize(topic, sent);
        if (value.length > maxRecordBytes - RECORD_OVERHEAD) {
            throw new InvalidRequestException(List.of("body: a record of " + value.length
                    + " bytes is more than the producer's max.request.size of " + maxRecordBytes
                    + " takes; give the producer a claim store, or raise max.request.size and topics.max_message_size"));
        }
        return value;
    }

    /** Sends what was prepared; every failure comes through the future and to the listener, none is thrown. */
    public CompletableFuture<SentRequest> send(PreparedRequest request) {
        ProducerRecord<byte[], byte[]> message = new ProducerRecord<>(request.topic(), request.partition(),
                request.requestId().getBytes(StandardCharsets.UTF_8), request.value(), request.headers());
        return sender.send(request.requestId(), message)
                .thenApply(metadata -> new SentRequest(request.requestId(), request.requestHash(), metadata.topic(),
                        metadata.partition(), metadata.offset(), metadata.timestamp()));
    }

    /**
     * Asks for a request not to be served, or no further: whether it is still to come, waits or runs. It ends with
     * {@code CANCELLED}, unless it ends otherwise first; for one that has ended nothing changes. What its calls used until
     * then is paid for. The future completes once the cancellation is acknowledged, or with its failure.
     *
     * @throws InvalidRequestException if no request can have such an id
     */
    public CompletableFuture<Void> cancel(String requestId) {
        List<String> faults = RequestValidation.idFaults(requestId);
        if (!faults.isEmpty()) {
            throw new InvalidRequestException(faults);
        }
        return sender.send(requestId, new ProducerRecord<>(Topics.CANCELLATIONS,
                requestId.getBytes(StandardCharsets.UTF_8), new byte[0])).thenApply(metadata -> null);
    }

    /** {@link #prepare} and send. */
    public CompletableFuture<SentRequest> send(Lane lane, LlmRequest request, Iterable<Header> extraHeaders) {
        return send(prepare(lane, request, extraHeaders));
    }

    /** Waits until everything sent so far is acknowledged or has failed; false if time ran out. */
    public boolean flush(Duration limit) throws InterruptedException {
        return sender.flush(limit);
    }

    /** Waits for what is in flight up to the limit; what is left then fails. */
    public void close(Duration limit) {
        sender.close(limit);
        topics.close();
    }

    /** {@link #close(Duration)} with 30 s. */
    @Override
    public void close() {
        close(Duration.ofSeconds(30));
    }

    private int partitions(String topic) {
        Partitions known = partitions.get(topic);
        long now = System.nanoTime();
        if (known != null && known.askAgainAtNanos - now > 0) {
            return known.count;
        }
        int count = topics.partitions(topic);
        partitions.put(topic, new Partitions(count, now + PARTITIONS_BELIEVED.toNanos()));
        return count;
    }
}
