package dev.signalbox.config.live;

import dev.signalbox.schemas.Headers;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.ConfigurationRecord;
import dev.signalbox.schemas.serde.JsonRecords;
import java.nio.charset.StandardCharsets;
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
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.jspecify.annotations.Nullable;

/**
 * Writes {@code llm.config}, as JSON: a process that starts while the schema registry is away must know what is in force.
 * Blocking.
 */
public final class ConfigurationTopic implements AutoCloseable {
    /** Longest text that a record takes under Kafka's own default limits, bytes in UTF-8. */
    public static final int MAX_TEXT_BYTES = 900_000;
    private static final JsonRecords RECORDS = new JsonRecords(4 * MAX_TEXT_BYTES);
    private static final Header JSON = new RecordHeader(Headers.CONTENT_TYPE,
            Headers.CONTENT_TYPE_JSON.getBytes(StandardCharsets.UTF_8));
    private static final int PATIENCE_MILLIS = 10_000;

    private final KafkaProducer<String, byte[]> producer;

    /**
     * @param client for every Kafka client: {@code bootstrap.servers}, security and whatever else was passed
     */
    public ConfigurationTopic(Map<String, Object> client) {
        Map<String, Object> properties = new HashMap<>(client);
        properties.put(ProducerConfig.ACKS_CONFIG, "all");
        properties.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, PATIENCE_MILLIS / 2);
        properties.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, PATIENCE_MILLIS);
        properties.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, PATIENCE_MILLIS);
        producer = new KafkaProducer<>(properties, new StringSerializer(), new ByteArraySerializer());
    }

    /**
     * Writes a configuration under a key of its own, acknowledged by all in-sync replicas. Whether it holds is what the
     * topic says when it is read.
     *
     * @return its key
     * @throws KafkaException as Kafka tells
     */
    public String write(ConfigurationRecord record) throws InterruptedException {
        String key = ConfigurationKey.of(record.getGeneration());
        await(send(key, record));
        return key;
    }

    /** The record of a value that was written here. @throws RuntimeException if it is none */
    public static ConfigurationRecord parse(byte[] value) {
        return RECORDS.parseConfiguration(value);
    }

    /** Deletes records, in that order. */
    public void delete(List<String> keys) throws InterruptedException {
        List<Future<RecordMetadata>> sent = keys.stream().map(key -> send(key, null)).toList();
        for (Future<RecordMetadata> each : sent) {
            await(each);
        }
    }

    private Future<RecordMetadata> send(String key, @Nullable ConfigurationRecord record) {
        return producer.send(new ProducerRecord<>(Topics.CONFIG, 0, key, record == null ? null : RECORDS.write(record),
                List.of(JSON)));
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
