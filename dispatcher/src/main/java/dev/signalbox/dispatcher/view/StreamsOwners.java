package dev.signalbox.dispatcher.view;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyQueryMetadata;
import org.apache.kafka.streams.StreamsMetadata;
import org.apache.kafka.streams.errors.InvalidStateStoreException;
import org.apache.kafka.streams.state.HostInfo;

/** The owners of one store of an application, by what Kafka Streams tells every instance in each rebalance. */
public final class StreamsOwners implements Owners {
    private final KafkaStreams application;
    private final HostInfo self;
    private final String store;
    private final String source;

    /**
     * @param self the application's {@code application.server}
     * @param source topic by whose partitions the store is divided, in its full name
     */
    public StreamsOwners(KafkaStreams application, HostInfo self, String store, String source) {
        this.application = application;
        this.self = self;
        this.store = store;
        this.source = source;
    }

    @Override
    public HostInfo self() {
        return self;
    }

    @Override
    public Map<HostInfo, Set<Integer>> byInstance() {
        Map<HostInfo, Set<Integer>> all = new HashMap<>();
        try {
            for (StreamsMetadata instance : application.metadataForAllStreamsClients()) {
                Set<Integer> partitions = new TreeSet<>();
                instance.topicPartitions().stream().filter(partition -> partition.topic().equals(source))
                        .forEach(partition -> partitions.add(partition.partition()));
                if (!partitions.isEmpty()) {
                    all.put(instance.hostInfo(), partitions);
                }
            }
        } catch (InvalidStateStoreException | IllegalStateException notRunning) {
            return Map.of();
        }
        return all;
    }

    @Override
    public Optional<Owner> of(String key) {
        try {
            KeyQueryMetadata known = application.queryMetadataForKey(store, key, new StringSerializer());
            return known == null || known.equals(KeyQueryMetadata.NOT_AVAILABLE)
                    ? Optional.empty()
                    : Optional.of(new Owner(known.activeHost(), known.partition()));
        } catch (InvalidStateStoreException | IllegalStateException notRunning) {
            return Optional.empty();
        }
    }
}
