package dev.signalbox.workers;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.ClaimSettings;
import dev.signalbox.config.Configuration;
import dev.signalbox.config.Pool;
import dev.signalbox.config.Residency;
import dev.signalbox.config.Strategy;
import dev.signalbox.config.WorkerSettings;
import dev.signalbox.schemas.avro.ClaimReference;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.schemas.avro.StreamPolicy;
import dev.signalbox.schemas.claim.ClaimStore;
import dev.signalbox.schemas.claim.ClaimStores;
import dev.signalbox.workers.ClaimedBodies.Fetch;
import dev.signalbox.workers.intake.BrokerClock;
import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.reply.AttemptJournal;
import dev.signalbox.workers.reply.Pricing;
import dev.signalbox.workers.reply.RecordEncoder;
import dev.signalbox.workers.reply.RenewableProducer;
import dev.signalbox.workers.reply.TestPublishers;
import dev.signalbox.workers.router.PermitDesk;
import dev.signalbox.workers.scheduler.Dispatch;
import dev.signalbox.workers.scheduler.PoolScheduler;
import dev.signalbox.workers.scheduler.RequestTask;
import dev.signalbox.workers.scheduler.RequestTask.Readiness;
import dev.signalbox.workers.scheduler.RequestTask.Step;
import dev.signalbox.workers.telemetry.Telemetry;
import dev.signalbox.workers.vendor.AttemptFailure;
import dev.signalbox.workers.vendor.AttemptOutcome;
import dev.signalbox.workers.vendor.FailureClass;
import dev.signalbox.workers.vendor.TokenSink;
import dev.signalbox.workers.vendor.VendorClient;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SplittableRandom;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A request whose body is in a store, on its path: what it holds is given back however its path ends. */
@Tag("issue-4")
class ClaimedRequestsTest {
    private static final long NOW = 1_000_000;
    private static final long LATER = NOW + 60_000;
    private static final String LARGE = "{\"model\":\"m\",\"messages\":[],\"a\":\"" + "x".repeat(1 << 20) + "\"}";

    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    private final MockProducer<byte[], byte[]> producer = new MockProducer<>(true, null, new ByteArraySerializer(),
            new ByteArraySerializer());
    private final Map<String, byte[]> stored = new HashMap<>();
    private final ClaimStores stores = new ClaimStores(Map.of("big", new ClaimStore() {
        @Override
        public void put(String key, byte[] body) {
            stored.put(key, body);
        }

        @Override
        public Optional<byte[]> get(String key, int limitBytes) throws IOException {
            return Optional.ofNullable(stored.get(key));
        }
    }), Optional.of("big"), 10, 2 << 20);
    /** Of one large body. */
    private final ClaimedBodies bodies = new ClaimedBodies(stores, new WorkerSettings(1, 1, 1 << 20),
            new ClaimSettings(Optional.of("big"), 10, 2 << 20, Map.of()), new Pauses(), () -> NOW);
    private final List<String> called = new ArrayList<>();
    private final List<InboundRequest> answered = new ArrayList<>();
    private final List<LlmReply> replies = new ArrayList<>();
    private final Cancellations cancellations = new Cancellations(60_000);
    private final RequestFlow flow = flow();
    private ClaimReference claim = new ClaimReference();
    private boolean fails;

    @BeforeEach
    void put() throws Exception {
        claim = stores.put(ClaimStores.Kind.REQUESTS, LARGE.getBytes(StandardCharsets.UTF_8));
    }

    @AfterEach
    void stop() {
        timer.shutdownNow();
    }

    @Test
    void theCallHasTheBodyAndItsRoomIsFreeWhenItEnds() {
        RequestTask task = flow.begin(request(claim));
        assertThat(task.ask()).isEqualTo(Readiness.READY);
        assertThat(task.run()).isEqualTo(new Step.Again(Duration.ZERO));
        assertThat(called).isEmpty();
        assertThat(hasRoom()).as("while it has its body").isFalse();
        assertThat(task.ask()).isEqualTo(Readiness.READY);
        assertThat(task.run()).isEqualTo(Step.ENDED);

        assertThat(called).containsExactly(LARGE);
        assertThat(replies.getFirst().getStatus()).isEqualTo(ReplyStatus.COMPLETED);
        assertThat(answered.getFirst().request().getBodyClaim()).as("waits for its reply without its body").isNotNull();
        assertThat(hasRoom()).isTrue();
    }

    @Test
    void aBodyThatCannotBeHadEndsItWithoutACall() throws Exception {
        stored.clear();
        RequestTask task = flow.begin(request(claim));
        task.ask();
        assertThat(task.run()).isEqualTo(Step.ENDED);
        assertThat(called).isEmpty();
        assertThat(replies.getFirst().getError().getCode()).isEqualTo("CLAIM_NOT_FOUND");
        put();
        assertThat(hasRoom()).isTrue();
    }

    @Test
    void aCancelledRequestsBodyIsNotFetched() throws Exception {
        RequestTask task = flow.begin(request(claim));
        cancellations.add(task.request().id(), NOW);
        stored.clear();
        assertThat(task.deployments()).as("it waits for none").isEmpty();
        task.ask();
        assertThat(task.run()).isEqualTo(Step.ENDED);
        assertThat(replies.getFirst().getStatus()).isEqualTo(ReplyStatus.CANCELLED);
        put();
        assertThat(hasRoom()).isTrue();
    }

    @Test
    void aRequestWhosePartitionMovesWhileItPausesGivesItsBodyBack() {
        fails = true;
        PoolScheduler scheduler = scheduler();
        Dispatch dispatch = pausing(scheduler);
        scheduler.again(dispatch, Duration.ofSeconds(1), 0);
        assertThat(hasRoom()).isFalse();

        assertThat(scheduler.forget(dispatch.request().ticket().partition(), 3)).isEqualTo(1);
        assertThat(hasRoom()).isTrue();
        assertThat(replies).isEmpty();
    }

    @Test
    void aRequestWhosePartitionMovesWhileItRunsGivesItsBodyBackWhenItWouldWait() {
        fails = true;
        PoolScheduler scheduler = scheduler();
        Dispatch dispatch = pausing(scheduler);
        assertThat(scheduler.forget(dispatch.request().ticket().partition(), 3)).isZero();
        assertThat(hasRoom()).isFalse();

        scheduler.again(dispatch, Duration.ofSeconds(1), 0);
        assertThat(hasRoom()).isTrue();
        assertThat(replies).isEmpty();
    }

    private Dispatch pausing(PoolScheduler scheduler) {
        scheduler.offer(flow.begin(request(claim)), 1);
        Dispatch dispatch = scheduler.next(RequestTask::ask, NOW, 0).orElseThrow();
        assertThat(dispatch.task().run()).isEqualTo(new Step.Again(Duration.ZERO));
        assertThat(dispatch.task().ask()).isEqualTo(Readiness.READY);
        assertThat(dispatch.task().run()).isInstanceOf(Step.Again.class);
        assertThat(called).hasSize(1);
        return dispatch;
    }

    private static PoolScheduler scheduler() {
        return new PoolScheduler(Map.of(TestRequests.LANE.priority(), new Pool.PriorityShare(1, 0)), 1, 10);
    }

    /** Whether another request could have its body now; it gives it back. */
    private boolean hasRoom() {
        ClaimedBodies.Body other = bodies.of(request(claim), claim);
        boolean whole = other.fetch() instanceof Fetch.Whole;
        other.release();
        return whole;
    }

    private static InboundRequest request(ClaimReference claim) {
        InboundRequest plain = TestRequests.request("r", false, StreamPolicy.RESTART, LATER);
        LlmRequest claimed = LlmRequest.newBuilder(plain.request())
                .setBody(ByteBuffer.wrap("{}".getBytes(StandardCharsets.UTF_8))).setBodyClaim(claim).build();
        return new InboundRequest(plain.lane(), plain.ticket(), claimed, "h", 0, 0, LATER, plain.address(), 100);
    }

    private RequestFlow flow() {
        Configuration configuration = TestConfiguration.routing(
                new Strategy.Sequence(List.of(TestConfiguration.one("a"), TestConfiguration.one("b"))),
                Residency.ANYWHERE, TestConfiguration.deployment("a"), TestConfiguration.deployment("b"));
        RecordEncoder encoder = new RecordEncoder(Map.of("schema.registry.url", "http://127.0.0.1:1"));
        WorkerIdentity identity = new WorkerIdentity("w", 1);
        WorkerMetrics metrics = new WorkerMetrics(new SimpleMeterRegistry());
        RenewableProducer renewable = new RenewableProducer("test", () -> producer);
        AttemptRecorder recorder = new AttemptRecorder(
                new AttemptJournal(encoder, renewable, renewable, new BrokerClock()), metrics,
                new Pricing(configuration.prices()), "test", identity, () -> NOW);
        Permits permits = new Permits(new PermitDesk(configuration, new SplittableRandom(1)), () -> 0);
        Visit visit = new Visit(
                new Attempt.Stages(permits, this::call, TestPublishers.publisher(producer, timer, () -> NOW), recorder,
                        identity, () -> NOW, () -> 0),
                new Hedge(permits, timer, outcome -> {
                }), new Pauses());
        return new RequestFlow(TestPlans.of(configuration, permits), bodies,
                permits, visit, new Pauses(), new ReplyWriter("1", () -> 0), metrics, (request, reply) -> {
                    answered.add(request);
                    replies.add(reply);
                }, () -> NOW, () -> 0, Telemetry.OFF,
                request -> new UnderWay(request.id(), cancellations, () -> 0, () -> {
                }), TestRequests.NEVER_LATER);
    }

    private AttemptOutcome call(VendorClient.Call call, TokenSink sink) {
        called.add(new String(call.body(), StandardCharsets.UTF_8));
        var times = new AttemptOutcome.CallTimes(Duration.ofMillis(5), Optional.of(Duration.ofMillis(2)));
        return fails
                ? new AttemptOutcome.Failed(
                        new AttemptFailure(FailureClass.OVERLOADED, OptionalInt.empty(), "it failed",
                                Optional.empty()),
                        Optional.empty(), Optional.empty(), times)
                : new AttemptOutcome.Answered("{}".getBytes(StandardCharsets.UTF_8), Optional.of("stop"),
                        Optional.of("m"), Optional.empty(), List.of(), times);
    }

    private static final class Pauses implements RetryPause {
        @Override
        public Optional<Duration> before(int attempt, Optional<Duration> asked, long left) {
            return Optional.of(Duration.ofMillis(1));
        }

        @Override
        public Optional<Duration> betweenVisits(int visit, Optional<Duration> asked, long left) {
            return Optional.of(Duration.ofMillis(1));
        }
    }
}
