package dev.signalbox.dispatcher.health;

import dev.signalbox.dispatcher.latency.LatencyReader;
import dev.signalbox.schemas.avro.DeploymentHealth;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
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
     * Names of the deployments that a call was seen of.
     *
     * @throws org.apache.kafka.streams.errors.InvalidStateStoreException while the stores move or are restored
     */
    public SortedSet<String> seen() {
        SortedSet<String> names = new TreeSet<>();
        try (var known = standings().all()) {
            known.forEachRemaining(standing -> names.add(standing.key));
        }
        return names;
    }

    /**
     * As of now; of a deployment that no call was seen of, HEALTHY of version 0.
     *
     * @throws org.apache.kafka.streams.errors.InvalidStateStoreException while the stores move or are restored
     */
    public DeploymentHealth health(String deployment) {
        Standing known = standings().get(deployment);
        if (known == null) {
            return HealthReport.of(deployment, Standing.UNSEEN, List.of(), rules, 0);
        }
        long now = time.nowMillis().orElse(known.lastCallMillis());
        return HealthReport.of(deployment, known.withWindow(known.window().at(now, rules)),
                LatencyReader.of(streams).windows(deployment, now), rules, now);
    }

    private ReadOnlyKeyValueStore<String, Standing> standings() {
        return streams
                .store(StoreQueryParameters.fromNameAndType(HealthStore.NAME, QueryableStoreTypes.keyValueStore()));
    }
}
