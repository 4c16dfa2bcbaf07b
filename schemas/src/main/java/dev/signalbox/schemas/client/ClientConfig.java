package dev.signalbox.schemas.client;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Out of one map of client properties, what each Kafka client is given: keys of the others only make it warn. */
final class ClientConfig {
    /** As the request topics are made by default. */
    private static final int DEFAULT_MAX_RECORD_BYTES = 10 << 20;

    private ClientConfig() {
    }

    /** Largest record that a producer with this configuration sends. */
    static int maxRecordBytes(Map<String, Object> producer) {
        Object configured = producer.get(ProducerConfig.MAX_REQUEST_SIZE_CONFIG);
        return configured == null ? DEFAULT_MAX_RECORD_BYTES : Integer.parseInt(configured.toString().trim());
    }

    /** Idempotent and acknowledged by all, whatever the caller's file says; to ask for less is an error, not a wish. */
    static Map<String, Object> forProducer(Map<String, ?> config) {
        Map<String, Object> producer = chosen(config, ProducerConfig.configNames());
        insist(producer, ProducerConfig.ACKS_CONFIG, "all", Set.of("all", "-1"));
        insist(producer, ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, "true", Set.of("true"));
        producer.putIfAbsent(ProducerConfig.COMPRESSION_TYPE_CONFIG, "lz4");
        producer.putIfAbsent(ProducerConfig.MAX_REQUEST_SIZE_CONFIG, DEFAULT_MAX_RECORD_BYTES);
        producer.remove(ProducerConfig.KEY_SERIALIZER_CLASS_CONFIG);
        producer.remove(ProducerConfig.VALUE_SERIALIZER_CLASS_CONFIG);
        return producer;
    }

    static Producer<byte[], byte[]> producer(Map<String, Object> config) {
        return new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer());
    }

    static Map<String, Object> forAdmin(Map<String, ?> config) {
        return chosen(config, AdminClientConfig.configNames());
    }

    static Map<String, Object> forConsumer(Map<String, ?> config) {
        Map<String, Object> consumer = chosen(config, ConsumerConfig.configNames());
        consumer.remove(ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG);
        consumer.remove(ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG);
        consumer.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
        consumer.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
        // Where retention overtook a position: read on from the oldest there is, rather than miss what came meanwhile.
        consumer.putIfAbsent(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        return consumer;
    }

    private static Map<String, Object> chosen(Map<String, ?> config, Set<String> names) {
        Map<String, Object> chosen = new HashMap<>(config);
        // What no Kafka client defines may belong to a plug-in of the user's (a login callback, say) and stays.
        chosen.keySet().removeIf(key -> !names.contains(key) && isAnotherClients(key));
        return chosen;
    }

    private static boolean isAnotherClients(String key) {
        return ProducerConfig.configNames().contains(key) || ConsumerConfig.configNames().contains(key)
                || AdminClientConfig.configNames().contains(key) || key.startsWith("schema.registry.")
                || key.startsWith("basic.auth.");
    }

    private static void insist(Map<String, Object> config, String key, String wanted, Set<String> accepted) {
        Object given = config.get(key);
        if (given != null && !accepted.contains(given.toString().trim().toLowerCase(Locale.ROOT))) {
            throw new ConfigException(key, given, "must be " + wanted + ", or requests could be lost or doubled");
        }
        config.put(key, wanted);
    }
}
