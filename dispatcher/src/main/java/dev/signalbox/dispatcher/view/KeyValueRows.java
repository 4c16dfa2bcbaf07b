package dev.signalbox.dispatcher.view;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StoreQueryParameters;
import org.apache.kafka.streams.state.QueryableStoreTypes;
import org.apache.kafka.streams.state.ReadOnlyKeyValueStore;

/** Rows of a store of records by key. */
public record KeyValueRows<V>(KafkaStreams application, String store,
        Function<V, JsonNode> json) implements StoreView.Reader {
    @Override
    public SortedMap<String, JsonNode> rows(int partition, String prefix, int most) {
        ReadOnlyKeyValueStore<String, V> held = application.store(StoreQueryParameters
                .<ReadOnlyKeyValueStore<String, V>>fromNameAndType(store, QueryableStoreTypes.keyValueStore())
                .withPartition(partition));
        SortedMap<String, JsonNode> rows = new TreeMap<>();
        try (var found = prefix.isEmpty() ? held.all() : held.prefixScan(prefix, new StringSerializer())) {
            while (found.hasNext() && rows.size() < most) {
                var row = found.next();
                rows.put(row.key, json.apply(row.value));
            }
        }
        return rows;
    }
}
