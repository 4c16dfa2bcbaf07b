package dev.signalbox.system.scenario;

import dev.signalbox.schemas.serde.AvroDeserializer;
import dev.signalbox.schemas.serde.SchemaRegistryClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

/** What a topic holds now, as readers of committed records see it; in order within each partition. */
final class TopicRecords {
    private TopicRecords() {
    }

    /**
     * What they say.
     *
     * @param properties of a Kafka client and of the registry
     */
    static <T extends SpecificRecord> List<T> all(Map<String, Object> properties, String topic, Class<T> type) {
        return keyed(properties, topic, type).stream().map(ConsumerRecord::value).toList();
    }

    /**
     * With key, headers and append time.
     *
     * @param properties of a Kafka client and of the registry
     */
    static <T extends SpecificRecord> List<ConsumerRecord<String, T>> keyed(Map<String, Object> properties,
            String topic, Class<T> type) {
        return read(properties, topic, new AvroDeserializer<>(type, SchemaRegistryClient.of(properties)));
    }

    /**
     * As they were written.
     *
     * @param properties of a Kafka client
     */
    static List<ConsumerRecord<String, byte[]>> raw(Map<String, Object> properties, String topic) {
        return read(properties, topic, new ByteArrayDeserializer());
    }

    private static <T> List<ConsumerRecord<String, T>> read(Map<String, Object> properties, String topic,
            Deserializer<T> values) {
        Map<String, Object> committed = new HashMap<>(properties);
        committed.put("isolation.level", "read_committed");
        List<ConsumerRecord<String, T>> records = new ArrayList<>();
        try (KafkaConsumer<String, T> consumer = new KafkaConsumer<>(committed, new StringDeserializer(), values)) {
            List<TopicPartition> partitions = consumer.partitionsFor(topic).stream()
                    .map(info -> new TopicPartition(topic, info.partition())).toList();
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            while (partitions.stream().anyMatch(each -> consumer.position(each) < ends.getOrDefault(each, 0L))) {
                consumer.poll(Duration.ofMillis(200)).forEach(records::add);
            }
        }
        return records;
    }
}
