package dev.signalbox.cli;

import dev.signalbox.schemas.serde.AvroDeserializer;
import dev.signalbox.schemas.serde.SchemaRegistryClient;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.common.KafkaException;

/** The last record of each key of a compacted topic. */
final class LatestRecords {
    private LatestRecords() {
    }

    /** By key; a topic that is not there has none. */
    static <T extends SpecificRecord> Map<String, T> read(Clients clients, String topic, Class<T> type) {
        AvroDeserializer<T> values = new AvroDeserializer<>(type,
                SchemaRegistryClient.of(clients.registryProperties()));
        Map<String, T> latest = new TreeMap<>();
        try (TopicScan scan = new TopicScan(clients)) {
            scan.read(scan.starts(List.of(topic), 0), record -> {
                T value = record.value() == null ? null : values.deserialize(record.topic(), record.value());
                if (record.key() != null && value != null) {
                    latest.put(record.key(), value);
                } else if (record.key() != null) {
                    latest.remove(record.key());
                }
            });
            return latest;
        } catch (KafkaException e) {
            throw KafkaTrouble.of(e, clients.bootstrapServers());
        }
    }
}
