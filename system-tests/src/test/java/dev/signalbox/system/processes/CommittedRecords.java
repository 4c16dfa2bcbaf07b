package dev.signalbox.system.processes;

import dev.signalbox.schemas.serde.AvroDeserializer;
import dev.signalbox.schemas.serde.SchemaRegistryClient;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;

/** What readers of committed records see of a topic: the latest record of each key, and how many there were. */
final class CommittedRecords<T extends SpecificRecord> implements AutoCloseable {
    private final KafkaConsumer<String, T> consumer;
    private final Map<String, T> latest = new HashMap<>();
    private final Map<String, Integer> records = new HashMap<>();

    /** @param properties of a Kafka client and of the registry */
    CommittedRecords(Map<String, Object> properties, String topic, Class<T> type) {
        Map<String, Object> all = new HashMap<>(properties);
        all.put("isolation.level", "read_committed");
        consumer = new KafkaConsumer<>(all, new StringDeserializer(),
                new AvroDeserializer<>(type, SchemaRegistryClient.of(properties)));
        List<TopicPartition> partitions = consumer.partitionsFor(topic).stream()
                .map(info -> new TopicPartition(topic, info.partition())).toList();
        consumer.assign(partitions);
        consumer.seekToBeginning(partitions);
    }

    /** Reads on until there is nothing more to read for now. */
    Map<String, T> read() {
        while (true) {
            var polled = consumer.poll(Duration.ofMillis(300));
            if (polled.isEmpty()) {
                return latest;
            }
            for (ConsumerRecord<String, T> record : polled) {
                records.merge(record.key(), 1, Integer::sum);
                if (record.value() == null) {
                    latest.remove(record.key());
                } else {
                    latest.put(record.key(), record.value());
                }
            }
        }
    }

    /** Records of each key so far. */
    Map<String, Integer> counts() {
        return records;
    }

    @Override
    public void close() {
        consumer.close();
    }
}
