package dev.signalbox.dispatcher.capacity;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.Deployment;
import dev.signalbox.config.DeploymentName;
import dev.signalbox.dispatcher.health.FleetTime;
import dev.signalbox.schemas.TenantLease;
import dev.signalbox.schemas.avro.CapacityDemand;
import dev.signalbox.schemas.avro.CapacityGrant;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.TimestampedKeyValueStore;
import org.apache.kafka.streams.state.ValueAndTimestamp;

/**
 * The only writer of its deployments' grants: answers each demand, and tells others what changes for them. The store has the
 * last grant of each lease under the key that it is published with, and each deployment's term under its name; their
 * timestamps are broker time.
 *
 * <p>Its terms begin a second after it does, when what was asked before it is read: from then on it knows broker time, by which
 * what an earlier term granted has aged. Grants that an earlier term published and that never reached the store are known from
 * the workers: a new term learns for one ttl what they say that they have, and its number is beyond what they go by.
 *
 * <p>A tenant's calls at once are leased in the same way, under the name of his {@link TenantLease}; how many there are each
 * demand says. His term begins with the first demand and learns no longer than those of the start do. When nobody has anything of
 * it any more it is forgotten; the next one is later by broker time, so its number is higher all the same.
 */
@SuppressWarnings("NullAway.Init") // Streams calls init() before anything else.
public final class CapacityProcessor extends ContextualProcessor<String, CapacityDemand, String, CapacityGrant> {
    public static final String STORE = "capacity-grants";
    private static final Duration TICK = Duration.ofSeconds(1);

    private final Supplier<Configuration> configuration;
    private final CapacityRules rules;
    private final LongSupplier monotonicMillis;
    private final FleetTime time;
    private final Map<String, CapacityModel> models = new HashMap<>();
    private TimestampedKeyValueStore<String, CapacityGrant> grants;
    private boolean begun;
    private long learnsUntilMillis;

    public CapacityProcessor(Supplier<Configuration> configuration, CapacityRules rules, LongSupplier monotonicMillis) {
        this.configuration = configuration;
        this.rules = rules;
        this.monotonicMillis = monotonicMillis;
        this.time = new FleetTime(monotonicMillis);
    }

    /** For the topology: not cached, since a grant that is published must be known to the next term. */
    public static StoreBuilder<?> store(Serde<CapacityGrant> grants) {
        return Stores.timestampedKeyValueStoreBuilder(Stores.inMemoryKeyValueStore(STORE), Serdes.String(), grants)
                .withCachingDisabled();
    }

    @Override
    public void init(ProcessorContext<String, CapacityGrant> context) {
        super.init(context);
        grants = context.getStateStore(STORE);
        context.schedule(TICK, PunctuationType.WALL_CLOCK_TIME, wallClock -> tick());
    }

    private Optional<DeploymentCapacity> capacity(String name) {
        if (TenantLease.isNamed(name)) {
            // Of none, until somebody says how many there are; what an earlier term granted counts against it.
            CapacityModel known = models.get(name);
            return Optional.of(known == null ? DeploymentCapacity.ofTenant(0) : known.capacity());
        }
        Configuration now = configuration.get();
        Deployment deployment = name.indexOf('/') > 0 ? now.deployments().get(DeploymentName.parse(name)) : null;
        return Optional.ofNullable(deployment).map(known -> DeploymentCapacity.of(now, known));
    }

    private Optional<DeploymentCapacity> capacity(String name, CapacityDemand said) {
        return said.getLimit() != null && TenantLease.isNamed(name)
                ? Optional.of(DeploymentCapacity.ofTenant(said.getLimit()))
                : capacity(name);
    }

    /** Records without a value are those by which workers ask for the time. */
    @Override
    public void process(Record<String, CapacityDemand> record) {
        time.observe(record.timestamp());
        if (record.value() != null && begun) {
            String deployment = record.key();
            capacity(deployment, record.value())
                    .ifPresent(capacity -> onDemand(deployment, capacity, record.value()));
        }
    }

    private void onDemand(String deployment, DeploymentCapacity capacity, CapacityDemand said) {
        CapacityModel model = models.computeIfAbsent(deployment, name -> begin(name, capacity, 0));
        if (model.isBehind(said.getTerm(), said.getGrantNo())) {
            model = begin(deployment, capacity, said.getTerm());
            models.put(deployment, model);
        }
        model.become(capacity);
        publish(deployment, model, model.onDemand(CapacityRecords.demand(said), monotonicMillis.getAsLong()));
    }

    private void tick() {
        if (!begun && time.nowMillis().isPresent()) {
            begun = true;
            learnsUntilMillis = monotonicMillis.getAsLong() + rules.ttl().toMillis();
            Set<String> deployments = new TreeSet<>();
            try (var all = grants.all()) {
                all.forEachRemaining(known -> deployments.add(known.value.value().getDeployment()));
            }
            deployments.forEach(name -> capacity(name)
                    .ifPresent(capacity -> models.put(name, begin(name, capacity, 0))));
        }
        models.forEach((deployment, model) -> {
            capacity(deployment).ifPresent(model::become);
            publish(deployment, model, model.onTime(monotonicMillis.getAsLong()));
        });
        models.entrySet().removeIf(each -> {
            boolean over = TenantLease.isNamed(each.getKey()) && each.getValue().isIdle();
            if (over) {
                grants.delete(each.getKey());
            }
            return over;
        });
    }

    private long brokerMillis() {
        return time.nowMillis().orElseThrow();
    }

    /** A term of its own, also where the configuration has the deployment only now. */
    private CapacityModel begin(String deployment, DeploymentCapacity capacity, long saidTerm) {
        long now = brokerMillis();
        Map<String, CapacityModel.Held> held = new HashMap<>();
        try (var known = grants.range(key(deployment, ""), key(deployment, "\uffff"))) {
            known.forEachRemaining(last -> held.put(last.value.value().getWorker(),
                    new CapacityModel.Held(CapacityRecords.held(last.value.value()),
                            Math.max(0, now - last.value.timestamp()))));
        }
        ValueAndTimestamp<CapacityGrant> before = grants.get(deployment);
        long later = 1 + Math.max(saidTerm, before == null ? 0 : before.value().getTerm());
        boolean forgets = TenantLease.isNamed(deployment);
        long term = forgets ? Math.max(later, now) : later;
        CapacityGrant begins = CapacityRecords.grant(deployment, term, Grant.over(""), rules, capacity, 100);
        grants.put(deployment, ValueAndTimestamp.make(begins, now));
        long monotonic = monotonicMillis.getAsLong();
        return new CapacityModel(capacity, rules, term, held, monotonic,
                forgets && saidTerm == 0 ? learnsUntilMillis : monotonic + rules.ttl().toMillis());
    }

    private static String key(String deployment, String worker) {
        return deployment + " " + worker;
    }

    private void publish(String deployment, CapacityModel model, List<Grant> news) {
        long now = news.isEmpty() ? 0 : brokerMillis();
        for (Grant grant : news) {
            String key = key(deployment, grant.worker());
            CapacityGrant value = grant.isOver()
                    ? null
                    : CapacityRecords.grant(deployment, model.term(), grant, rules, model.capacity(),
                            model.limitPercent(monotonicMillis.getAsLong()));
            grants.put(key, ValueAndTimestamp.make(value, now));
            context().forward(new Record<>(key, value, now));
        }
    }
}
