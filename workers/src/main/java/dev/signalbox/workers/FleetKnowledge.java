package dev.signalbox.workers;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.DeploymentName;
import dev.signalbox.config.live.ControlKey;
import dev.signalbox.config.live.TopicFollower;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.ControlAction;
import dev.signalbox.schemas.avro.ControlOrder;
import dev.signalbox.schemas.avro.DeploymentHealth;
import dev.signalbox.schemas.serde.AvroDeserializer;
import dev.signalbox.schemas.serde.SchemaRegistryClient;
import dev.signalbox.workers.intake.BrokerClock;
import dev.signalbox.workers.router.FleetView;
import dev.signalbox.workers.router.OperatorOrder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/**
 * What the fleet knows of the deployments, for the permit desk: the dispatcher's view from {@code llm.health} and operators'
 * orders from {@code llm.control}; of the latter also what they say of this worker's pools and of tenants. Told as it comes, and once a second again: times are on the broker's clock, which this
 * process learns better and better, and before it knows that clock it takes over nothing.
 *
 * <p>Bound: one record of each topic for each deployment that the fleet ever told of, at most {@value #MOST_NAMES}: those
 * that the configuration has not may be in the next one.
 */
final class FleetKnowledge implements AutoCloseable {
    private static final long AGAIN_MILLIS = 1_000;
    private static final int MOST_NAMES = 10_000;

    private final Supplier<Configuration> configuration;
    private final Permits permits;
    private final BrokerClock clock;
    private final String worker;
    private final AvroDeserializer<DeploymentHealth> healths;
    private final AvroDeserializer<ControlOrder> orders;
    private final Map<DeploymentName, DeploymentHealth> health = new ConcurrentHashMap<>();
    private final Map<DeploymentName, Ordered> ordered = new ConcurrentHashMap<>();
    private final PoolOrders pools;
    private final TenantOrders tenants;
    private final Runnable poolsMayDiffer;
    private final TopicFollower follower;
    private final ScheduledFuture<?> again;

    /** @param untilMillis when it ends, on the broker's clock */
    private record Ordered(ControlOrder order, long untilMillis) {
    }

    /**
     * @param pools is told of orders about this worker and about pools
     * @param poolsMayDiffer runs once a second, and when there is such an order; must not block
     */
    FleetKnowledge(WorkerOptions options, SharedStages shared, PoolOrders pools, Runnable poolsMayDiffer) {
        this.pools = pools;
        this.poolsMayDiffer = poolsMayDiffer;
        this.tenants = shared.tenantOrders;
        this.configuration = () -> shared.plan().configuration();
        this.permits = shared.permits;
        this.clock = shared.clock;
        this.worker = shared.identity.name();
        SchemaRegistryClient registry = SchemaRegistryClient.of(options.registryProperties());
        this.healths = new AvroDeserializer<>(DeploymentHealth.class, registry);
        this.orders = new AvroDeserializer<>(ControlOrder.class, registry);
        this.follower = TopicFollower.start(options.clientProperties(),
                Map.of(Topics.HEALTH, this::health, Topics.CONTROL, this::order), "fleet-knowledge");
        this.again = again(shared.timer);
    }

    private ScheduledFuture<?> again(ScheduledExecutorService timer) {
        return timer.scheduleWithFixedDelay(this::tellAll, AGAIN_MILLIS, AGAIN_MILLIS, TimeUnit.MILLISECONDS);
    }

    /** With broker time known: waits until all was read that was there at the start, but no longer than 3 s. */
    void awaitFirstReading() {
        follower.awaitFirstReading();
        tellAll();
    }

    void tellAll() {
        configuration.get().deployments().keySet().forEach(name -> {
            tellHealth(name);
            tellOrder(name);
        });
        poolsMayDiffer.run();
    }

    /** Deployments at which only this worker's calls fail, as the dispatcher sees it. */
    int suspectedAt() {
        return (int) health.values().stream().filter(told -> worker.equals(told.getSuspectWorker())).count();
    }

    private void health(ConsumerRecord<byte[], byte[]> record) {
        String key = record.key() == null ? "" : new String(record.key(), StandardCharsets.UTF_8);
        if (key.indexOf('/') > 0) {
            DeploymentName name = DeploymentName.parse(key);
            keep(health, name, healths.deserialize(record.topic(), record.value()));
            tellHealth(name);
        }
    }

    private void order(ConsumerRecord<byte[], byte[]> record) {
        ControlKey.deployment(record.key()).ifPresent(name -> {
            ControlOrder order = orders.deserialize(record.topic(), record.value());
            keep(ordered, name, order == null || order.getAction() == ControlAction.RESTORE
                    ? null
                    : new Ordered(order, record.timestamp() + order.getDurationMillis()));
            tellOrder(name);
        });
        ControlKey.worker(record.key()).filter(worker::equals).ifPresent(me -> {
            pools.worker(orders.deserialize(record.topic(), record.value()), record.timestamp());
            poolsMayDiffer.run();
        });
        ControlKey.tenant(record.key()).ifPresent(tenant -> tenants.tenant(tenant,
                orders.deserialize(record.topic(), record.value()), record.timestamp()));
        ControlKey.pool(record.key()).ifPresent(pool -> {
            pools.pool(pool, orders.deserialize(record.topic(), record.value()), record.timestamp());
            poolsMayDiffer.run();
        });
    }

    private static <T> void keep(Map<DeploymentName, T> map, DeploymentName name, @Nullable T value) {
        if (value == null) {
            map.remove(name);
        } else if (map.size() < MOST_NAMES || map.containsKey(name)) {
            map.put(name, value);
        }
    }

    private boolean timeIsKnown() {
        return clock.uncertaintyMillis().isPresent();
    }

    private void tellHealth(DeploymentName name) {
        if (timeIsKnown()) {
            DeploymentHealth told = health.get(name);
            permits.told(name, told == null
                    ? FleetView.NONE
                    : FleetView.of(told, worker, clock.nowMillis(), System.nanoTime()));
        }
    }

    private void tellOrder(DeploymentName name) {
        if (timeIsKnown()) {
            permits.order(name, order(ordered.get(name)));
        }
    }

    private @Nullable OperatorOrder order(@Nullable Ordered given) {
        if (given == null) {
            return null;
        }
        long left = given.untilMillis - clock.nowMillis();
        return left <= 0
                ? null
                : new OperatorOrder(given.order.getAction() == ControlAction.EJECT
                        ? OperatorOrder.Action.EJECT
                        : OperatorOrder.Action.DRAIN, given.order.getWho(), given.order.getWhy(),
                        System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(left));
    }

    @Override
    public void close() {
        again.cancel(false);
        follower.close();
    }
}
