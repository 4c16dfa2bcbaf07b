package dev.signalbox.config.topics;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.Pool;
import dev.signalbox.config.TopicSettings;
import dev.signalbox.schemas.DeadLetter;
import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.Topics;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.common.config.TopicConfig;

/**
 * All topics that a configuration needs, whichever version acts on them, so that their names are fixed.
 *
 * @param topics in a stable order: the lanes by rank of their pools, then the others
 */
public record TopicCatalogue(List<TopicSpec> topics) {
    /** Of topics whose volume does not grow with the requests. */
    static final int FEW_PARTITIONS = 1;
    /** Of topics by deployment or tenant, which a few Streams tasks share. */
    static final int CONTROL_PARTITIONS = 4;
    /** For as long as a request may wait by default, of any priority, and an hour more. */
    public static final Duration CANCELLATION_RETENTION = Priority.BATCH.defaultTimeToLive().plusHours(1);
    private static final Duration LONGEST_SEGMENT = Duration.ofDays(1);

    public TopicCatalogue {
        topics = List.copyOf(topics);
    }

    /** The catalogue of a configuration; all settings that are not in it are the broker's own. */
    public static TopicCatalogue of(Configuration configuration) {
        return new Maker(configuration.topics()).make(configuration.pools());
    }

    /** The topic of that name. */
    public Optional<TopicSpec> topic(String name) {
        return topics.stream().filter(topic -> topic.name().equals(name)).findFirst();
    }

    /** The catalogue as the table of the topics has it, row by row. */
    private static final class Maker {
        private final TopicSettings settings;
        private final List<TopicSpec> topics = new ArrayList<>();

        Maker(TopicSettings settings) {
            this.settings = settings;
        }

        TopicCatalogue make(List<Pool> pools) {
            for (Pool pool : pools) {
                for (Priority priority : Priority.values()) {
                    if (pool.priorities().containsKey(priority)) {
                        lane(new Lane(pool.name(), priority));
                    }
                }
            }
            int partitions = settings.partitions();
            add(Topics.REPLIES, partitions, records(settings.replyRetention()));
            add(Topics.TOKENS, partitions, records(settings.tokenRetention()));
            add(Topics.DEAD_LETTERS, CONTROL_PARTITIONS, withWhy(records(settings.deadLetterRetention())));
            add(Topics.CANCELLATIONS, FEW_PARTITIONS, written(delete(CANCELLATION_RETENTION)));
            add(Topics.ATTEMPTS, CONTROL_PARTITIONS, written(delete(settings.attemptRetention())));
            add(Topics.CAPACITY_DEMAND, CONTROL_PARTITIONS, written(delete(Duration.ofHours(1))));
            add(Topics.CAPACITY_GRANTS, CONTROL_PARTITIONS, compactAndDelete(Duration.ofDays(1)));
            add(Topics.HEALTH, CONTROL_PARTITIONS, compact());
            add(Topics.USAGE, CONTROL_PARTITIONS, delete(settings.attemptRetention()));
            add(Topics.USAGE_HOURLY, CONTROL_PARTITIONS, compact());
            add(Topics.USAGE_DAILY, CONTROL_PARTITIONS, compact());
            add(Topics.AVAILABILITY, FEW_PARTITIONS, compact());
            add(Topics.BUDGETS, CONTROL_PARTITIONS, compact());
            add(Topics.TENANT_USE, CONTROL_PARTITIONS, written(delete(Duration.ofHours(1))));
            add(Topics.TENANTS, CONTROL_PARTITIONS, compactAndDelete(Duration.ofDays(1)));
            add(Topics.ALERTS, FEW_PARTITIONS, compact());
            add(Topics.REDUNDANCY, FEW_PARTITIONS, compact());
            add(Topics.STATUS, CONTROL_PARTITIONS, written(delete(Duration.ofHours(24))));
            add(Topics.CONFIG, FEW_PARTITIONS, written(compact()));
            add(Topics.CONTROL, FEW_PARTITIONS, audited(written(compactAndDelete(Duration.ofDays(7)))));
            return new TopicCatalogue(topics);
        }

        private void lane(Lane lane) {
            for (String topic : List.of(lane.requestTopic(), lane.overflowTopic())) {
                add(topic, settings.partitions(), records(settings.requestRetention()));
            }
            add(lane.retryTopic(), settings.partitions(), withWhy(records(settings.requestRetention())));
        }

        private void add(String name, int partitions, Map<String, String> configs) {
            topics.add(new TopicSpec(name, partitions, settings.replicationFactor(), settings.minInSyncReplicas(),
                    configs));
        }

        /** Topics that carry bodies: as large as the configuration allows. */
        private Map<String, String> records(Duration retention) {
            Map<String, String> configs = written(delete(retention));
            configs.put(TopicConfig.MAX_MESSAGE_BYTES_CONFIG, Integer.toString(settings.maxMessageBytes()));
            return configs;
        }

        /** The largest record that a lane takes, with the headers that say why it is here, or what it has been through. */
        private Map<String, String> withWhy(Map<String, String> configs) {
            configs.put(TopicConfig.MAX_MESSAGE_BYTES_CONFIG,
                    Integer.toString(settings.maxMessageBytes() + DeadLetter.MAX_BYTES));
            return configs;
        }

        /**
         * Topics that clients, workers and operators write: on the broker's clock, since it refuses records of a
         * process whose own clock is an hour ahead. Streams applications take over the time of what they read.
         */
        private static Map<String, String> written(Map<String, String> configs) {
            configs.put(TopicConfig.MESSAGE_TIMESTAMP_TYPE_CONFIG, "LogAppendTime");
            return configs;
        }

        /** Orders of the last 7 days stay readable, also those that a later one replaced. */
        private static Map<String, String> audited(Map<String, String> configs) {
            configs.put(TopicConfig.MIN_COMPACTION_LAG_MS_CONFIG, Long.toString(Duration.ofDays(7).toMillis()));
            return configs;
        }

        /** Segments of a quarter of the retention, since the one that is written to is kept whole. */
        private static Map<String, String> delete(Duration retention) {
            Map<String, String> configs = new LinkedHashMap<>();
            configs.put(TopicConfig.CLEANUP_POLICY_CONFIG, TopicConfig.CLEANUP_POLICY_DELETE);
            configs.put(TopicConfig.RETENTION_MS_CONFIG, Long.toString(retention.toMillis()));
            configs.put(TopicConfig.SEGMENT_MS_CONFIG,
                    Long.toString(Math.min(retention.toMillis() / 4, LONGEST_SEGMENT.toMillis())));
            configs.put(TopicConfig.MESSAGE_TIMESTAMP_TYPE_CONFIG, "CreateTime");
            return configs;
        }

        /** Segments of an hour, since the one that is written to is not compacted and everyone reads it at start. */
        private static Map<String, String> compact() {
            Map<String, String> configs = new LinkedHashMap<>();
            configs.put(TopicConfig.CLEANUP_POLICY_CONFIG, TopicConfig.CLEANUP_POLICY_COMPACT);
            configs.put(TopicConfig.SEGMENT_MS_CONFIG, Long.toString(Duration.ofHours(1).toMillis()));
            configs.put(TopicConfig.MESSAGE_TIMESTAMP_TYPE_CONFIG, "CreateTime");
            return configs;
        }

        private static Map<String, String> compactAndDelete(Duration retention) {
            Map<String, String> configs = compact();
            configs.put(TopicConfig.CLEANUP_POLICY_CONFIG,
                    TopicConfig.CLEANUP_POLICY_COMPACT + "," + TopicConfig.CLEANUP_POLICY_DELETE);
            configs.put(TopicConfig.RETENTION_MS_CONFIG, Long.toString(retention.toMillis()));
            return configs;
        }
    }
}
