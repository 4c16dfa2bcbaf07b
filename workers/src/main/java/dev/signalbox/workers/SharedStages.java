package dev.signalbox.workers;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.Pool;
import dev.signalbox.config.live.InForce;
import dev.signalbox.config.topics.TopicCatalogue;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.claim.ClaimStores;
import dev.signalbox.schemas.serde.AvroDeserializer;
import dev.signalbox.schemas.serde.JsonRecords;
import dev.signalbox.schemas.serde.RequestCodec;
import dev.signalbox.workers.claim.ConfiguredClaims;
import dev.signalbox.workers.intake.BrokerClock;
import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.intake.TrialTurn;
import dev.signalbox.workers.reply.AttemptJournal;
import dev.signalbox.workers.reply.RecordEncoder;
import dev.signalbox.workers.reply.RenewableProducer;
import dev.signalbox.workers.router.PermitDesk;
import dev.signalbox.workers.telemetry.Telemetry;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What all pools of a worker share: the stages without a lane of their own, clock, timer and control producer. */
final class SharedStages implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SharedStages.class);
    private static final long TIME_RETRY_MILLIS = 1_000;
    /** Whoever is less sure of the time asks again: an answer that a process read late, as one that stood still, says little. */
    private static final long TIME_SURE_MILLIS = 100;
    /** To ask before a time that is not sure is gone by: where each answer takes long, none is better. */
    private static final int TIME_QUESTIONS = 10;

    /** That of the start: for what a running worker does not change. */
    final Configuration configuration;
    final Connections connections;
    final WorkerIdentity identity;
    final BrokerClock clock = new BrokerClock();
    final RequestCodec requests;
    final RecordEncoder encoder;
    final Permits permits;
    final ClaimStores claims;
    final ClaimedBodies bodies;
    final Cancellations cancellations = new Cancellations(TopicCatalogue.CANCELLATION_RETENTION.toMillis());
    final TenantOrders tenantOrders = new TenantOrders();
    final TrialTurn trialTurn = new TrialTurn();
    final RenewableProducer control;
    /** Of what a call waits for before it is made. */
    final RenewableProducer announcing;
    final Budgets budgets;
    final AttemptJournal journal;
    final AttemptRecorder recorder;
    final RequestEndings endings;
    final ReplyWriter writer;
    final WorkerMetrics metrics;
    final Telemetry telemetry;
    /** Starts short tasks at their time; what may block, it hands to a virtual thread. */
    final ScheduledExecutorService timer;

    private volatile RoutePlan plan;

    /** @param first what it goes by until {@link #take} */
    SharedStages(WorkerOptions options, InForce first, Connections connections, WorkerMetrics metrics) {
        this.configuration = first.configuration();
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
        configuration.pools().stream().map(Pool::name).filter(pool -> !options.serves(pool))
                .forEach(pool -> permits.share(pool, 0));
        this.plan = RoutePlan.of(first.generation(), configuration, permits.router(), clock::nowMillis);
        this.claims = ConfiguredClaims.open(configuration.claims());
        this.bodies = new ClaimedBodies(claims, configuration.worker(), configuration.claims(),
                RetryPause.jittered(ThreadLocalRandom::current), clock::nowMillis);
        this.control = new RenewableProducer("control", connections.producers(AttemptJournal.LINGER_MILLIS));
        this.budgets = new Budgets(configuration, request -> CostEstimate.of(request, plan()), metrics,
                clock::nowMillis);
        this.announcing = new RenewableProducer("announcing",
                connections.producers(AttemptJournal.ANNOUNCED_LINGER_MILLIS));
        this.journal = new AttemptJournal(encoder, announcing, control, clock);
        metrics.observed(journal);
        this.recorder = new AttemptRecorder(journal, metrics, () -> plan().pricing(),
                configuration.environment(), identity, clock::nowMillis, budgets);
        this.endings = new RequestEndings(journal::append, configuration.environment(), identity, clock::nowMillis);
        this.writer = new ReplyWriter(() -> plan().pricing().version(), System::nanoTime);
        this.timer = Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().daemon().name("worker-timer").factory());
    }

    /** What requests go by now. */
    RoutePlan plan() {
        return plan;
    }

    /** What is heard of a request while it is under way. */
    UnderWay underWay(InboundRequest request) {
        return new UnderWay(request.id(), cancellations, System::nanoTime, () -> endings.running(request));
    }

    /**
     * Goes by another configuration from now on, all stages at once. Pools that are gone must have stopped.
     *
     * @param served which pools this worker serves; of new ones it has a share once it owns partitions
     */
    void take(InForce next, Predicate<PoolName> served) {
        Configuration newer = next.configuration();
        Configuration before = plan.configuration();
        newer.pools().stream().map(Pool::name).filter(pool -> before.pool(pool).isEmpty() || !served.test(pool))
                .forEach(pool -> permits.share(pool, 0));
        plan = RoutePlan.of(next.generation(), newer, permits.become(newer), clock::nowMillis);
        budgets.configured(newer.budgets());
        permits.changed();
    }

    /**
     * Runs that once broker time is known, from the acknowledgement of a record without content; tried again until there is
     * one, and a few times more while it leaves more than 0.1 s open. Whoever serves requests before that may call a vendor for one whose time is up.
     */
    void onceTimeIsKnown(Runnable start) {
        Thread.startVirtualThread(() -> askForTime(start, TIME_QUESTIONS));
    }

    private void askForTime(Runnable start, int questions) {
        long sending = clock.sending();
        byte[] key = identity.name().getBytes(StandardCharsets.UTF_8);
        control.send(new ProducerRecord<>(Topics.CAPACITY_DEMAND, key, null), (metadata, error) -> {
            if (error == null) {
                clock.acknowledged(metadata.timestamp(), sending);
                boolean sure = clock.uncertaintyMillis().orElseThrow() <= TIME_SURE_MILLIS;
                Thread.startVirtualThread(sure || questions <= 1 ? start : () -> askForTime(start, questions - 1));
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
        announcing.close();
        control.close();
        claims.close();
        telemetry.close();
    }
}
