package dev.signalbox.cli;

import dev.signalbox.config.live.ConfigurationKey;
import dev.signalbox.config.live.ConfigurationLog;
import dev.signalbox.config.live.ConfigurationLog.Entry;
import dev.signalbox.config.live.ConfigurationTopic;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.serde.InvalidRecordException;
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
        try (TopicScan scan = new TopicScan(clients)) {
            scan.read(scan.starts(List.of(Topics.CONFIG), 0), record -> {
                String key = record.key() == null
                        ? null
                        : ConfigurationKey.parse(record.key().getBytes(StandardCharsets.UTF_8)).orElse(null);
                if (key != null && record.value() == null) {
                    log.deleted(key);
                } else if (key != null) {
                    try {
                        log.read(Entry.of(key, ConfigurationTopic.parse(record.value()), record.timestamp()));
                    } catch (InvalidRecordException foreign) {
                        // As every process does: what is no configuration is left out.
                    }
                }
            });
            return log;
        } catch (KafkaException e) {
            throw KafkaTrouble.of(e, clients.bootstrapServers());
        }
    }
}
