package dev.signalbox.system.scenario;

import dev.signalbox.schemas.DeadLetter;
import dev.signalbox.schemas.Headers;
import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.serde.AvroSerializer;
import dev.signalbox.schemas.serde.SchemaRegistryClient;
import dev.signalbox.simulator.SimulatorOptions;
import dev.signalbox.simulator.profile.ModelProfile;
import dev.signalbox.simulator.profile.VendorProfile;
import dev.signalbox.system.Installation;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** A lane of two partitions, what is sent into it byte by byte, and what comes of it. */
final class PoisonLane implements AutoCloseable {
    static final Lane LANE = new Lane(new PoolName("main"), Priority.STANDARD);
    static final int PARTITIONS = 2;
    static final int MAX_MESSAGE_BYTES = 1 << 20;

    final Installation installation;
    private final KafkaProducer<byte[], byte[]> raw;
    private final KafkaConsumer<byte[], byte[]> consumer;
    private final AvroSerializer<LlmRequest> avro;
    private final Admin admin;

    /** A dead letter as it stands in its topic. */
    record Kept(String name, long atMillis, byte[] key, byte[] value, DeadLetter why) {
    }

    /** Dead letters by {@code partition@offset} of their originals. */
    final Map<String, Kept> kept = new HashMap<>();
    /** Replies by request id. */
    final Map<String, ConsumerRecord<byte[], byte[]>> replies = new HashMap<>();

    PoisonLane(Path folder) throws Exception {
        installation = Installation.start(folder, SimulatorOptions.of(VendorProfile.of("good",
                ModelProfile.ZERO_LATENCY)), simulator -> """
                        environment: test
                        vendors: { good: { family: openai, base_url: "%s" } }
                        deployments: { good.a/fine: { vendor: good, model_id: gpt-fine } }
                        pools: { main: { use_cases: [otherwise], priorities: [standard] } }
                        routes: { fine: { test: { otherwise: { sequence: [good.a] } } } }
                        topics: { partitions: %d, max_message_size: 1MB }
                        """.formatted(simulator.baseUrl("good"), PARTITIONS));
        avro = new AvroSerializer<>(SchemaRegistryClient.of(installation.registryProperties()),
                installation.registryProperties());
        Map<String, Object> producing = new HashMap<>(installation.clientProperties());
        producing.put("max.request.size", 4 * MAX_MESSAGE_BYTES);
        producing.put("linger.ms", 0);
        raw = new KafkaProducer<>(producing, new ByteArraySerializer(), new ByteArraySerializer());
        consumer = new KafkaConsumer<>(installation.clientProperties(), new ByteArrayDeserializer(),
                new ByteArrayDeserializer());
        List<TopicPartition> all = new ArrayList<>();
        for (String topic : List.of(Topics.REPLIES, Topics.DEAD_LETTERS)) {
            consumer.partitionsFor(topic).forEach(info -> all.add(new TopicPartition(topic, info.partition())));
        }
        consumer.assign(all);
        consumer.seekToBeginning(all);
        admin = Admin.create(installation.clientProperties());
    }

    Future<RecordMetadata> send(int partition, byte[] key, byte[] value, Map<String, byte[]> headers) {
        var record = new ProducerRecord<>(LANE.requestTopic(), partition, key, value);
        headers.forEach((name, content) -> record.headers().add(name, content));
        return raw.send(record);
    }

    /** A request that can be served, in Avro. */
    byte[] good(String id) {
        return avro(id, "{\"model\":\"fine\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}"
                .getBytes(StandardCharsets.UTF_8));
    }

    byte[] avro(String id, byte[] body) {
        return avro.serialize(LANE.requestTopic(),
                LlmRequest.newBuilder().setId(id).setModel("fine").setBody(ByteBuffer.wrap(body)).build());
    }

    static Map<String, byte[]> json() {
        return Map.of(Headers.CONTENT_TYPE, Headers.CONTENT_TYPE_JSON.getBytes(StandardCharsets.UTF_8));
    }

    /** Reads what has come of it since the last time. */
    void read() {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(50))) {
            if (record.topic().equals(Topics.REPLIES)) {
                replies.putIfAbsent(text(record.key()), record);
            } else {
                DeadLetter why = DeadLetter.of(record.headers()).orElseThrow();
                kept.putIfAbsent(why.partition() + "@" + why.offset(), new Kept(
                        record.partition() + "-" + record.offset(), record.timestamp(), record.key(), record.value(),
                        why));
            }
        }
    }

    /** What has come until now is not read: a million records would be read for minutes, and be kept. */
    void passOver() {
        consumer.seekToEnd(consumer.assignment());
        consumer.assignment().forEach(consumer::position);
    }

    String status(String id) {
        ConsumerRecord<byte[], byte[]> reply = replies.get(id);
        return reply == null ? "none" : text(reply.headers().lastHeader(Headers.STATUS).value());
    }

    static String text(byte[] bytes) {
        return bytes == null ? "" : new String(bytes, StandardCharsets.UTF_8);
    }

    /** Offsets that the group has committed, by partition. */
    Map<Integer, Long> committed() throws InterruptedException, ExecutionException {
        Map<Integer, Long> offsets = new HashMap<>();
        admin.listConsumerGroupOffsets(LANE.consumerGroup()).partitionsToOffsetAndMetadata().get()
                .forEach((partition, offset) -> {
                    if (partition.topic().equals(LANE.requestTopic())) {
                        offsets.put(partition.partition(), offset.offset());
                    }
                });
        return offsets;
    }

    @Override
    public void close() {
        admin.close();
        consumer.close();
        raw.close();
        installation.close();
    }
}
