package dev.signalbox.config.live;

import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.ConfigurationRecord;
import dev.signalbox.schemas.serde.AvroSerializer;
import dev.signalbox.schemas.serde.SchemaRegistryClient;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.StringSerializer;
import org.jspecify.annotations.Nullable;

/** Writes {@code llm.config}. Blocking. */
public final class ConfigurationTopic implements AutoCloseable {
    /** Longest text that a record takes under Kafka's own default limits, bytes in UTF-8. */
    public static final int MAX_TEXT_BYTES = 900_000;
    private static final int PATIENCE_MILLIS = 10_000;

    private final KafkaProducer<String, ConfigurationRecord> producer;

    /**
     * @param client for every Kafka client: {@code bootstrap.servers}, security and whatever else was passed
     * @param registry Confluent's configuration keys, {@code schema.registry.url} at least
     */
    public ConfigurationTopic(Map<String, Object> client, Map<String, Object> registry) {
        Map<String, Object> properties = new HashMap<>(client);
        properties.put(ProducerConfig.ACKS_CONFIG, "all");
        properties.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, PATIENCE_MILLIS / 2);
        properties.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, PATIENCE_MILLIS);
        properties.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, PATIENCE_MILLIS);
        producer = new KafkaProducer<>(properties, new StringSerializer(),
                new AvroSerializer<>(SchemaRegistryClient.of(registry), registry));
    }

    /**
     * Writes a configuration under a key of its own, acknowledged by all in-sync replicas. Whether it holds is what the
     * topic says when it is read.
     *
     * @return its key
     * @throws KafkaException as Kafka or the registry tells
     */
    public String write(ConfigurationRecord record) throws InterruptedException {
        String key = ConfigurationKey.of(record.getGeneration());
        await(send(key, record));
        return key;
    }

    /** Deletes records, in that order. */
    public void delete(List<String> keys) throws InterruptedException {
        List<Future<RecordMetadata>> sent = keys.stream().map(key -> send(key, null)).toList();
        for (Future<RecordMetadata> each : sent) {
            await(each);
        }
    }

    private Future<RecordMetadata> send(String key, @Nullable ConfigurationRecord record) {
        return producer.send(new ProducerRecord<>(Topics.CONFIG, 0, key, record));
    }

    private static void await(Future<RecordMetadata> sent) throws InterruptedException {
        try {
            sent.get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : new KafkaException(e.getCause());
        }
    }

    @Override
    public void close() {
        producer.close();
    }
}
