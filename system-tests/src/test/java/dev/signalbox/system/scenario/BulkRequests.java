package dev.signalbox.system.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.schemas.Headers;
import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.serde.AvroSerializer;
import dev.signalbox.schemas.serde.SchemaRegistryClient;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntFunction;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** More requests than a caller's client awaits: written in batches, and their ends read by the replies' headers. For one thread. */
final class BulkRequests implements AutoCloseable {
    private final String prefix;
    private final IntFunction<String> wanted;
    private final KafkaConsumer<String, byte[]> replies;
    private final BitSet ended = new BitSet();
    private final List<String> wrong = new ArrayList<>();

    /**
     * @param prefix of their ids, before the number
     * @param wanted how each is to end: a reply's status
     */
    BulkRequests(Map<String, Object> callerProperties, String prefix, IntFunction<String> wanted) {
        this.prefix = prefix;
        this.wanted = wanted;
        replies = new KafkaConsumer<>(
                Map.of("bootstrap.servers", callerProperties.get("bootstrap.servers"), "max.poll.records", 20_000),
                new StringDeserializer(), new ByteArrayDeserializer());
        List<TopicPartition> partitions = replies.partitionsFor(Topics.REPLIES).stream()
                .map(info -> new TopicPartition(Topics.REPLIES, info.partition())).toList();
        replies.assign(partitions);
        replies.seekToBeginning(partitions);
    }

    /** @param request the one of that number */
    static void fill(Map<String, Object> callerProperties, Lane lane, int count, IntFunction<LlmRequest> request) {
        Map<String, Object> registry = Map.of("schema.registry.url", callerProperties.get("schema.registry.url"));
        AtomicReference<Exception> failed = new AtomicReference<>();
        try (KafkaProducer<String, LlmRequest> producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", callerProperties.get("bootstrap.servers"), "linger.ms", 20, "batch.size",
                        1 << 17, "compression.type", "lz4"),
                new StringSerializer(), new AvroSerializer<>(SchemaRegistryClient.of(registry), registry))) {
            for (int i = 0; i < count; i++) {
                LlmRequest each = request.apply(i);
                producer.send(new ProducerRecord<>(lane.requestTopic(), each.getId(), each), (at, error) -> {
                    if (error != null) {
                        failed.set(error);
                    }
                });
            }
        }
        assertThat(failed).hasNullValue();
    }

    /** How many have ended, as far as can be read now. */
    int ended() {
        var records = replies.poll(Duration.ofMillis(100));
        while (!records.isEmpty()) {
            records.forEach(this::take);
            records = replies.poll(Duration.ofMillis(100));
        }
        return ended.cardinality();
    }

    /** Those that ended twice or in another way. */
    List<String> wrong() {
        return wrong;
    }

    private void take(ConsumerRecord<String, byte[]> reply) {
        if (!reply.key().startsWith(prefix)) {
            return;
        }
        int number = Integer.parseInt(reply.key().substring(prefix.length()));
        String status = new String(reply.headers().lastHeader(Headers.STATUS).value(), StandardCharsets.UTF_8);
        if (ended.get(number) || !status.equals(wanted.apply(number))) {
            wrong.add(reply.key() + " " + status);
        }
        ended.set(number);
    }

    @Override
    public void close() {
        replies.close();
    }
}
