package dev.signalbox.workers;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.Pool;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.claim.ClaimStores;
import dev.signalbox.schemas.serde.AvroDeserializer;
import dev.signalbox.schemas.serde.JsonRecords;
import dev.signalbox.schemas.serde.RequestCodec;
import dev.signalbox.workers.claim.ConfiguredClaims;
import dev.signalbox.workers.intake.BrokerClock;
import dev.signalbox.workers.reply.AttemptJournal;
import dev.signalbox.workers.reply.Pricing;
import dev.signalbox.workers.reply.RecordEncoder;
import dev.signalbox.workers.reply.RenewableProducer;
import dev.signalbox.workers.router.PermitDesk;
import dev.signalbox.workers.router.RouteReach;
import dev.signalbox.workers.telemetry.Telemetry;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What all pools of a worker share: the stages without a lane of their own, clock, timer and control producer. */
final class SharedStages implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SharedStages.class);
    private static final int CONTROL_LINGER_MILLIS = 10;
    private static final long TIME_RETRY_MILLIS = 1_000;

    final Configuration configuration;
    final Connections connections;
    final WorkerIdentity identity;
    final BrokerClock clock = new BrokerClock();
    final RequestCodec requests;
    final RecordEncoder encoder;
    final Permits permits;
    final QueryReader queries;
    final RouteReach reach;
    final ClaimStores claims;
    final ClaimedBodies bodies;
    final RenewableProducer control;
    final Budgets budgets;
    final AttemptJournal journal;
    final AttemptRecorder recorder;
    final RequestEndings endings;
    final ReplyWriter writer;
    final WorkerMetrics metrics;
    final Telemetry telemetry;
    /** Starts short tasks at their time; what may block, it hands to a virtual thread. */
    final ScheduledExecutorService timer;

    SharedStages(WorkerOptions options, Connections connections, WorkerMetrics metrics) {
        this.configuration = options.configuration();
        this.connections = connections;
        this.metrics = metrics;
        this.telemetry = options.telemetry();
        this.identity = new WorkerIdentity(
                "worker-" + ProcessHandle.current().pid() + "-"
                        + Long.toHexString(ThreadLocalRandom.current().nextLong() >>> 32),
                ThreadLocalRandom.current().nextLong());
        AvroDeserializer<LlmRequest> avro = new AvroDeserializer<>();
        avro.configure(withSpecificReader(options.registryProperties()), false);
        this.requests = new RequestCodec(avro, new JsonRecords());
        this.encoder = new RecordEncoder(options.registryProperties());
        this.permits = new Permits(new PermitDesk(configuration, new SplittableRandom()), System::nanoTime);
        configuration.pools().stream().map(Pool::name)
                .filter(pool -> !options.pools().isEmpty() && !options.pools().contains(pool))
                .forEach(pool -> permits.share(pool, 0));
        this.queries = new QueryReader(configuration, clock::nowMillis);
        this.reach = new RouteReach(configuration);
        this.claims = ConfiguredClaims.open(configuration.claims());
        this.bodies = new ClaimedBodies(claims, configuration.worker(), configuration.claims(),
                RetryPause.jittered(ThreadLocalRandom::current), clock::nowMillis);
        this.control = new RenewableProducer("control", connections.producers(CONTROL_LINGER_MILLIS));
        Pricing pricing = new Pricing(configuration.prices());
        this.budgets = new Budgets(configuration, request -> CostEstimate.of(request, queries, reach,
                configuration.prices()), metrics, clock::nowMillis);
        this.journal = new AttemptJournal(encoder, control, clock);
        this.recorder = new AttemptRecorder(journal, metrics, pricing,
                configuration.environment(), identity, clock::nowMillis, budgets);
        this.endings = new RequestEndings(journal::append, configuration.environment(), identity, clock::nowMillis);
        this.writer = new ReplyWriter(pricing.version(), System::nanoTime);
        this.timer = Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().daemon().name("worker-timer").factory());
    }

    /**
     * Runs that once broker time is known, from the acknowledgement of a record without content; tried again until there is
     * one. Whoever serves requests before that may call a vendor for one whose time is up.
     */
    void onceTimeIsKnown(Runnable start) {
        Thread.startVirtualThread(() -> askForTime(start));
    }

    private void askForTime(Runnable start) {
        long sending = clock.sending();
        byte[] key = identity.name().getBytes(StandardCharsets.UTF_8);
        control.send(new ProducerRecord<>(Topics.CAPACITY_DEMAND, key, null), (metadata, error) -> {
            if (error == null) {
                clock.acknowledged(metadata.timestamp(), sending);
                Thread.startVirtualThread(start);
            } else if (!timer.isShutdown()) {
                LOG.warn("nothing is served yet: broker time could not be learnt from {}: {}", Topics.CAPACITY_DEMAND,
                        error.toString());
                var _ = timer.schedule(() -> onceTimeIsKnown(start), TIME_RETRY_MILLIS, TimeUnit.MILLISECONDS);
            }
        });
    }

    private static Map<String, Object> withSpecificReader(Map<String, Object> registryProperties) {
        Map<String, Object> properties = new java.util.HashMap<>(registryProperties);
        properties.put("specific.avro.reader", true);
        return properties;
    }

    @Override
    public void close() {
        timer.shutdownNow();
        control.close();
        claims.close();
        telemetry.close();
    }
}
