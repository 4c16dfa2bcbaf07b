package dev.signalbox.cli;

import dev.signalbox.config.live.ConfigurationKey;
import dev.signalbox.config.live.ConfigurationLog;
import dev.signalbox.config.live.ConfigurationLog.Entry;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.ConfigurationRecord;
import dev.signalbox.schemas.serde.AvroDeserializer;
import dev.signalbox.schemas.serde.SchemaRegistryClient;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.apache.kafka.common.KafkaException;

/** What {@code llm.config} says now. */
final class ConfigurationHistory {
    private ConfigurationHistory() {
    }

    /** Reads it to its present end; empty where the topic is not there. */
    static ConfigurationLog read(Clients clients) {
        ConfigurationLog log = new ConfigurationLog();
        AvroDeserializer<ConfigurationRecord> records = new AvroDeserializer<>(ConfigurationRecord.class,
                SchemaRegistryClient.of(clients.registryProperties()));
        try (TopicScan scan = new TopicScan(clients)) {
            scan.read(scan.starts(List.of(Topics.CONFIG), 0), record -> {
                String key = record.key() == null
                        ? null
                        : ConfigurationKey.parse(record.key().getBytes(StandardCharsets.UTF_8)).orElse(null);
                if (key != null && record.value() == null) {
                    log.deleted(key);
                } else if (key != null) {
                    ConfigurationRecord value = records.deserialize(record.topic(), record.value());
                    if (value != null) {
                        log.read(Entry.of(key, value, record.timestamp()));
                    }
                }
            });
            return log;
        } catch (KafkaException e) {
            throw KafkaTrouble.of(e, clients.bootstrapServers());
        }
    }
}
