package dev.signalbox.dispatcher;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.state.HostInfo;

/** Properties of the two applications. */
final class StreamsSettings {
    static final String CONTROL = "signalbox-control";
    static final String USAGE = "signalbox-usage";

    private StreamsSettings() {
    }

    /**
     * From event to visible change in milliseconds.
     *
     * @param client what was passed for every Kafka client; what the application needs for itself stands above it
     */
    static Map<String, Object> control(Map<String, Object> client, Path stateDir) {
        Map<String, Object> all = both(CONTROL, client, stateDir);
        // The models tolerate an event twice, and a transaction costs 20 to 70 ms.
        all.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.AT_LEAST_ONCE);
        // Each call changes two values of its deployment: changelogs get the last ones of each commit. Nothing that is
        // published waits for that: only stores are cached, and what is told goes out at once.
        all.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 8L << 20);
        all.put(StreamsConfig.producerPrefix(ProducerConfig.LINGER_MS_CONFIG), 0);
        // After a crash the events since the last commit are read again: a second's, not half a minute's.
        all.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 1_000L);
        // Beyond a store's own retention: its changelog is of no use after that.
        all.put(StreamsConfig.WINDOW_STORE_CHANGE_LOG_ADDITIONAL_RETENTION_MS_CONFIG, 600_000L);
        return all;
    }

    /**
     * Nothing lost, nothing counted twice; visible after about a second.
     *
     * @param client as above
     */
    static Map<String, Object> usage(Map<String, Object> client, Path stateDir) {
        Map<String, Object> all = both(USAGE, client, stateDir);
        all.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        all.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 1_000L);
        all.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 16L << 20);
        all.put(StreamsConfig.producerPrefix(ProducerConfig.LINGER_MS_CONFIG), 20);
        all.put(StreamsConfig.producerPrefix(ProducerConfig.COMPRESSION_TYPE_CONFIG), "lz4");
        all.put(StreamsConfig.WINDOW_STORE_CHANGE_LOG_ADDITIONAL_RETENTION_MS_CONFIG, 600_000L);
        return all;
    }

    /**
     * For one of several instances.
     *
     * @param server where the others ask it
     * @param standbyReplicas copies of each store beside its owner, as far as there are instances
     */
    static Map<String, Object> inFleet(Map<String, Object> settings, HostInfo server, int standbyReplicas) {
        Map<String, Object> all = new HashMap<>(settings);
        String host = server.host().contains(":") ? "[" + server.host() + "]" : server.host();
        all.put(StreamsConfig.APPLICATION_SERVER_CONFIG, host + ":" + server.port());
        all.put(StreamsConfig.NUM_STANDBY_REPLICAS_CONFIG, standbyReplicas);
        return all;
    }

    private static Map<String, Object> both(String application, Map<String, Object> client, Path stateDir) {
        Map<String, Object> all = new HashMap<>(client);
        all.put(StreamsConfig.APPLICATION_ID_CONFIG, application);
        all.put(StreamsConfig.STATE_DIR_CONFIG, stateDir.toString());
        // As the broker has it.
        all.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, -1);
        all.put(StreamsConfig.ENSURE_EXPLICIT_INTERNAL_RESOURCE_NAMING_CONFIG, true);
        // There are no global stores; unset it is warned of at each start, and its constant is deprecated.
        all.put("processing.exception.handler.global.enabled", true);
        // A dead instance's deployments go to another one within this time.
        all.put(StreamsConfig.consumerPrefix(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG), 10_000);
        all.put(StreamsConfig.DESERIALIZATION_EXCEPTION_HANDLER_CLASS_CONFIG, UnreadableRecords.class);
        return all;
    }
}
