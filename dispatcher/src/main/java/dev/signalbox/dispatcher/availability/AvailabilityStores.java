package dev.signalbox.dispatcher.availability;

import java.time.Duration;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/** The stores behind availability; all have a changelog topic. */
final class AvailabilityStores {
    /** Ids of requests that have ended, on disk. */
    static final String ENDED = "availability-ended";
    /** Counts of the latest slices of one partition. */
    static final String SLICES = "availability-slices";
    /** What each partition has told of the latest slices. */
    static final String TOLD = "availability-told";
    /** Sums by hour. */
    static final String HOURS = "availability-hours";

    static final Byte SEEN = 1;
    /** How long an id that ends again is known: a request is served again within seconds of its worker's death. */
    static final Duration REMEMBERED = Duration.ofMinutes(15);

    private AvailabilityStores() {
    }

    static StoreBuilder<?> ended() {
        return Stores.windowStoreBuilder(
                Stores.persistentWindowStore(ENDED, REMEMBERED.multipliedBy(2), REMEMBERED, false), Serdes.String(),
                Serdes.serdeFrom((topic, mark) -> new byte[]{mark}, (topic, bytes) -> bytes == null ? null : bytes[0]))
                .withCachingEnabled();
    }

    /** The two buckets that may know an id now: the present one, and the one before. */
    static long[] buckets(long nowMillis) {
        long own = Math.floorDiv(nowMillis, REMEMBERED.toMillis()) * REMEMBERED.toMillis();
        return new long[]{own, own - REMEMBERED.toMillis()};
    }

    static StoreBuilder<?> counts(String name) {
        return Stores.keyValueStoreBuilder(
                name.equals(SLICES) ? Stores.inMemoryKeyValueStore(name) : Stores.persistentKeyValueStore(name),
                Serdes.String(), EndedCounts.serde()).withCachingEnabled();
    }
}
