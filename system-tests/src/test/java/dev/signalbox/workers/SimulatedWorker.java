package dev.signalbox.workers;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.Pool;
import dev.signalbox.config.live.InForce;
import dev.signalbox.schemas.Lane;
import dev.signalbox.workers.intake.IntakeStatus;
import dev.signalbox.workers.scheduler.SchedulerStatus;
import dev.signalbox.workers.scheduler.LeasedCalls;
import dev.signalbox.workers.vendor.VendorClient;
import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
import java.time.Duration;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.producer.Producer;

/** A {@link Worker} of one pool as {@link Worker#start} assembles it, without its admin port, over other connections. */
public final class SimulatedWorker {
    private final SharedStages shared;
    private final PoolWorker pool;

    /** What the worker is given to reach the world with. */
    public record World(Function<Map<String, Object>, Consumer<byte[], byte[]>> consumers,
            Supplier<Producer<byte[], byte[]>> producers, VendorClient vendors) {
    }

    public SimulatedWorker(Configuration configuration, World world) {
        Connections connections = new Connections() {
            @Override
            public Consumer<byte[], byte[]> consumer(Map<String, Object> properties) {
                return world.consumers.apply(properties);
            }

            @Override
            public Supplier<Producer<byte[], byte[]>> producers(int lingerMillis) {
                return world.producers;
            }

            @Override
            public VendorClient vendors() {
                return world.vendors;
            }
        };
        WorkerOptions options = WorkerOptions.of(configuration, Map.of(),
                Map.of("schema.registry.url", "http://registry"));
        shared = new SharedStages(options, new InForce(0, configuration), connections,
                new WorkerMetrics(new CompositeMeterRegistry()));
        Pool served = configuration.pools().getFirst();
        pool = new PoolWorker(served, shared, options, LeasedCalls.NONE);
        pool.start(() -> {
        });
    }

    /** As {@link Worker#close()}; whether all that ran had ended within the limit. */
    public boolean close(Duration limit) {
        pool.stop();
        boolean idle = pool.awaitIdle(limit);
        pool.close();
        shared.close();
        return idle;
    }

    /** What its only lane holds. */
    public IntakeStatus intake() {
        Map<Lane, IntakeStatus> lanes = pool.intake();
        return lanes.values().iterator().next();
    }

    /** What its scheduler holds. */
    public SchedulerStatus scheduler() {
        return pool.scheduler();
    }
}
