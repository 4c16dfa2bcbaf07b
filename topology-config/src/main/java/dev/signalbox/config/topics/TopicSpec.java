package dev.signalbox.config.topics;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalInt;
import org.apache.kafka.common.config.TopicConfig;

/**
 * A topic as it should be.
 *
 * @param replicationFactor empty: 3, or as many as there are brokers
 * @param minInSyncReplicas empty: one less than the replication factor, at least 1
 * @param configs topic configuration by Kafka's key, without {@code min.insync.replicas}
 */
public record TopicSpec(String name, int partitions, OptionalInt replicationFactor, OptionalInt minInSyncReplicas,
        Map<String, String> configs) {
    private static final int USUAL_REPLICATION = 3;

    public TopicSpec {
        configs = Collections.unmodifiableMap(new LinkedHashMap<>(configs));
    }

    /** The replication factor in a cluster of that many brokers. */
    public int replication(int brokers) {
        return replicationFactor.orElse(Math.min(USUAL_REPLICATION, brokers));
    }

    /** The whole topic configuration, for a topic of that replication factor. */
    public Map<String, String> configs(int replication) {
        Map<String, String> all = new LinkedHashMap<>(configs);
        all.put(TopicConfig.MIN_IN_SYNC_REPLICAS_CONFIG,
                Integer.toString(minInSyncReplicas.orElse(Math.max(1, replication - 1))));
        return all;
    }
}
