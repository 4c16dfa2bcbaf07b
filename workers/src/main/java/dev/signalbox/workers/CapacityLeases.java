package dev.signalbox.workers;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.Deployment;
import dev.signalbox.config.DeploymentName;
import dev.signalbox.config.live.TopicFollower;
import dev.signalbox.schemas.Amounts;
import dev.signalbox.schemas.TenantLease;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.CapacityDemand;
import dev.signalbox.schemas.avro.CapacityGrant;
import dev.signalbox.schemas.avro.PoolDemand;
import dev.signalbox.schemas.serde.AvroDeserializer;
import dev.signalbox.schemas.serde.SchemaRegistryClient;
import dev.signalbox.workers.capacity.CapacityUse;
import dev.signalbox.workers.capacity.DemandPace;
import dev.signalbox.workers.capacity.Lease;
import dev.signalbox.workers.capacity.TenantLeases;
import dev.signalbox.workers.intake.BrokerClock;
import dev.signalbox.workers.reply.RecordEncoder;
import dev.signalbox.workers.reply.RenewableProducer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This worker's leases: tells the dispatcher on {@code llm.capacity.demand} what it holds, uses and wants of each deployment that has limits,
 * by {@link DemandPace}, and takes what {@code llm.capacity.grants} says to the permit desk; in the same way of each tenant's calls at once, to
 * {@link LeasedTenants}. Each 100 ms it looks, on one virtual thread at a time.
 *
 * <p>What others were granted ages by the broker's time: what was read before that is known is taken when it is. Bound: one
 * record for each lease that was ever told of and not ended, at most {@value #MOST_EARLY}.
 */
final class CapacityLeases implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(CapacityLeases.class);
    private static final long LOOK_MILLIS = 100;
    private static final int MOST_EARLY = 100_000;

    private final Supplier<Configuration> configuration;
    private final Permits permits;
    private final LeasedTenants tenants;
    private final BrokerClock clock;
    private final String worker;
    private final RecordEncoder encoder;
    private final RenewableProducer producer;
    private final AvroDeserializer<CapacityGrant> grants;
    private final Map<DeploymentName, DemandPace> paces = new HashMap<>();
    private final Map<String, Early> early = new ConcurrentHashMap<>();
    /** Guards what is told, and that nothing is after the goodbye; a record is encoded and handed to the producer under it. */
    private final ReentrantLock telling = new ReentrantLock();
    private final TopicFollower follower;
    private final ScheduledFuture<?> look;
    private boolean over;

    /** Another worker's grant, and when it was appended. */
    private record Early(CapacityGrant grant, long appendedMillis) {
    }

    CapacityLeases(WorkerOptions options, SharedStages shared, LeasedTenants tenants) {
        this.tenants = tenants;
        this.configuration = () -> shared.plan().configuration();
        this.permits = shared.permits;
        this.clock = shared.clock;
        this.worker = shared.identity.name();
        this.encoder = shared.encoder;
        this.producer = shared.control;
        this.grants = new AvroDeserializer<>(CapacityGrant.class,
                SchemaRegistryClient.of(options.registryProperties()));
        this.follower = TopicFollower.start(options.clientProperties(), Map.of(Topics.CAPACITY_GRANTS, this::read),
                "capacity-leases");
        this.look = shared.timer.scheduleWithFixedDelay(() -> Thread.startVirtualThread(this::look), LOOK_MILLIS,
                LOOK_MILLIS, TimeUnit.MILLISECONDS);
    }

    /** With broker time known: waits until all was read that was there at the start, but no longer than 3 s. */
    void awaitFirstReading() {
        follower.awaitFirstReading();
        takeEarly();
    }

    private void look() {
        if (!telling.tryLock()) {
            return;
        }
        try {
            if (!over) {
                takeEarly();
                Map<DeploymentName, Deployment> deployments = configuration.get().deployments();
                paces.keySet().retainAll(deployments.keySet());
                deployments.values().stream().filter(deployment -> !deployment.limits().equals(Deployment.Limits.NONE))
                        .forEach(deployment -> look(deployment.name()));
                tenants.look().forEach(this::tell);
            }
        } catch (RuntimeException e) {
            LOG.warn("capacity demand is not told for now: {}", e.toString());
        } finally {
            telling.unlock();
        }
    }

    private void look(DeploymentName deployment) {
        CapacityUse use = permits.capacity(deployment);
        DemandPace pace = paces.computeIfAbsent(deployment, name -> new DemandPace());
        if (pace.isDue(use, System.nanoTime())) {
            tell(deployment, use, false);
            tenants.asked();
            pace.told(use, System.nanoTime());
        }
    }

    private void tell(DeploymentName deployment, CapacityUse use, boolean goodbye) {
        tell(demand(deployment.toString(), use).setDemandSeq(permits.demanded(deployment)).setGoodbye(goodbye)
                .build());
    }

    private void tell(TenantLeases.Said said) {
        tell(demand(said.lease().toString(), said.use()).setDemandSeq(said.seq()).setGoodbye(said.goodbye())
                .setLimit(said.limit().isPresent() ? said.limit().getAsLong() : null).build());
    }

    private CapacityDemand.Builder demand(String lease, CapacityUse use) {
        return CapacityDemand.newBuilder().setDeployment(lease).setWorker(worker).setTerm(use.term())
                .setGrantNo(use.grantNo()).setThrottlings(use.throttlings()).setAnswers(use.answers())
                .setPools(use.pools().stream()
                        .map(pool -> new PoolDemand(pool.pool(), pool.ownedPart(), pool.mayUse().told(),
                                pool.inUse().told(), pool.wanted().told(), pool.largest().told(),
                                pool.oldestWaitMillis()))
                        .toList());
    }

    private void tell(CapacityDemand demand) {
        byte[] value = encoder.encode(Topics.CAPACITY_DEMAND, demand);
        // One that cannot be written is not told again: the next one says more.
        producer.send(new ProducerRecord<>(Topics.CAPACITY_DEMAND,
                demand.getDeployment().getBytes(StandardCharsets.UTF_8), value), (metadata, error) -> {
                });
    }

    private void read(ConsumerRecord<byte[], byte[]> record) {
        String key = record.key() == null ? "" : new String(record.key(), StandardCharsets.UTF_8);
        if (TenantLease.isNamed(key)) {
            TenantLease.parse(key.substring(0, Math.max(0, key.indexOf(' ')))).filter(tenants::asks)
                    .ifPresent(lease -> read(lease, record));
        } else {
            read(key, record);
        }
    }

    /** Of a tenant for whom this worker asks; of all others it need know nothing. */
    private void read(TenantLease lease, ConsumerRecord<byte[], byte[]> record) {
        CapacityGrant grant = record.value() == null ? null : grants.deserialize(record.topic(), record.value());
        if (grant == null) {
            return;
        }
        if (grant.getWorker().equals(worker)) {
            tenants.granted(lease, lease(grant));
        } else {
            tenants.grantedElsewhere(lease, lease(grant));
        }
    }

    private void read(String key, ConsumerRecord<byte[], byte[]> record) {
        CapacityGrant grant = record.value() == null ? null : grants.deserialize(record.topic(), record.value());
        if (grant == null) {
            early.remove(key);
        } else if (grant.getWorker().equals(worker)) {
            Map<String, CapacityUse.Granted> byPool = new LinkedHashMap<>();
            grant.getPools().forEach(pool -> {
                Map<String, Amounts> borrowed = new HashMap<>();
                pool.getBorrowed().forEach((lender, amounts) -> borrowed.put(lender, Amounts.of(amounts)));
                byPool.put(pool.getPool(), new CapacityUse.Granted(Amounts.of(pool.getMayUse()), borrowed,
                        Set.copyOf(pool.getWantedBack()), grant.getLimitPercent()));
            });
            if (permits.granted(DeploymentName.parse(grant.getDeployment()), lease(grant), byPool)) {
                tenants.answered();
            }
        } else if (timeIsKnown()) {
            elsewhere(new Early(grant, record.timestamp()));
        } else if (early.size() < MOST_EARLY || early.containsKey(key)) {
            early.put(key, new Early(grant, record.timestamp()));
        }
    }

    private boolean timeIsKnown() {
        return clock.uncertaintyMillis().isPresent();
    }

    private void takeEarly() {
        if (timeIsKnown() && !early.isEmpty()) {
            List.copyOf(early.keySet()).forEach(key -> {
                Early told = early.remove(key);
                if (told != null) {
                    elsewhere(told);
                }
            });
        }
    }

    private void elsewhere(Early told) {
        permits.grantedElsewhere(DeploymentName.parse(told.grant.getDeployment()), lease(told.grant),
                TimeUnit.MILLISECONDS.toNanos(Math.max(0, clock.nowMillis() - told.appendedMillis)));
    }

    private static Lease lease(CapacityGrant grant) {
        Map<String, Amounts> mayUse = new HashMap<>();
        grant.getPools().forEach(pool -> mayUse.put(pool.getPool(), Amounts.of(pool.getMayUse())));
        return new Lease(grant.getTerm(), grant.getGrantNo(), grant.getDemandSeq(), grant.getKeeps(),
                Duration.ofMillis(grant.getTtlMillis()), Duration.ofMillis(grant.getDrainMillis()), mayUse);
    }

    /** With no call running and none to come: what it had is others' now. */
    void goodbye() {
        telling.lock();
        try {
            over = true;
            paces.keySet().forEach(deployment -> tell(deployment, permits.capacity(deployment), true));
            tenants.goodbye().forEach(this::tell);
        } catch (RuntimeException e) {
            LOG.warn("the dispatcher is not told that this worker ends, and waits for its calls: {}", e.toString());
        } finally {
            telling.unlock();
        }
    }

    @Override
    public void close() {
        look.cancel(false);
        follower.close();
    }
}
