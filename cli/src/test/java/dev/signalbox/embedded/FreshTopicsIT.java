package dev.signalbox.embedded;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.topics.TopicReadiness;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** KAFKA-15591: an idempotent producer that sends into fresh topics loses nothing, once they are awaited. */
class FreshTopicsIT {
    private static final int SENDS = 1_000;
    private static final int TOPICS = 4;
    private static final int PARTITIONS = 6;

    @TempDir
    private Path folder;

    @Test
    @Tag("issue-2")
    void fiveRoundsOfFreshTopicsAndAThousandSendsLoseNothing() throws Exception {
        rounds(5);
    }

    @Test
    @Tag("long")
    @Tag("issue-2")
    void fiftyRoundsOfFreshTopicsAndAThousandSendsLoseNothing() throws Exception {
        rounds(50);
    }

    private void rounds(int count) throws Exception {
        try (EmbeddedBroker broker = EmbeddedBroker.start(folder, BrokerOptions.defaults());
                Admin admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()))) {
            for (int round = 0; round < count; round++) {
                List<String> topics = create(admin, round);
                sendAll(broker.bootstrapServers(), topics);
                admin.deleteTopics(topics).all().get();
            }
        }
    }

    private static List<String> create(Admin admin, int round) throws Exception {
        List<String> names = IntStream.range(0, TOPICS).mapToObj(i -> "fresh." + round + "." + i).toList();
        admin.createTopics(names.stream().map(n -> new NewTopic(n, PARTITIONS, (short) 1)).toList()).all().get();
        TopicReadiness.await(admin, names, Duration.ofSeconds(30));
        return names;
    }

    private static void sendAll(String bootstrapServers, List<String> topics) {
        Queue<Exception> failures = new ConcurrentLinkedQueue<>();
        AtomicInteger acknowledged = new AtomicInteger();
        Map<String, Object> settings = Map.of("bootstrap.servers", bootstrapServers, "acks", "all",
                "enable.idempotence", "true", "linger.ms", "1", "request.timeout.ms", "5000", "delivery.timeout.ms",
                "20000");
        try (var producer = new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer())) {
            List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
            for (int i = 0; i < SENDS; i++) {
                records.add(new ProducerRecord<>(topics.get(i % topics.size()), ("key " + i).getBytes(
                        java.nio.charset.StandardCharsets.UTF_8), new byte[1_000]));
            }
            for (ProducerRecord<byte[], byte[]> record : records) {
                producer.send(record, (metadata, failure) -> {
                    if (failure == null) {
                        acknowledged.incrementAndGet();
                    } else {
                        failures.add(failure);
                    }
                });
            }
            producer.flush();
        }
        assertThat(failures).isEmpty();
        assertThat(acknowledged).hasValue(SENDS);
    }
}
