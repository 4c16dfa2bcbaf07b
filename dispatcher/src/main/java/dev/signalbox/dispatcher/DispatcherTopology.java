package dev.signalbox.dispatcher;

import dev.signalbox.dispatcher.health.FleetTime;
import dev.signalbox.dispatcher.health.HealthProcessor;
import dev.signalbox.dispatcher.health.HealthRules;
import dev.signalbox.dispatcher.health.HealthStore;
import dev.signalbox.dispatcher.latency.LatencyProcessor;
import dev.signalbox.dispatcher.latency.LatencyStore;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.AttemptEvent;
import dev.signalbox.schemas.avro.DeploymentHealth;
import java.time.Duration;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.streams.AutoOffsetReset;
import org.apache.kafka.streams.Topology;

/** What the application {@code signalbox-control} consists of. */
final class DispatcherTopology {
    /** A first start reads what the longest latency window shows, and no older history. */
    private static final Duration FIRST_LOOK_BACK = Duration.ofMinutes(5);
    private static final String ATTEMPTS = "attempts";
    private static final String LATENCY = "latency";
    private static final String HEALTH = "health";
    private static final String HEALTH_CHANGES = "health-changes";

    private final Deserializer<AttemptEvent> attempts;
    private final Serializer<DeploymentHealth> healths;
    private final HealthRules rules;
    private final FleetTime time;

    DispatcherTopology(Deserializer<AttemptEvent> attempts, Serializer<DeploymentHealth> healths, HealthRules rules,
            FleetTime time) {
        this.attempts = attempts;
        this.healths = healths;
        this.rules = rules;
        this.time = time;
    }

    /** All sub-topologies in the order in which an event flows through them. */
    Topology build() {
        Topology topology = new Topology();
        attempts(topology);
        latency(topology);
        health(topology);
        return topology;
    }

    /** Each vendor call of each worker, by deployment. */
    private void attempts(Topology topology) {
        topology.addSource(AutoOffsetReset.byDuration(FIRST_LOOK_BACK), ATTEMPTS, Serdes.String().deserializer(),
                attempts, Topics.ATTEMPTS);
    }

    /** How long a deployment takes. Before health, whose events tell of it. */
    private void latency(Topology topology) {
        topology.addProcessor(LATENCY, LatencyProcessor::new, ATTEMPTS).addStateStore(LatencyStore.builder(), LATENCY);
    }

    /** Whether a deployment is to be used. */
    private void health(Topology topology) {
        topology.addProcessor(HEALTH, () -> new HealthProcessor(rules, time), LATENCY)
                .addStateStore(HealthStore.builder(), HEALTH)
                .connectProcessorAndStateStores(HEALTH, LatencyStore.NAME)
                .addSink(HEALTH_CHANGES, Topics.HEALTH, Serdes.String().serializer(), healths, HEALTH);
    }
}
