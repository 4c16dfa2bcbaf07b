package dev.signalbox.dispatcher;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.backlog.Backlog;
import dev.signalbox.config.backlog.BacklogReader;
import dev.signalbox.config.backlog.LaneBacklog;
import dev.signalbox.config.backlog.RouteOfRecord;
import dev.signalbox.config.backlog.ServingRates;
import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.avro.RouteStanding;
import dev.signalbox.schemas.serde.SchemaRegistryClient;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.KafkaException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks Kafka each 5 s what waits in each lane, and shows it as metrics. Every dispatcher shows the same of the whole fleet. What
 * is older than 30 s, since Kafka could not be asked, is not a number.
 */
final class BacklogWatch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(BacklogWatch.class);
    private static final Duration EACH = Duration.ofSeconds(5);
    private static final long STALE_NANOS = Duration.ofSeconds(30).toNanos();
    private static final Duration CLOSE_LIMIT = Duration.ofSeconds(2);
    private static final String PREFIX = "signalbox.backlog.";

    private final Configured configured;
    private final Supplier<Stream<RouteStanding>> standings;
    private final MeterRegistry registry;
    private final CountDownLatch closing = new CountDownLatch(1);
    private final Thread thread;
    private volatile @Nullable Seen seen;

    private record Seen(Backlog backlog, ServingRates rates, long nanos) {
    }

    /** @param standings what each route has left */
    BacklogWatch(DispatcherOptions options, SchemaRegistryClient schemas, Configured configured,
            Supplier<Stream<RouteStanding>> standings, MeterRegistry registry) {
        this.configured = configured;
        this.standings = standings;
        this.registry = registry;
        configured.onEach(this::show);
        thread = Thread.ofVirtual().name("backlog").start(() -> run(options, schemas));
    }

    private void show(Configuration configuration) {
        Set<Lane> lanes = lanes(configuration);
        for (Meter meter : registry.getMeters()) {
            if (meter.getId().getName().startsWith(PREFIX) && lanes.stream().noneMatch(lane -> isOf(meter, lane))) {
                registry.remove(meter);
            }
        }
        for (Lane lane : lanes) {
            gauge(lane, "requests", "Requests in Kafka that are not answered yet",
                    now -> of(now, lane).map(waiting -> (double) waiting.requests()).orElse(0.0));
            gauge(lane, "oldest.age.seconds", "Age of the oldest of them since it was first enqueued",
                    now -> of(now, lane).map(now.backlog()::oldestAgeSeconds).orElse(0.0));
            gauge(lane, "capacity.seconds", "For how long they keep the vendor capacity of their slowest route busy",
                    now -> of(now, lane).flatMap(now.rates()::seconds).map(ServingRates.Slowest::seconds)
                            .orElse(Double.NaN));
        }
    }

    private static Set<Lane> lanes(Configuration configuration) {
        return configuration.pools().stream()
                .flatMap(pool -> pool.priorities().keySet().stream()
                        .map(priority -> new Lane(pool.name(), priority)))
                .collect(Collectors.toUnmodifiableSet());
    }

    private static Optional<LaneBacklog> of(Seen now, Lane lane) {
        return now.backlog().of(lane);
    }

    private static boolean isOf(Meter meter, Lane lane) {
        return lane.pool().value().equals(meter.getId().getTag("pool"))
                && lane.priority().label().equals(meter.getId().getTag("priority"));
    }

    private void gauge(Lane lane, String name, String description, ToDoubleFunction<Seen> of) {
        Gauge.builder(PREFIX + name, this, watch -> watch.told(of))
                .tags(Tags.of("pool", lane.pool().value(), "priority", lane.priority().label()))
                .description(description).register(registry);
    }

    private double told(ToDoubleFunction<Seen> of) {
        Seen now = seen;
        return now == null || System.nanoTime() - now.nanos() > STALE_NANOS ? Double.NaN : of.applyAsDouble(now);
    }

    private void run(DispatcherOptions options, SchemaRegistryClient schemas) {
        RouteOfRecord routes = RouteOfRecord.by(configured::configuration, schemas);
        while (isOpen()) {
            try (Admin admin = Admin.create(options.clientProperties());
                    BacklogReader reader = new BacklogReader(admin, options.clientProperties(), options.doneAhead(),
                            routes)) {
                while (isOpen()) {
                    Set<Lane> lanes = lanes(configured.configuration());
                    Backlog now = reader.read(lanes);
                    seen = new Seen(now, new ServingRates(standings.get()), System.nanoTime());
                    pause();
                }
            } catch (KafkaException e) {
                LOG.warn("what waits in Kafka cannot be told now: {}", e.toString());
                pause();
            }
        }
    }

    private boolean isOpen() {
        return closing.getCount() > 0;
    }

    private void pause() {
        try {
            var _ = closing.await(EACH.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            closing.countDown();
        }
    }

    /** Interrupts a question that is under way. */
    @Override
    public void close() {
        closing.countDown();
        thread.interrupt();
        try {
            thread.join(CLOSE_LIMIT);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
