package dev.signalbox.dispatcher.health;

import dev.signalbox.dispatcher.latency.LatencyReader;
import dev.signalbox.schemas.avro.DeploymentHealth;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StoreQueryParameters;
import org.apache.kafka.streams.state.QueryableStoreTypes;
import org.apache.kafka.streams.state.ReadOnlyKeyValueStore;

/** The health of deployments as this instance's tasks have it, by interactive queries. */
public final class HealthReader {
    private final KafkaStreams streams;
    private final HealthRules rules;
    private final FleetTime time;

    public HealthReader(KafkaStreams streams, HealthRules rules, FleetTime time) {
        this.streams = streams;
        this.rules = rules;
        this.time = time;
    }

    /**
     * As of now; of a deployment that no call was seen of, HEALTHY of version 0.
     *
     * @throws org.apache.kafka.streams.errors.InvalidStateStoreException while the stores move or are restored
     */
    public DeploymentHealth health(String deployment) {
        Standing known = standings().get(deployment);
        return known == null ? unseen(deployment) : report(deployment, known, LatencyReader.of(streams));
    }

    /**
     * Of one partition's deployments, by name, as of now.
     *
     * @param prefix that names begin with
     * @param most how many at most, the first ones
     * @throws org.apache.kafka.streams.errors.InvalidStateStoreException if this instance does not hold the partition now
     */
    public SortedMap<String, DeploymentHealth> inPartition(int partition, String prefix, int most) {
        ReadOnlyKeyValueStore<String, Standing> held = streams.store(StoreQueryParameters
                .<ReadOnlyKeyValueStore<String, Standing>>fromNameAndType(HealthStore.NAME,
                        QueryableStoreTypes.keyValueStore())
                .withPartition(partition));
        LatencyReader latency = LatencyReader.of(streams, partition);
        SortedMap<String, DeploymentHealth> rows = new TreeMap<>();
        try (var known = prefix.isEmpty() ? held.all() : held.prefixScan(prefix, new StringSerializer())) {
            while (known.hasNext() && rows.size() < most) {
                var standing = known.next();
                rows.put(standing.key, report(standing.key, standing.value, latency));
            }
        }
        return rows;
    }

    private DeploymentHealth report(String deployment, Standing known, LatencyReader latency) {
        long now = time.nowMillis().orElse(known.lastCallMillis());
        return HealthReport.of(deployment, known.withWindow(known.window().at(now, rules)),
                latency.windows(deployment, now), rules, now);
    }

    /** Of a deployment that no call was seen of: HEALTHY of version 0. */
    public DeploymentHealth unseen(String deployment) {
        return HealthReport.of(deployment, Standing.UNSEEN, List.of(), rules, 0);
    }

    private ReadOnlyKeyValueStore<String, Standing> standings() {
        return streams
                .store(StoreQueryParameters.fromNameAndType(HealthStore.NAME, QueryableStoreTypes.keyValueStore()));
    }
}
