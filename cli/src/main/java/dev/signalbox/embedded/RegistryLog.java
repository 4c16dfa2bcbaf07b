package dev.signalbox.embedded;

import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** The compacted topic {@code _schemas}: one partition, read whole at the start, then only appended to by its owner. */
final class RegistryLog implements AutoCloseable {
    private static final String TOPIC = "_schemas";
    private static final TopicPartition PARTITION = new TopicPartition(TOPIC, 0);
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final KafkaProducer<byte[], byte[]> producer;

    private RegistryLog(KafkaProducer<byte[], byte[]> producer) {
        this.producer = producer;
    }

    /** Makes the topic when it is missing, and opens it for appending. */
    static RegistryLog open(Map<String, String> clientProperties) throws IOException {
        Map<String, Object> settings = new HashMap<>(clientProperties);
        settings.put("client.id", "signalbox-registry");
        try (Admin admin = Admin.create(settings)) {
            NewTopic topic = new NewTopic(TOPIC, Optional.of(1), Optional.empty())
                    .configs(Map.of(TopicConfig.CLEANUP_POLICY_CONFIG, TopicConfig.CLEANUP_POLICY_COMPACT));
            admin.createTopics(List.of(topic)).all().get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            if (!(e.getCause() instanceof TopicExistsException)) {
                throw new IOException("the topic " + TOPIC + " cannot be made: " + e.getCause(), e);
            }
        } catch (TimeoutException e) {
            throw new IOException("Kafka does not answer", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
        settings.put("acks", "all");
        settings.put("linger.ms", "0");
        settings.put("delivery.timeout.ms", Long.toString(PATIENCE.toMillis()));
        settings.put("request.timeout.ms", "10000");
        return new RegistryLog(
                new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer()));
    }

    /** {@code start} with all that the topic holds applied to it. */
    static RegistryState read(RegistryState start, Map<String, String> clientProperties) throws IOException {
        Map<String, Object> settings = new HashMap<>(clientProperties);
        settings.put("client.id", "signalbox-registry");
        settings.put("enable.auto.commit", "false");
        settings.put("auto.offset.reset", "earliest");
        RegistryState state = start;
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(settings, new ByteArrayDeserializer(),
                new ByteArrayDeserializer())) {
            consumer.assign(List.of(PARTITION));
            long end = consumer.endOffsets(List.of(PARTITION), PATIENCE).getOrDefault(PARTITION, 0L);
            consumer.seekToBeginning(List.of(PARTITION));
            Duration idle = Duration.ZERO;
            while (consumer.position(PARTITION, PATIENCE) < end) {
                Duration wait = Duration.ofMillis(100);
                var records = consumer.poll(wait);
                idle = records.isEmpty() ? idle.plus(wait) : Duration.ZERO;
                if (idle.compareTo(PATIENCE) > 0) {
                    throw new IOException("the topic " + TOPIC + " cannot be read to its end");
                }
                for (ConsumerRecord<byte[], byte[]> record : records.records(PARTITION)) {
                    Optional<RegistryRecord> change = RegistryRecordCodec.decode(record.key(), record.value());
                    state = change.map(state::apply).orElse(state);
                }
            }
            return state;
        } catch (KafkaException e) {
            throw new IOException("the topic " + TOPIC + " cannot be read: " + e.getMessage(), e);
        }
    }

    /** Returns when the record is acknowledged. */
    void append(RegistryRecord record) throws IOException {
        RegistryRecordCodec.Encoded encoded = RegistryRecordCodec.encode(record);
        try {
            var _ = producer.send(new ProducerRecord<>(TOPIC, 0, encoded.key(), encoded.value())).get();
        } catch (ExecutionException | KafkaException e) {
            throw new IOException("the topic " + TOPIC + " cannot be written: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    @Override
    public void close() {
        producer.close(Duration.ofSeconds(1));
    }
}
