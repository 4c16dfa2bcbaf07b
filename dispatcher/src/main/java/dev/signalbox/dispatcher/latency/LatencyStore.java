package dev.signalbox.dispatcher.latency;

import dev.signalbox.schemas.avro.LatencyWindow;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.state.ReadOnlyWindowStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/**
 * Slices by deployment and start, in memory and in a changelog topic; as a processor or an operator's query reads them. Not
 * cached: a cached window store looks through all deployments' cached slices for those of one.
 */
public final class LatencyStore {
    public static final String NAME = "latency-slices";
    /** Segments of 10 min, since only closed ones are ever deleted, and a restart reads them all. */
    private static final Map<String, String> CHANGELOG = Map.of("segment.ms", "600000");

    private LatencyStore() {
    }

    /** For the topology. */
    public static StoreBuilder<?> builder() {
        return Stores.windowStoreBuilder(
                Stores.inMemoryWindowStore(NAME, LatencyModel.RETENTION, LatencyModel.SLICE, false), Serdes.String(),
                LatencySlice.serde()).withCachingDisabled().withLoggingEnabled(CHANGELOG);
    }

    /** What the windows of a deployment show now. */
    static List<LatencyWindow> windows(ReadOnlyWindowStore<String, LatencySlice> store, String deployment,
            long nowMillis) {
        Duration longest = LatencyModel.WINDOWS.getLast();
        Map<Long, LatencySlice> slices = new TreeMap<>();
        try (var found = store.fetch(deployment,
                Instant.ofEpochMilli(Math.max(0, LatencyModel.windowStart(longest, nowMillis))),
                Instant.ofEpochMilli(Math.max(0, nowMillis)))) {
            found.forEachRemaining(slice -> slices.put(slice.key, slice.value));
        }
        return LatencyModel.windows(slices, nowMillis);
    }
}
