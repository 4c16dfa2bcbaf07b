package dev.signalbox.system.benchmark;

import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.serde.AvroSerializer;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Sends a number of records at once and takes the time until as many have come back. */
final class LoadDriver implements AutoCloseable {
    private static final Duration LIMIT = Duration.ofMinutes(3);

    private final KafkaProducer<byte[], byte[]> producer;
    private final KafkaConsumer<byte[], byte[]> consumer;

    LoadDriver(String bootstrapServers) {
        Map<String, Object> producing = new HashMap<>(Map.of("bootstrap.servers", bootstrapServers, "acks", "all",
                "enable.idempotence", true, "linger.ms", 5, "compression.type", "lz4"));
        producer = new KafkaProducer<>(producing, new ByteArraySerializer(), new ByteArraySerializer());
        consumer = new KafkaConsumer<>(Map.of("bootstrap.servers", bootstrapServers), new ByteArrayDeserializer(),
                new ByteArrayDeserializer());
    }

    /** A value and its key. */
    record Message(byte[] key, byte[] value) {
    }

    /**
     * What a pass came to.
     *
     * @param perSecond from the first send to the last reply
     * @param perSecondLate over the last half of the replies
     * @param lastNanos from the first send to the last reply
     * @param ownNanos from each message's own send to its reply, the shortest first
     */
    record Pass(double perSecond, double perSecondLate, long lastNanos, long[] ownNanos) {
    }

    Pass run(String requestTopic, String replyTopic, List<Message> messages) {
        List<TopicPartition> partitions = consumer.partitionsFor(replyTopic).stream()
                .map(info -> new TopicPartition(replyTopic, info.partition())).toList();
        consumer.assign(partitions);
        consumer.seekToEnd(partitions);
        partitions.forEach(consumer::position);
        AtomicLong failed = new AtomicLong();
        Map<ByteBuffer, Long> sent = new ConcurrentHashMap<>(messages.size());
        long start = System.nanoTime();
        Thread sender = Thread.ofPlatform().start(() -> messages.forEach(message -> {
            sent.put(ByteBuffer.wrap(message.key()), System.nanoTime() - start);
            var _ = producer.send(new ProducerRecord<>(requestTopic, message.key(), message.value()),
                    (metadata, error) -> failed.addAndGet(error == null ? 0 : 1));
        }));
        long[] arrivals = new long[messages.size()];
        long[] own = new long[messages.size()];
        int arrived = 0;
        while (arrived < arrivals.length) {
            ConsumerRecords<byte[], byte[]> replies = consumer.poll(Duration.ofMillis(100));
            long now = System.nanoTime() - start;
            for (ConsumerRecord<byte[], byte[]> reply : replies) {
                Long begun = sent.remove(ByteBuffer.wrap(reply.key()));
                if (begun != null) {
                    own[arrived] = now - begun;
                    arrivals[arrived++] = now;
                }
            }
            if (now > LIMIT.toNanos()) {
                throw new AssertionError(arrived + " of " + arrivals.length + " replies within " + LIMIT + ", "
                        + failed + " sends failed");
            }
        }
        join(sender);
        int half = arrivals.length / 2;
        double seconds = arrivals[arrivals.length - 1] / 1e9;
        double late = (arrivals[arrivals.length - 1] - arrivals[half - 1]) / 1e9;
        Arrays.sort(own);
        return new Pass(arrivals.length / seconds, (arrivals.length - half) / late, arrivals[arrivals.length - 1], own);
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** About 400 prompt tokens each. */
    static byte[] body(boolean stream) {
        return ("{\"model\":\"bench\"," + (stream ? "\"stream\":true," : "")
                + "\"messages\":[{\"role\":\"system\",\"content\":\"You answer customers of a parcel service.\"},"
                + "{\"role\":\"user\",\"content\":\"" + "Where is my parcel, please? ".repeat(56) + "\"}]}")
                .getBytes(StandardCharsets.UTF_8);
    }

    static List<Message> requests(String run, int count, boolean stream, Lane lane, String registryUrl) {
        AvroSerializer<LlmRequest> serializer = new AvroSerializer<>();
        serializer.configure(Map.of("schema.registry.url", registryUrl), false);
        ByteBuffer body = ByteBuffer.wrap(body(stream));
        List<Message> messages = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            String id = run + "-" + i;
            LlmRequest request = LlmRequest.newBuilder().setId(id).setModel(stream ? "paced" : "bench")
                    .setUseCase("bench").setBody(body.duplicate()).setStreamTokens(stream)
                    .setTimeToLiveMillis(Duration.ofHours(1).toMillis()).build();
            messages.add(new Message(id.getBytes(StandardCharsets.UTF_8),
                    serializer.serialize(lane.requestTopic(), request)));
        }
        return messages;
    }

    static List<Message> bodies(String run, int count) {
        byte[] body = body(false);
        List<Message> messages = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            messages.add(new Message((run + "-" + i).getBytes(StandardCharsets.UTF_8), body));
        }
        return messages;
    }

    @Override
    public void close() {
        producer.close(Duration.ofSeconds(5));
        consumer.close();
    }
}
