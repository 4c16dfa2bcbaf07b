package dev.signalbox.workers;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.ConfigurationReader;
import dev.signalbox.config.DeploymentName;
import dev.signalbox.config.Pool.PriorityShare;
import dev.signalbox.config.ReadResult;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.StreamPolicy;
import dev.signalbox.schemas.avro.TokenUsage;
import dev.signalbox.schemas.serde.JsonRecords;
import dev.signalbox.workers.intake.BrokerClock;
import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.reply.AttemptJournal;
import dev.signalbox.workers.reply.Pricing;
import dev.signalbox.workers.reply.RecordEncoder;
import dev.signalbox.workers.reply.RenewableProducer;
import dev.signalbox.workers.reply.ReplyPublisher;
import dev.signalbox.workers.reply.TestPublishers;
import dev.signalbox.workers.router.PermitDesk;
import dev.signalbox.workers.scheduler.PoolDispatcher;
import dev.signalbox.workers.scheduler.PoolScheduler;
import dev.signalbox.workers.scheduler.RequestCost;
import dev.signalbox.workers.scheduler.RequestTask;
import dev.signalbox.workers.scheduler.RequestTasks;
import dev.signalbox.workers.scheduler.ShedReceipt;
import dev.signalbox.workers.telemetry.Telemetry;
import dev.signalbox.workers.vendor.AttemptOutcome;
import dev.signalbox.workers.vendor.TokenSink;
import dev.signalbox.workers.vendor.VendorClient;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The path of requests through a worker's scheduler and flow on a route by price with {@code spill_after: 50%}: one call at
 * once at the cheap deployment, any number at the dear one.
 */
@Tag("issue-6")
@Timeout(20)
class SpillAfterTest {
    private static final AttemptOutcome.CallTimes TIMES = new AttemptOutcome.CallTimes(Duration.ofMillis(5),
            Optional.of(Duration.ofMillis(2)));

    private static final Configuration CONFIGURATION = configuration();

    private final JsonRecords json = new JsonRecords();
    private final MockProducer<byte[], byte[]> producer = new MockProducer<>(true, null, new ByteArraySerializer(),
            new ByteArraySerializer());
    private final AtomicLong millis = new AtomicLong();
    private final HandTimer timer = new HandTimer();
    private final List<String> called = new CopyOnWriteArrayList<>();
    private final Semaphore cheapEnds = new Semaphore(0);
    private final Permits permits = new Permits(new PermitDesk(CONFIGURATION, new SplittableRandom(1)), this::nanos);
    private final PoolDispatcher dispatcher = dispatcher();

    private long nanos() {
        return millis.get() * 1_000_000;
    }

    @AfterEach
    void stop() {
        cheapEnds.release(100);
        timer.shutdownNow();
    }

    /** Its tasks run when the test says so; it knows when the next one is due. */
    private final class HandTimer extends ScheduledThreadPoolExecutor {
        private final AtomicReference<Runnable> next = new AtomicReference<>(() -> {
        });
        private volatile long dueNanos;

        HandTimer() {
            super(1);
        }

        @Override
        public ScheduledFuture<?> schedule(Runnable task, long delay, TimeUnit unit) {
            next.set(task);
            dueNanos = nanos() + unit.toNanos(delay);
            return super.schedule(() -> {
            }, 1, TimeUnit.DAYS);
        }
    }

    /** Time passes to that; alarms that fall due on the way ring. */
    private void passTo(long nowMillis) {
        for (int alarms = 0; timer.dueNanos <= nowMillis * 1_000_000 && alarms < 100; alarms++) {
            millis.set(Math.max(millis.get(), timer.dueNanos / 1_000_000));
            timer.dueNanos = Long.MAX_VALUE;
            timer.next.get().run();
            Awaitility.await().pollInterval(Duration.ofMillis(1)).during(Duration.ofMillis(20)).until(() -> true);
        }
        millis.set(nowMillis);
    }

    @Test
    void aRequestWithSlackWaitsForTheCheapDeploymentAndIsServedThere() {
        offer("first", 60_000);
        offer("second", 60_000);
        awaitCalls("first at cheap");
        passTo(20_000);
        assertThat(called).hasSize(1);
        assertThat(dispatcher.status().waiting()).isEqualTo(1);

        cheapEnds.release();
        awaitCalls("first at cheap", "second at cheap");
        cheapEnds.release();
        assertThat(servedBy()).containsExactly("cheap/m", "cheap/m");
    }

    @Test
    void whenItsSlackEndsItSpillsAndOthersWaitOn() {
        offer("first", 60_000);
        awaitCalls("first at cheap");
        offer("second", 60_000);
        offer("third", 40_000);
        passTo(19_999);
        assertThat(called).hasSize(1);
        passTo(20_000);
        awaitCalls("first at cheap", "third at dear");
        passTo(29_999);
        assertThat(called).hasSize(2);
        passTo(30_000);
        awaitCalls("first at cheap", "third at dear", "second at dear");
    }

    @Test
    void whoHasNoSlackPassesByThoseWhoWait() {
        offer("first", 60_000);
        awaitCalls("first at cheap");
        offer("second", 60_000);
        passTo(10_000);
        offer("hurried", 15_000);
        awaitCalls("first at cheap", "hurried at dear");
        assertThat(dispatcher.waiting(TestConfiguration.deployment("dear").name()))
                .as("nobody asks for the dear one's capacity").isZero();
    }

    private void awaitCalls(String... expected) {
        Awaitility.await().untilAsserted(() -> assertThat(called).containsExactly(expected));
    }

    private List<String> servedBy() {
        Awaitility.await().until(() -> replies().size() == called.size());
        return replies().stream().map(reply -> reply.getServedBy().getDeployment()).toList();
    }

    private List<LlmReply> replies() {
        return producer.history().stream().filter(record -> record.topic().equals(Topics.REPLIES))
                .map(record -> json.parseReply(record.value())).toList();
    }

    /** Its first record was appended at 0. */
    private void offer(String id, long expiresAtMillis) {
        dispatcher.offer(TestRequests.request(id, false, StreamPolicy.RESTART, expiresAtMillis));
    }

    private PoolDispatcher dispatcher() {
        RenewableProducer renewable = new RenewableProducer("test", () -> producer);
        ReplyPublisher publisher = TestPublishers.publisher(producer, timer, millis::get);
        WorkerMetrics metrics = new WorkerMetrics(new SimpleMeterRegistry());
        WorkerIdentity identity = new WorkerIdentity("w", 1);
        AttemptRecorder recorder = new AttemptRecorder(
                new AttemptJournal(new RecordEncoder(Map.of("schema.registry.url", "http://127.0.0.1:1")), renewable,
                        renewable, new BrokerClock()),
                metrics, new Pricing(CONFIGURATION.prices()), "test", identity, millis::get);
        RetryPause pause = new RetryPause() {
            @Override
            public Optional<Duration> before(int attempt, Optional<Duration> asked, long left) {
                return Optional.empty();
            }

            @Override
            public Optional<Duration> betweenVisits(int visit, Optional<Duration> asked, long left) {
                return Optional.empty();
            }
        };
        Visit visit = new Visit(new Attempt.Stages(permits, this::call, publisher, recorder, identity, millis::get,
                this::nanos), new Hedge(permits, timer, told -> {
                }), pause);
        RequestFlow flow = new RequestFlow(TestPlans.of(CONFIGURATION, permits), TestBodies.NONE, permits, visit, pause,
                new ReplyWriter("1", () -> 0), metrics, (served, reply) -> publisher.publish(served, reply, () -> {
                }), millis::get, this::nanos, Telemetry.OFF, TestRequests::neverCancelled, TestRequests.NEVER_LATER);
        PoolDispatcher made = new PoolDispatcher("main", new PoolScheduler(
                Map.of(Priority.STANDARD, PriorityShare.ofDefault(Priority.STANDARD)), 10, 100), new RequestTasks() {
                    @Override
                    public RequestTask begin(InboundRequest request) {
                        return flow.begin(request);
                    }

                    @Override
                    public boolean shed(InboundRequest request, ShedReceipt receipt) {
                        throw new AssertionError("shed: " + receipt);
                    }
                }, RequestCost::promptTokens, millis::get, this::nanos, timer);
        permits.listen(new Room(made));
        return made;
    }

    private record Room(PoolDispatcher dispatcher) implements Permits.RoomListener {
        @Override
        public PoolName pool() {
            return TestConfiguration.POOL;
        }

        @Override
        public int waiting(DeploymentName deployment) {
            return dispatcher.waiting(deployment);
        }

        @Override
        public int freeSlots() {
            return 10;
        }

        @Override
        public void freed(DeploymentName deployment) {
            dispatcher.freed(deployment);
        }

        @Override
        public void freed() {
            dispatcher.freed();
        }
    }

    private AttemptOutcome call(VendorClient.Call call, TokenSink sink) {
        String place = call.deployment().name().place();
        called.add(call.requestId() + " at " + place);
        if (place.equals("cheap")) {
            cheapEnds.acquireUninterruptibly();
        }
        return new AttemptOutcome.Answered("{\"text\":\"x\"}".getBytes(StandardCharsets.UTF_8), Optional.of("stop"),
                Optional.of("x"),
                Optional.of(TokenUsage.newBuilder().setInputTokens(10L).setOutputTokens(5L).build()), List.of(),
                TIMES);
    }

    private static Configuration configuration() {
        String yaml = """
                environment: test
                pools: { main: { use_cases: [otherwise], priorities: [standard] } }
                vendors: { v: { family: openai, base_url: "http://127.0.0.1:1" } }
                deployments:
                  cheap/m: { vendor: v, model_id: x, limits: { concurrency: 1 } }
                  dear/m: { vendor: v, model_id: x }
                routes: { m: { test: { otherwise: { cheapest: [dear, cheap], spill_after: 50% } } } }
                prices:
                  deployments:
                    cheap/m: { input_per_million: 1, output_per_million: 1 }
                    dear/m: { input_per_million: 2, output_per_million: 2 }
                """;
        return switch (ConfigurationReader.read("spill.yaml", yaml, name -> Optional.empty())) {
            case ReadResult.Valid valid -> valid.configuration();
            case ReadResult.Invalid invalid -> throw new IllegalStateException(invalid.problems().toString());
        };
    }
}
