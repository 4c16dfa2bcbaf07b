package dev.signalbox.dispatcher.latency;

import dev.signalbox.schemas.avro.LatencyWindow;
import java.util.List;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StoreQueryParameters;
import org.apache.kafka.streams.processor.api.ProcessingContext;
import org.apache.kafka.streams.state.QueryableStoreTypes;
import org.apache.kafka.streams.state.ReadOnlyWindowStore;

/** Reads what {@link LatencyProcessor} found, from a processor behind it or by an interactive query. */
@FunctionalInterface
public interface LatencyReader {
    /** Times of a deployment's calls over 1 and 5 minutes up to now, ms on the broker's clock. */
    List<LatencyWindow> windows(String deployment, long nowMillis);

    /** Of a processor's own task, which must be connected to the store. */
    static LatencyReader of(ProcessingContext context) {
        ReadOnlyWindowStore<String, LatencySlice> store = context.getStateStore(LatencyStore.NAME);
        return (deployment, now) -> LatencyStore.windows(store, deployment, now);
    }

    /**
     * Of this instance's tasks.
     *
     * @throws org.apache.kafka.streams.errors.InvalidStateStoreException while the stores move or are restored
     */
    static LatencyReader of(KafkaStreams streams) {
        return of(streams, StoreQueryParameters.fromNameAndType(LatencyStore.NAME, QueryableStoreTypes.windowStore()));
    }

    /** Of one partition, with the same exception where this instance does not hold it. */
    static LatencyReader of(KafkaStreams streams, int partition) {
        return of(streams, StoreQueryParameters
                .<ReadOnlyWindowStore<String, LatencySlice>>fromNameAndType(LatencyStore.NAME,
                        QueryableStoreTypes.windowStore())
                .withPartition(partition));
    }

    private static LatencyReader of(KafkaStreams streams,
            StoreQueryParameters<ReadOnlyWindowStore<String, LatencySlice>> which) {
        ReadOnlyWindowStore<String, LatencySlice> store = streams.store(which);
        return (deployment, now) -> LatencyStore.windows(store, deployment, now);
    }
}
