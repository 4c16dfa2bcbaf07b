package dev.signalbox.dispatcher;

import dev.signalbox.dispatcher.alerts.AlertDelivery;
import dev.signalbox.dispatcher.alerts.AlertProcessor;
import dev.signalbox.dispatcher.capacity.CapacityProcessor;
import dev.signalbox.dispatcher.capacity.CapacityRules;
import dev.signalbox.dispatcher.health.FleetTime;
import dev.signalbox.dispatcher.health.HealthProcessor;
import dev.signalbox.dispatcher.health.HealthRules;
import dev.signalbox.dispatcher.health.HealthStore;
import dev.signalbox.dispatcher.latency.LatencyProcessor;
import dev.signalbox.dispatcher.latency.LatencyStore;
import dev.signalbox.dispatcher.redundancy.DemandProcessor;
import dev.signalbox.dispatcher.redundancy.FleetNews;
import dev.signalbox.dispatcher.redundancy.FleetNewsSerde;
import dev.signalbox.dispatcher.redundancy.FleetSources;
import dev.signalbox.dispatcher.redundancy.FleetStores;
import dev.signalbox.dispatcher.redundancy.Judged;
import dev.signalbox.dispatcher.redundancy.RedundancyProcessor;
import dev.signalbox.dispatcher.tenants.TenantProcessor;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.Alert;
import dev.signalbox.schemas.avro.AttemptEvent;
import dev.signalbox.schemas.avro.CapacityDemand;
import dev.signalbox.schemas.avro.CapacityGrant;
import dev.signalbox.schemas.avro.DeploymentHealth;
import dev.signalbox.schemas.avro.RouteStanding;
import dev.signalbox.schemas.avro.TenantRecord;
import java.time.Duration;
import java.util.function.LongSupplier;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.streams.AutoOffsetReset;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Named;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.Repartitioned;

/** What the application {@code signalbox-control} consists of. */
final class DispatcherTopology {
    /** Of the internal topic by which the deployments' tasks tell the one that judges the fleet. */
    static final String FLEET = "fleet";
    /** A first start reads what the longest latency window shows, and no older history. */
    private static final Duration FIRST_LOOK_BACK = Duration.ofMinutes(5);
    private static final String ATTEMPTS = "attempts";
    private static final String LATENCY = "latency";
    private static final String HEALTH = "health";
    private static final String HEALTH_CHANGES = "health-changes";
    private static final String HEALTH_NEWS = "health-news";
    private static final String DEMAND = "demand";
    private static final String FLEET_NEWS = "fleet-news";
    private static final String REDUNDANCY = "redundancy";
    private static final String ALERTS = "alerts";
    private static final String CAPACITY_DEMAND = "capacity-demand";
    private static final String CAPACITY = "capacity";
    private static final String CAPACITY_GRANTS = "capacity-grants";
    private static final String TENANT_USE = "tenant-use";
    private static final String TENANTS = "tenants";
    private static final String TENANTS_TOLD = "tenants-told";

    private final Deserializer<AttemptEvent> attempts;
    private final Leased leased;
    private final Serde<TenantRecord> tenants;
    private final Outputs outputs;
    private final HealthRules rules;
    private final FleetTime time;
    private final FleetSources sources;
    private final AlertDelivery delivery;

    /** How what is published is written. */
    record Outputs(Serializer<DeploymentHealth> healths, Serializer<RouteStanding> routes, Serializer<Alert> alerts) {
    }

    /**
     * How demand is read and leases are written and kept.
     *
     * @param monotonicMillis of any origin
     */
    record Leased(Deserializer<CapacityDemand> demands, Serde<CapacityGrant> grants, LongSupplier monotonicMillis) {
    }

    DispatcherTopology(Deserializer<AttemptEvent> attempts, Leased leased, Serde<TenantRecord> tenants,
            Outputs outputs, HealthRules rules, FleetTime time, FleetSources sources, AlertDelivery delivery) {
        this.attempts = attempts;
        this.leased = leased;
        this.tenants = tenants;
        this.outputs = outputs;
        this.rules = rules;
        this.time = time;
        this.sources = sources;
        this.delivery = delivery;
    }

    /** All sub-topologies in the order in which an event flows through them. */
    Topology build() {
        StreamsBuilder builder = new StreamsBuilder();
        KStream<String, AttemptEvent> calls = latency(builder, attempts(builder));
        KStream<String, DeploymentHealth> healths = health(builder, calls);
        KStream<String, Judged> judged = redundancy(builder, healths, demand(calls));
        alerts(builder, judged);
        capacity(builder);
        tenants(builder);
        return builder.build();
    }

    /** Each vendor call of each worker, by deployment. */
    private KStream<String, AttemptEvent> attempts(StreamsBuilder builder) {
        return builder.stream(Topics.ATTEMPTS, Consumed.with(Serdes.String(), readOnly(attempts)).withName(ATTEMPTS)
                .withOffsetResetPolicy(AutoOffsetReset.byDuration(FIRST_LOOK_BACK)));
    }

    /** How long a deployment takes. Before health, whose events tell of it. */
    private static KStream<String, AttemptEvent> latency(StreamsBuilder builder, KStream<String, AttemptEvent> calls) {
        builder.addStateStore(LatencyStore.builder());
        return calls.process(LatencyProcessor::new, Named.as(LATENCY), LatencyStore.NAME);
    }

    /** Whether a deployment is to be used. */
    private KStream<String, DeploymentHealth> health(StreamsBuilder builder, KStream<String, AttemptEvent> calls) {
        builder.addStateStore(HealthStore.builder());
        KStream<String, DeploymentHealth> healths = calls.process(
                () -> new HealthProcessor(rules, sources.longestCall(), time, sources.doubted()),
                Named.as(HEALTH), HealthStore.NAME, LatencyStore.NAME);
        healths.to(Topics.HEALTH, Produced.with(Serdes.String(), writeOnly(outputs.healths)).withName(HEALTH_CHANGES));
        return healths;
    }

    /** What is asked of it. */
    private KStream<String, FleetNews> demand(KStream<String, AttemptEvent> calls) {
        return calls.process(() -> new DemandProcessor(sources.configuration()), Named.as(DEMAND));
    }

    /** What each route has left: judged by one task, which is told of all deployments. */
    private KStream<String, Judged> redundancy(StreamsBuilder builder, KStream<String, DeploymentHealth> healths,
            KStream<String, FleetNews> demand) {
        builder.addStateStore(FleetStores.healths()).addStateStore(FleetStores.demand())
                .addStateStore(FleetStores.lastCalls());
        KStream<String, Judged> judged = healths.mapValues(FleetNews::of, Named.as(HEALTH_NEWS))
                .merge(demand, Named.as(FLEET_NEWS))
                .repartition(Repartitioned.with(Serdes.String(), FleetNewsSerde.serde()).withName(FLEET)
                        .withNumberOfPartitions(1))
                .process(() -> new RedundancyProcessor(sources, time), Named.as(REDUNDANCY), FleetStores.HEALTHS,
                        FleetStores.DEMAND, FleetStores.LAST_CALLS);
        judged.filter((key, found) -> found instanceof Judged.Route, Named.as("redundancy-is-route"))
                .mapValues(Judged::standing, Named.as("redundancy-standing")).to(Topics.REDUNDANCY,
                        Produced.with(Serdes.String(), writeOnly(outputs.routes)).withName("redundancy-routes"));
        return judged;
    }

    /** What a person should know. */
    private void alerts(StreamsBuilder builder, KStream<String, Judged> judged) {
        builder.addStateStore(AlertProcessor.store());
        judged.filter((key, found) -> found instanceof Judged.Troubled, Named.as("redundancy-is-trouble"))
                .mapValues(Judged::trouble, Named.as("redundancy-trouble"))
                .process(() -> new AlertProcessor(delivery, () -> sources.configuration().get().environment()),
                        Named.as(ALERTS), AlertProcessor.STORE)
                .to(Topics.ALERTS, Produced.with(Serdes.String(), writeOnly(outputs.alerts)).withName("alert-changes"));
    }

    /** Who may use how much of it. What was asked before a start is of no use any more. */
    private void capacity(StreamsBuilder builder) {
        builder.addStateStore(CapacityProcessor.store(leased.grants));
        builder.stream(Topics.CAPACITY_DEMAND, Consumed.with(Serdes.String(), readOnly(leased.demands))
                .withName(CAPACITY_DEMAND).withOffsetResetPolicy(AutoOffsetReset.latest()))
                .process(() -> new CapacityProcessor(sources.configuration(), CapacityRules.DEFAULT,
                        leased.monotonicMillis), Named.as(CAPACITY), CapacityProcessor.STORE)
                .to(Topics.CAPACITY_GRANTS,
                        Produced.with(Serdes.String(), leased.grants).withName(CAPACITY_GRANTS));
    }

    /** Who was served what, by all workers. It needs no store: workers tell it again and again. */
    private void tenants(StreamsBuilder builder) {
        builder.stream(Topics.TENANT_USE, Consumed.with(Serdes.String(), tenants).withName(TENANT_USE)
                .withOffsetResetPolicy(AutoOffsetReset.latest()))
                .process(() -> new TenantProcessor(leased.monotonicMillis), Named.as(TENANTS))
                .to(Topics.TENANTS, Produced.with(Serdes.String(), tenants).withName(TENANTS_TOLD));
    }

    private static <T> Serde<T> readOnly(Deserializer<T> deserializer) {
        return Serdes.serdeFrom((topic, value) -> {
            throw new UnsupportedOperationException(topic + " is only read");
        }, deserializer);
    }

    private static <T> Serde<T> writeOnly(Serializer<T> serializer) {
        return Serdes.serdeFrom(serializer, (topic, bytes) -> {
            throw new UnsupportedOperationException(topic + " is only written");
        });
    }
}
