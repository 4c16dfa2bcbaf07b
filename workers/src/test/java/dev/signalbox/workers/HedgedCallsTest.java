package dev.signalbox.workers;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.ConfigurationReader;
import dev.signalbox.config.Deployment;
import dev.signalbox.config.DeploymentName;
import dev.signalbox.config.ReadResult;
import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.AttemptSummary;
import dev.signalbox.schemas.avro.ChunkKind;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.schemas.avro.StreamPolicy;
import dev.signalbox.schemas.avro.TokenChunk;
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
import dev.signalbox.workers.router.CallAsk;
import dev.signalbox.workers.router.CallLesson;
import dev.signalbox.workers.router.CallUse;
import dev.signalbox.workers.router.PermitDesk;
import dev.signalbox.workers.router.PermitDesk.Answer;
import dev.signalbox.workers.router.RouteDecision.Rule;
import dev.signalbox.workers.router.RoutingQuery;
import dev.signalbox.workers.telemetry.Telemetry;
import dev.signalbox.workers.vendor.AttemptFailure;
import dev.signalbox.workers.vendor.AttemptOutcome;
import dev.signalbox.workers.vendor.FailureClass;
import dev.signalbox.workers.vendor.TokenSink;
import dev.signalbox.workers.vendor.VendorClient;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A second call for an interactive request whose first token is late: when there is one, which of the two counts, and what it costs. */
@Tag("issue-6")
@Timeout(20)
class HedgedCallsTest {
    private static final long NOW = 1_000_000;
    private static final AttemptOutcome.CallTimes TIMES = new AttemptOutcome.CallTimes(Duration.ofMillis(5),
            Optional.of(Duration.ofMillis(2)));
    private static final String WITH_HEDGING = "hedge_after: 300ms,";

    private final JsonRecords json = new JsonRecords();
    private final MockProducer<byte[], byte[]> producer = new MockProducer<>(true, null, new ByteArraySerializer(),
            new ByteArraySerializer());
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    private final HandTimer hedgeTimer = new HandTimer();
    private final Map<String, VendorClient> vendors = new HashMap<>();
    private final List<String> called = new CopyOnWriteArrayList<>();
    private final List<Hedge.Outcome> hedges = new CopyOnWriteArrayList<>();
    private final Cancellations cancellations = new Cancellations(60_000);
    private final CountDownLatch secondCalled = new CountDownLatch(1);
    private String rules = WITH_HEDGING;
    private Priority priority = Priority.INTERACTIVE;
    private boolean streamTokens = true;
    private Configuration configuration = configuration();
    private Permits permits = permits();

    @AfterEach
    void stop() {
        timer.shutdownNow();
        hedgeTimer.shutdownNow();
        configuration.deployments().values()
                .forEach(deployment -> assertThat(permits.view(deployment).running()).as("permits held").isZero());
    }

    /** A timer whose time comes when a test says so. */
    private static final class HandTimer extends ScheduledThreadPoolExecutor {
        private final List<Runnable> tasks = new CopyOnWriteArrayList<>();

        HandTimer() {
            super(1);
        }

        @Override
        public ScheduledFuture<?> schedule(Runnable task, long delay, TimeUnit unit) {
            assertThat(unit.toMillis(delay)).isEqualTo(300);
            tasks.add(task);
            return super.schedule(() -> {
            }, 1, TimeUnit.DAYS);
        }

        void due() {
            tasks.forEach(Runnable::run);
        }
    }

    @Test
    void whereTheFirstTokenIsLateASecondCallElsewhereAnswers() {
        vendors.put("a", (call, sink) -> {
            hedgeTimer.due();
            untilCut(sink);
            sink.token(ChunkKind.TEXT, 0, "too late", null);
            return failed(FailureClass.CANCELLED, 7);
        });
        vendors.put("b", (call, sink) -> answered(sink, "from b"));
        LlmReply reply = serve();

        assertThat(reply.getStatus()).isEqualTo(ReplyStatus.COMPLETED);
        assertThat(reply.getServedBy().getDeployment()).isEqualTo("b/m");
        assertThat(reply.getAnsweredBy().getNumber()).isEqualTo(2);
        assertThat(reply.getAttempts()).extracting(AttemptSummary::getOutcome).containsExactly("CANCELLED", "ANSWERED");
        assertThat(reply.getAttempts()).extracting(each -> each.getAttempt().getNumber()).containsExactly(1, 2);
        assertThat(shown()).containsExactly("2 from b");
        assertThat(reply.getCost()).as("of both: 7 and 20 output tokens, 10 input tokens each")
                .isEqualByComparingTo(new BigDecimal("0.000074"));
        assertThat(hedges).containsExactly(Hedge.Outcome.WON);
    }

    @Test
    void theFirstCallIsTheAnswerIfItsTokenComesFirstAllTheSame() {
        vendors.put("a", (call, sink) -> {
            hedgeTimer.due();
            await(secondCalled);
            return answered(sink, "from a");
        });
        vendors.put("b", (call, sink) -> {
            secondCalled.countDown();
            untilCut(sink);
            sink.token(ChunkKind.TEXT, 0, "too late", null);
            return failed(FailureClass.CANCELLED, 3);
        });
        LlmReply reply = serve();

        assertThat(reply.getServedBy().getDeployment()).isEqualTo("a/m");
        assertThat(reply.getAnsweredBy().getNumber()).isEqualTo(1);
        assertThat(reply.getAttempts()).hasSize(2);
        assertThat(shown()).containsExactly("1 from a");
        assertThat(hedges).containsExactly(Hedge.Outcome.LOST);
    }

    @Test
    void whoHasGivenATokenIsNotHedged() {
        vendors.put("a", (call, sink) -> {
            sink.token(ChunkKind.TEXT, 0, "from ", null);
            hedgeTimer.due();
            return answered(sink, "a");
        });
        assertThat(serve().getAttempts()).hasSize(1);
        hedgeTimer.due();
        assertThat(called).as("nor after its end").containsExactly("a");
        assertThat(hedges).isEmpty();
    }

    @Test
    void onlyStreamedCallsOfInteractiveRequestsOnRoutesThatSayWhenAreHedged() {
        vendors.put("a", (call, sink) -> answered(sink, "from a"));
        rules = "";
        serve();
        rules = WITH_HEDGING;
        priority = Priority.STANDARD;
        serve();
        priority = Priority.INTERACTIVE;
        streamTokens = false;
        serve();
        assertThat(hedgeTimer.tasks).isEmpty();
        streamTokens = true;
        assertThat(serve().getStatus()).isEqualTo(ReplyStatus.COMPLETED);
        assertThat(hedgeTimer.tasks).hasSize(1);
    }

    @Test
    void withoutAPermitThereIsNoSecondCall() {
        vendors.put("a", this::hedgedInVain);
        configuration = configuration();
        permits = permits();
        Answer.Granted taken = taken(new CallAsk(Rule.STRATEGY, Set.of(name("a")), Set.of(), Optional.empty(), true));
        assertThat(taken.permit().deployment().name()).isEqualTo(name("b"));
        assertThat(serveHere().getAttempts()).hasSize(1);
        permits.ended(taken.permit(), CallUse.NOT_MADE, CallLesson.NOTHING);
        assertThat(hedges).containsExactly(Hedge.Outcome.NO_ROOM);
    }

    @Test
    void thereIsNoSecondCallAgainstRequestsThatWait() {
        vendors.put("a", this::hedgedInVain);
        configuration = configuration();
        permits = permits();
        permits.listen(new Waiting());
        assertThat(serveHere().getAttempts()).hasSize(1);
        assertThat(hedges).containsExactly(Hedge.Outcome.NO_ROOM);
    }

    @Test
    void secondCallsSpendTheRetryBudget() {
        vendors.put("a", this::hedgedInVain);
        configuration = configuration();
        permits = permits();
        for (int i = 0; i < 10; i++) {
            permits.ended(
                    taken(new CallAsk(Rule.STRATEGY, Set.of(name("a")), Set.of(), Optional.empty(), true)).permit(),
                    CallUse.NOT_MADE, CallLesson.NOTHING);
        }
        assertThat(serveHere().getAttempts()).hasSize(1);
        assertThat(hedges).containsExactly(Hedge.Outcome.NO_BUDGET);
    }

    @Test
    void whenTheFirstCallFailsTheSecondGoesOn() {
        vendors.put("a", (call, sink) -> {
            hedgeTimer.due();
            await(secondCalled);
            return failed(FailureClass.OVERLOADED, 0);
        });
        vendors.put("b", (call, sink) -> {
            secondCalled.countDown();
            return answered(sink, "from b");
        });
        LlmReply reply = serve();
        assertThat(reply.getServedBy().getDeployment()).isEqualTo("b/m");
        assertThat(shown()).containsExactly("2 from b");
    }

    @Test
    void whatIsWrongWithTheRequestEndsBoth() {
        vendors.put("a", (call, sink) -> {
            hedgeTimer.due();
            await(secondCalled);
            return failed(FailureClass.INVALID_REQUEST, 0);
        });
        vendors.put("b", (call, sink) -> {
            secondCalled.countDown();
            untilCut(sink);
            return failed(FailureClass.CANCELLED, 0);
        });
        LlmReply reply = serve();
        assertThat(reply.getStatus()).isEqualTo(ReplyStatus.FAILED);
        assertThat(reply.getError().getCode()).isEqualTo("INVALID_REQUEST");
        assertThat(called).containsExactly("a", "b");
        assertThat(hedges).containsExactly(Hedge.Outcome.LOST);
    }

    @Test
    void aSecondCallThatFailsChangesNothing() {
        CountDownLatch secondEnded = new CountDownLatch(1);
        vendors.put("a", (call, sink) -> {
            hedgeTimer.due();
            await(secondEnded);
            return answered(sink, "from a");
        });
        vendors.put("b", (call, sink) -> {
            secondEnded.countDown();
            return failed(FailureClass.OVERLOADED, 0);
        });
        LlmReply reply = serve();
        assertThat(reply.getServedBy().getDeployment()).isEqualTo("a/m");
        assertThat(reply.getAttempts()).hasSize(2);
    }

    @Test
    void aSecondCallIsOneOfTheVisitsThree() {
        vendors.put("a", (call, sink) -> {
            if (called.size() == 1) {
                hedgeTimer.due();
                await(secondCalled);
            }
            return failed(FailureClass.OVERLOADED, 0);
        });
        vendors.put("b", (call, sink) -> {
            secondCalled.countDown();
            return failed(FailureClass.OVERLOADED, 0);
        });
        LlmReply reply = serve();
        assertThat(reply.getStatus()).isEqualTo(ReplyStatus.FAILED);
        assertThat(called).hasSize(Visit.MAX_ATTEMPTS);
        assertThat(reply.getAttempts()).extracting(each -> each.getAttempt().getNumber()).containsExactly(1, 2, 3);
    }

    @Test
    void aCancelledRequestEndsBoth() {
        vendors.put("a", (call, sink) -> {
            hedgeTimer.due();
            await(secondCalled);
            cancellations.add(call.requestId(), NOW);
            untilCut(sink);
            return failed(FailureClass.CANCELLED, 0);
        });
        vendors.put("b", (call, sink) -> {
            secondCalled.countDown();
            untilCut(sink);
            return failed(FailureClass.CANCELLED, 0);
        });
        assertThat(serve().getStatus()).isEqualTo(ReplyStatus.CANCELLED);
    }

    /** Nobody waits for pool {@code main}'s room but at b. */
    private static final class Waiting implements Permits.RoomListener {
        @Override
        public PoolName pool() {
            return new PoolName("main");
        }

        @Override
        public int waiting(DeploymentName deployment) {
            return deployment.equals(name("b")) ? 1 : 0;
        }

        @Override
        public int freeSlots() {
            return 1;
        }

        @Override
        public void freed(DeploymentName deployment) {
        }

        @Override
        public void freed() {
        }
    }

    /** Its second call comes to nothing; it answers when that is known. */
    private AttemptOutcome hedgedInVain(VendorClient.Call call, TokenSink sink) {
        hedgeTimer.due();
        Awaitility.await().pollDelay(Duration.ZERO).pollInterval(Duration.ofMillis(5)).until(() -> !hedges.isEmpty());
        return answered(sink, "from a");
    }

    private static void untilCut(TokenSink sink) {
        long patience = System.nanoTime() + 3_000_000_000L;
        while (sink.goesOn() && System.nanoTime() - patience < 0) {
            Thread.onSpinWait();
        }
    }

    private static void await(CountDownLatch latch) {
        Awaitility.await().pollDelay(Duration.ZERO).pollInterval(Duration.ofMillis(5))
                .until(() -> latch.getCount() == 0);
    }

    private Answer.Granted taken(CallAsk ask) {
        RoutingQuery query = TestPlans.of(configuration, permits).get().queries().query(request());
        return (Answer.Granted) permits.ask(permits.router(), query, ask);
    }

    private Configuration configuration() {
        String yaml = """
                environment: test
                vendors:
                  a: { family: openai, base_url: "http://127.0.0.1:1" }
                  b: { family: openai, base_url: "http://127.0.0.1:2" }
                deployments:
                  a/m: { vendor: a, model_id: m, limits: { concurrency: 4 } }
                  b/m: { vendor: b, model_id: m, limits: { concurrency: 1 } }
                pools: { main: { use_cases: [otherwise], priorities: [interactive, standard] } }
                routes: { m: { test: { otherwise: { %s sequence: [a, b] } } } }
                prices:
                  deployments: { a/m: { input_per_million: 1, output_per_million: 2 }, b/m: { input_per_million: 1, output_per_million: 2 } }
                """.formatted(rules);
        return switch (ConfigurationReader.read("hedging.yaml", yaml, name -> Optional.empty())) {
            case ReadResult.Valid valid -> valid.configuration();
            case ReadResult.Invalid invalid -> throw new IllegalStateException(invalid.problems().toString());
        };
    }

    private Permits permits() {
        return new Permits(new PermitDesk(configuration, new SplittableRandom(1)), () -> 0);
    }

    private static DeploymentName name(String place) {
        return new DeploymentName(place, "m");
    }

    private InboundRequest request() {
        return TestRequests.request(new Lane(TestConfiguration.POOL, priority), "r1", streamTokens,
                StreamPolicy.RESTART, NOW + 60_000);
    }

    private LlmReply serve() {
        configuration = configuration();
        permits = permits();
        return serveHere();
    }

    private LlmReply serveHere() {
        producer.clear();
        called.clear();
        RecordEncoder encoder = new RecordEncoder(Map.of("schema.registry.url", "http://127.0.0.1:1"));
        RenewableProducer renewable = new RenewableProducer("test", () -> producer);
        ReplyPublisher publisher = TestPublishers.publisher(producer, timer, () -> NOW);
        WorkerMetrics metrics = new WorkerMetrics(new SimpleMeterRegistry());
        WorkerIdentity identity = new WorkerIdentity("w", 1);
        AttemptRecorder recorder = new AttemptRecorder(
                new AttemptJournal(encoder, renewable, renewable, new BrokerClock()), metrics,
                new Pricing(configuration.prices()), "test", identity, () -> NOW);
        RetryPause pause = new NoPauses();
        Visit visit = new Visit(new Attempt.Stages(permits, this::call, publisher, recorder, identity, () -> NOW,
                () -> 0), new Hedge(permits, hedgeTimer, hedges::add), pause);
        TestRequests.serve(new RequestFlow(TestPlans.of(configuration, permits), TestBodies.NONE, permits, visit, pause,
                new ReplyWriter("1", () -> 0), metrics, (served, reply) -> publisher.publish(served, reply, () -> {
                }), () -> NOW, () -> 0, Telemetry.OFF,
                request -> new UnderWay(request.id(), cancellations, () -> 0, () -> {
                }), TestRequests.NEVER_LATER), request());
        Awaitility.await().pollDelay(Duration.ZERO).pollInterval(Duration.ofMillis(5))
                .until(() -> publisher.unpublished() == 0);
        return producer.history().stream().filter(record -> record.topic().equals(Topics.REPLIES))
                .map(record -> json.parseReply(record.value())).findFirst().orElseThrow();
    }

    private static final class NoPauses implements RetryPause {
        @Override
        public Optional<Duration> before(int attempt, Optional<Duration> asked, long left) {
            return Optional.of(Duration.ZERO);
        }

        @Override
        public Optional<Duration> betweenVisits(int visit, Optional<Duration> asked, long left) {
            return Optional.empty();
        }
    }

    private AttemptOutcome call(VendorClient.Call call, TokenSink sink) {
        Deployment deployment = call.deployment();
        called.add(deployment.name().place());
        return Optional.ofNullable(vendors.get(deployment.name().place())).orElseThrow().call(call, sink);
    }

    private static AttemptOutcome answered(TokenSink sink, String text) {
        sink.token(ChunkKind.TEXT, 0, text, null);
        return new AttemptOutcome.Answered(("{\"text\":\"" + text + "\"}").getBytes(StandardCharsets.UTF_8),
                Optional.of("stop"), Optional.of("vendor-m"), usage(20), List.of(), TIMES);
    }

    private static AttemptOutcome failed(FailureClass why, long outputTokens) {
        return new AttemptOutcome.Failed(
                new AttemptFailure(why, OptionalInt.empty(), "it failed", Optional.empty()), Optional.empty(),
                usage(outputTokens), TIMES);
    }

    private static Optional<TokenUsage> usage(long outputTokens) {
        return Optional.of(TokenUsage.newBuilder().setInputTokens(10L).setOutputTokens(outputTokens).build());
    }

    /** Each chunk with text, behind its attempt's number. */
    private List<String> shown() {
        return producer.history().stream().filter(record -> record.topic().equals(Topics.TOKENS))
                .map(record -> json.parseChunk(record.value())).filter(chunk -> chunk.getKind() != ChunkKind.END)
                .map(HedgedCallsTest::told).toList();
    }

    private static String told(TokenChunk chunk) {
        return chunk.getAttempt().getNumber() + " " + chunk.getDelta();
    }
}
