package dev.signalbox.config.topics;

import java.util.Map;

/**
 * A topic as a broker describes it.
 *
 * @param replicationFactor of its first partition
 * @param configs its whole configuration, the broker's defaults included
 */
public record FoundTopic(String name, int partitions, int replicationFactor, Map<String, String> configs) {
    public FoundTopic {
        configs = Map.copyOf(configs);
    }
}
