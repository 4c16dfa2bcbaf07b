package dev.signalbox.dispatcher.redundancy;

import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/** What the task that judges the whole fleet knows, in memory and in changelog topics. */
public final class FleetStores {
    /** The latest {@link FleetNews.Health} by deployment. */
    public static final String HEALTHS = "fleet-healths";
    /** Demand by hour, route and pool. */
    public static final String DEMAND = "fleet-demand";
    /** When a request was last sent, ms since 1970, by deployment; under an empty key since when that is known. */
    public static final String LAST_CALLS = "fleet-last-calls";

    private FleetStores() {
    }

    public static StoreBuilder<KeyValueStore<String, FleetNews>> healths() {
        return Stores.keyValueStoreBuilder(Stores.inMemoryKeyValueStore(HEALTHS), Serdes.String(),
                FleetNewsSerde.serde()).withCachingDisabled();
    }

    public static StoreBuilder<KeyValueStore<String, DemandHour>> demand() {
        return Stores.keyValueStoreBuilder(Stores.inMemoryKeyValueStore(DEMAND), Serdes.String(), DemandHour.serde())
                .withCachingDisabled();
    }

    public static StoreBuilder<KeyValueStore<String, Long>> lastCalls() {
        return Stores.keyValueStoreBuilder(Stores.inMemoryKeyValueStore(LAST_CALLS), Serdes.String(), Serdes.Long())
                .withCachingDisabled();
    }
}
