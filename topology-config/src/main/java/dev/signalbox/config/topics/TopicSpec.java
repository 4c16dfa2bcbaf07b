package dev.signalbox.config.topics;

import java.util.Map;
import java.util.OptionalInt;

/**
 * A topic as it should be.
 *
 * @param replicationFactor empty: 3, or as many as there are brokers
 * @param minInSyncReplicas empty: one less than the replication factor, at least 1
 * @param configs topic configuration by Kafka's key, without {@code min.insync.replicas}
 */
public record TopicSpec(String name, int partitions, OptionalInt replicationFactor, OptionalInt minInSyncReplicas,
        Map<String, String> configs) {
}
