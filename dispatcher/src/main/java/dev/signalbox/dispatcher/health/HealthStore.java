package dev.signalbox.dispatcher.health;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.state.ReadOnlyKeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/** Standings by deployment, in memory and in a changelog topic, to which those that changed go with each commit. */
public final class HealthStore {
    public static final String NAME = "health-standings";

    /** After that long without a call a deployment is taken for gone, and its record is deleted. */
    private static final Duration FORGOTTEN = Duration.ofDays(7);

    private HealthStore() {
    }

    /** For the topology. */
    public static StoreBuilder<?> builder() {
        return Stores.keyValueStoreBuilder(Stores.inMemoryKeyValueStore(NAME), Serdes.String(), StandingSerde.serde())
                .withCachingEnabled();
    }

    static boolean forgotten(Standing standing, long nowMillis) {
        return nowMillis - standing.lastCallMillis() > FORGOTTEN.toMillis();
    }

    /** A copy, so that the store may change meanwhile; as many as there are deployments. */
    static List<KeyValue<String, Standing>> all(ReadOnlyKeyValueStore<String, Standing> store) {
        List<KeyValue<String, Standing>> all = new ArrayList<>();
        try (var known = store.all()) {
            known.forEachRemaining(all::add);
        }
        return all;
    }
}
