package dev.signalbox.dispatcher.health;

import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/** Standings by deployment, in memory and in a changelog topic. */
public final class HealthStore {
    public static final String NAME = "health-standings";

    private HealthStore() {
    }

    /** For the topology. */
    public static StoreBuilder<?> builder() {
        return Stores.keyValueStoreBuilder(Stores.inMemoryKeyValueStore(NAME), Serdes.String(), StandingSerde.serde())
                .withCachingDisabled();
    }
}
