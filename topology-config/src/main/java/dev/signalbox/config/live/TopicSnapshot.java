package dev.signalbox.config.live;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** Reads what small topics hold now, once. */
public final class TopicSnapshot {
    private TopicSnapshot() {
    }

    /**
     * Tells all records up to where the topics end now, of each partition in its order; a topic that is not there holds
     * nothing. No group, nothing committed.
     *
     * @param client for every Kafka client
     * @throws TimeoutException if Kafka gives nothing for that long
     * @throws org.apache.kafka.common.KafkaException if it cannot be read
     */
    public static void read(Map<String, Object> client, List<String> topics, Duration patience,
            Consumer<ConsumerRecord<byte[], byte[]>> reader) {
        Map<String, Object> properties = new HashMap<>(client);
        properties.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
        properties.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
        properties.put(ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, (int) patience.toMillis());
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(properties, new ByteArrayDeserializer(),
                new ByteArrayDeserializer())) {
            List<TopicPartition> partitions = new ArrayList<>();
            topics.forEach(topic -> consumer.partitionsFor(topic)
                    .forEach(info -> partitions.add(new TopicPartition(topic, info.partition()))));
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            long progressNanos = System.nanoTime();
            while (ends.entrySet().stream().anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
                var records = consumer.poll(Duration.ofMillis(200));
                records.forEach(reader);
                if (!records.isEmpty()) {
                    progressNanos = System.nanoTime();
                } else if (System.nanoTime() - progressNanos > patience.toNanos()) {
                    throw new TimeoutException("no records for " + patience.toSeconds() + " s");
                }
            }
        }
    }
}
