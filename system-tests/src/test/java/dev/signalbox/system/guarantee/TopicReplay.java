package dev.signalbox.system.guarantee;

import dev.signalbox.schemas.DeadLetter;
import dev.signalbox.schemas.Headers;
import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.RequestHash;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.AttemptEvent;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.avro.TokenChunk;
import dev.signalbox.schemas.serde.AvroDeserializer;
import dev.signalbox.schemas.serde.DecodedRequest;
import dev.signalbox.schemas.serde.JsonRecords;
import dev.signalbox.schemas.serde.RequestCodec;
import dev.signalbox.schemas.serde.SchemaRegistryClient;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Tells the watchers what a lane's topics hold, to their ends, each time from where it last stopped. Any number of times in a
 * run; for one thread.
 */
public final class TopicReplay {
    private static final Duration LIMIT = Duration.ofMinutes(5);

    private final Map<String, Object> properties;
    private final Lane lane;
    private final List<String> replyTopics;
    /** Where the next telling begins. */
    private final Map<TopicPartition, Long> next = new HashMap<>();
    private final RequestCodec requests;
    private final AvroDeserializer<LlmReply> replies;
    private final AvroDeserializer<TokenChunk> chunks;
    private final AvroDeserializer<AttemptEvent> attempts;
    private final JsonRecords json = new JsonRecords();

    /** @param properties of a Kafka client and of the registry */
    public TopicReplay(Map<String, Object> properties, Lane lane) {
        this(properties, lane, List.of(Topics.REPLIES));
    }

    /**
     * @param properties of a Kafka client and of the registry
     * @param replyTopics where the lane's callers have their replies
     */
    public TopicReplay(Map<String, Object> properties, Lane lane, List<String> replyTopics) {
        this.replyTopics = List.copyOf(replyTopics);
        this.properties = new HashMap<>(properties);
        this.lane = lane;
        SchemaRegistryClient registry = SchemaRegistryClient.of(properties);
        this.requests = new RequestCodec(new AvroDeserializer<>(LlmRequest.class, registry), json);
        this.replies = new AvroDeserializer<>(LlmReply.class, registry);
        this.chunks = new AvroDeserializer<>(TokenChunk.class, registry);
        this.attempts = new AvroDeserializer<>(AttemptEvent.class, registry);
    }

    /** In the order that {@link CommittedNeverPassesPending} asks for. */
    public void tell(Guarantees guarantees) throws Exception {
        Map<TopicPartition, Long> committed = new HashMap<>();
        try (Admin admin = Admin.create(properties)) {
            admin.listConsumerGroupOffsets(lane.consumerGroup()).partitionsToOffsetAndMetadata().get()
                    .forEach((partition, offset) -> committed.put(partition, offset.offset()));
        }
        read(lane.requestTopic(), record -> guarantees.saw(acknowledged(record)));
        read(Topics.DEAD_LETTERS, record -> {
            DeadLetter letter = DeadLetter.of(record.headers()).orElseThrow();
            guarantees.saw(new RunEvent.DeadLetter(letter.topic() + "-" + letter.partition(), letter.offset()));
        });
        for (String replyTopic : replyTopics) {
            read(replyTopic, record -> {
                guarantees.saw(new RunEvent.Replied(isJson(record)
                        ? json.parseReply(record.value())
                        : replies.deserialize(record.topic(), record.value())));
                tellHeaders(guarantees, record);
            });
        }
        read(Topics.TOKENS, record -> {
            guarantees.saw(new RunEvent.Chunk(isJson(record)
                    ? json.parseChunk(record.value())
                    : chunks.deserialize(record.topic(), record.value())));
            tellHeaders(guarantees, record);
        });
        read(Topics.ATTEMPTS, record -> guarantees.saw(
                new RunEvent.Attempt(attempts.deserialize(record.topic(), record.value()), record.timestamp())));
        committed.forEach((partition, offset) -> guarantees
                .saw(new RunEvent.Committed(partition.topic() + "-" + partition.partition(), offset)));
    }

    private RunEvent acknowledged(ConsumerRecord<byte[], byte[]> record) {
        byte[] value = record.value() == null ? new byte[0] : record.value();
        Optional<LlmRequest> request = switch (requests.decode(record.topic(), record.headers(), record.value())) {
            case DecodedRequest.Valid valid -> Optional.of(valid.request());
            case DecodedRequest.Invalid invalid -> Optional.of(invalid.request());
            case DecodedRequest.Unreadable _ -> Optional.empty();
        };
        String key = record.key() == null ? "" : new String(record.key(), StandardCharsets.UTF_8);
        long timeToLive = request.map(LlmRequest::getTimeToLiveMillis)
                .orElse(lane.priority().defaultTimeToLive().toMillis());
        return new RunEvent.Acknowledged(record.topic() + "-" + record.partition(), record.offset(),
                request.map(LlmRequest::getId).orElse(key), RequestHash.of(value), record.timestamp(),
                record.timestamp() + timeToLive);
    }

    private static void tellHeaders(Guarantees guarantees, ConsumerRecord<byte[], byte[]> record) {
        for (Header header : record.headers()) {
            guarantees.saw(new RunEvent.Printed("header " + header.key() + " of " + record.topic(),
                    new String(header.value(), StandardCharsets.UTF_8)));
        }
    }

    private static boolean isJson(ConsumerRecord<byte[], byte[]> record) {
        return record.headers().lastHeader(Headers.CONTENT_TYPE) != null;
    }

    private void read(String topic, Consumer<ConsumerRecord<byte[], byte[]>> each) {
        try (var consumer = new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            List<TopicPartition> partitions = consumer.partitionsFor(topic).stream()
                    .map(info -> new TopicPartition(topic, info.partition())).toList();
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            partitions.stream().filter(next::containsKey)
                    .forEach(partition -> consumer.seek(partition, next.get(partition)));
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            long deadline = System.nanoTime() + LIMIT.toNanos();
            while (partitions.stream().anyMatch(partition -> consumer.position(partition) < ends.get(partition))) {
                if (System.nanoTime() > deadline) {
                    throw new IllegalStateException(topic + " was not read to its end within " + LIMIT);
                }
                consumer.poll(Duration.ofMillis(100)).forEach(each);
            }
            partitions.forEach(partition -> next.put(partition, consumer.position(partition)));
        }
    }
}
