package dev.signalbox.workers;

import dev.signalbox.config.Deployment;
import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.workers.reply.AttemptJournal;
import dev.signalbox.workers.vendor.AttemptOutcome;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.kafka.KafkaClientMetrics;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.producer.Producer;
import org.jspecify.annotations.Nullable;

/**
 * Meters of requests and attempts. Names follow OpenTelemetry's GenAI conventions where they have one; no tenant and no
 * request id is ever a label. Durations have the conventions' buckets: 10 ms doubled up to 655.36 s.
 */
final class WorkerMetrics {
    private static final Duration[] BUCKETS = buckets();

    private final MeterRegistry registry;
    private final Map<AttemptKey, AttemptMeters> attempts = new ConcurrentHashMap<>();
    private final Map<RequestKey, RequestMeters> requests = new ConcurrentHashMap<>();
    private final Map<String, AtomicInteger> inFlight = new ConcurrentHashMap<>();
    private final Map<Hedge.Outcome, Counter> hedges = new EnumMap<>(Hedge.Outcome.class);

    WorkerMetrics(MeterRegistry registry) {
        this.registry = registry;
        for (Hedge.Outcome outcome : Hedge.Outcome.values()) {
            hedges.put(outcome, registry.counter("signalbox.hedges", "outcome", outcome.label()));
        }
    }

    /** What that journal could not tell. */
    void observed(AttemptJournal journal) {
        FunctionCounter.builder("signalbox.attempts.unannounced", journal, AttemptJournal::unannounced)
                .register(registry);
        FunctionCounter.builder("signalbox.attempts.dropped", journal, AttemptJournal::dropped).register(registry);
    }

    void attemptStarted(Deployment deployment) {
        inFlight(deployment).incrementAndGet();
    }

    void attemptEnded(Deployment deployment, AttemptOutcome outcome, Optional<BigDecimal> cost) {
        inFlight(deployment).decrementAndGet();
        AttemptMeters meters = attempts.computeIfAbsent(
                new AttemptKey(deployment.name().toString(), AttemptRecorder.label(outcome)),
                key -> new AttemptMeters(deployment, key.outcome()));
        meters.duration.record(outcome.times().duration());
        outcome.times().timeToFirstToken().ifPresent(meters.firstToken::record);
        outcome.usage().ifPresent(usage -> {
            count(meters.inputTokens, usage.getInputTokens());
            count(meters.outputTokens, usage.getOutputTokens());
        });
        cost.ifPresent(money -> meters.cost.increment(money.doubleValue()));
    }

    /** @param queuedMillis from the first record's append time to dispatch, on the broker's clock */
    void requestEnded(Lane lane, ReplyStatus status, long queuedMillis, Duration served, int attemptsMade) {
        RequestMeters meters = requests.computeIfAbsent(new RequestKey(lane, status), RequestMeters::new);
        meters.served.record(served);
        meters.queued.record(Duration.ofMillis(queuedMillis));
        if (attemptsMade > 1) {
            meters.failovers.increment(attemptsMade - 1.0);
        }
    }

    /** @param action what a budget did with a request: refused or demoted */
    void byBudget(Lane lane, String action) {
        registry.counter("signalbox.budget.requests", "pool", lane.pool().value(), "priority", lane.priority().label(),
                "action", action).increment();
    }

    /** A record of the lane, or a reply to one of its requests, is on the dead-letter topic. */
    void deadLetter(Lane lane, String reason) {
        registry.counter("signalbox.dead.letters", "pool", lane.pool().value(), "priority", lane.priority().label(),
                "reason", reason).increment();
    }

    /** What became of a second call that was due. */
    void hedged(Hedge.Outcome outcome) {
        Objects.requireNonNull(hedges.get(outcome), "every outcome has its counter").increment();
    }

    /** A request was moved to its lane's retry topic. */
    void parked(Lane lane) {
        registry.counter("signalbox.scheduler.parked", "pool", lane.pool().value(), "priority", lane.priority().label())
                .increment();
    }

    private static void count(Counter counter, @Nullable Long tokens) {
        if (tokens != null) {
            counter.increment(tokens.doubleValue());
        }
    }

    /** A factory whose producers show their own metrics too. */
    Supplier<Producer<byte[], byte[]>> observed(Supplier<Producer<byte[], byte[]>> factory) {
        return () -> {
            Producer<byte[], byte[]> producer = factory.get();
            new KafkaClientMetrics(producer).bindTo(registry);
            return producer;
        };
    }

    /** The consumer, whose own metrics are shown too. */
    Consumer<byte[], byte[]> observed(Consumer<byte[], byte[]> consumer) {
        new KafkaClientMetrics(consumer).bindTo(registry);
        return consumer;
    }

    private AtomicInteger inFlight(Deployment deployment) {
        return inFlight.computeIfAbsent(deployment.name().toString(),
                name -> registry.gauge("signalbox.attempts.in.flight",
                        Tags.of("deployment", name, "gen_ai.provider.name", deployment.vendor().name()),
                        new AtomicInteger()));
    }

    private static Duration[] buckets() {
        Duration[] buckets = new Duration[17];
        for (int i = 0; i < buckets.length; i++) {
            buckets[i] = Duration.ofMillis(10L << i);
        }
        return buckets;
    }

    private Timer timer(String name, String description, Tags tags) {
        return Timer.builder(name).description(description).tags(tags).serviceLevelObjectives(BUCKETS)
                .register(registry);
    }

    private Counter counter(String name, String description, Tags tags) {
        return Counter.builder(name).description(description).tags(tags).register(registry);
    }

    private record AttemptKey(String deployment, String outcome) {
    }

    private record RequestKey(Lane lane, ReplyStatus status) {
    }

    private final class AttemptMeters {
        private final Timer duration;
        private final Timer firstToken;
        private final Counter inputTokens;
        private final Counter outputTokens;
        private final Counter cost;

        AttemptMeters(Deployment deployment, String outcome) {
            Tags tags = Tags.of("deployment", deployment.name().toString(), "gen_ai.provider.name",
                    deployment.vendor().name(), "gen_ai.request.model", deployment.name().model());
            duration = timer("gen_ai.client.operation.duration", "Length of vendor calls",
                    tags.and("outcome", outcome));
            firstToken = timer("gen_ai.client.operation.time_to_first_chunk",
                    "From the start of a vendor call to its first token", tags);
            inputTokens = counter("gen_ai.client.token.usage", "Tokens as the vendors counted them",
                    tags.and("gen_ai.token.type", "input"));
            outputTokens = counter("gen_ai.client.token.usage", "Tokens as the vendors counted them",
                    tags.and("gen_ai.token.type", "output"));
            cost = counter("signalbox.cost",
                    "Cost of vendor calls in the price table's currency; unknown prices are left out",
                    tags);
        }
    }

    private final class RequestMeters {
        private final Timer served;
        private final Timer queued;
        private final Counter failovers;

        RequestMeters(RequestKey key) {
            Tags tags = Tags.of(Tag.of("pool", key.lane().pool().value()),
                    Tag.of("priority", key.lane().priority().label()));
            served = timer("signalbox.requests", "From dispatch to the terminal reply, by its status",
                    tags.and("status", key.status().name()));
            queued = timer("signalbox.request.queued", "From the first record's append time to dispatch", tags);
            failovers = counter("signalbox.failovers", "Vendor calls beyond a request's first", tags);
        }
    }
}
