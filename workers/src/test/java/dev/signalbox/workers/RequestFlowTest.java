package dev.signalbox.workers;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.Residency;
import dev.signalbox.config.Strategy;
import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.ChunkEndStatus;
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
import dev.signalbox.workers.router.PermitDesk;
import dev.signalbox.workers.scheduler.ShedReceipt;
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
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SplittableRandom;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-7")
class RequestFlowTest {
    private static final long NOW = 1_000_000;
    private static final long LATER = NOW + 60_000;
    private static final AttemptOutcome.CallTimes TIMES = new AttemptOutcome.CallTimes(Duration.ofMillis(5),
            Optional.of(Duration.ofMillis(2)));

    private final JsonRecords json = new JsonRecords();
    private final MockProducer<byte[], byte[]> producer = new MockProducer<>(true, null, new ByteArraySerializer(),
            new ByteArraySerializer());
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    private final Deque<BiFunction<VendorClient.Call, TokenSink, AttemptOutcome>> script = new ArrayDeque<>();
    private final List<String> called = new ArrayList<>();
    private final List<InboundRequest> done = new ArrayList<>();
    private final List<Duration> pauses = new ArrayList<>();
    private final Cancellations cancellations = new Cancellations(60_000);
    private final List<String> toldRunning = new CopyOnWriteArrayList<>();
    private final AtomicLong nanos = new AtomicLong();
    private int visits = 1;

    @AfterEach
    void stop() {
        timer.shutdownNow();
    }

    @Test
    void anAnswerIsPublishedWholeWithWhoGaveItAndWhatItCost() {
        script.add(answer("hello"));
        serve(TestRequests.request("r1", false, StreamPolicy.RESTART, LATER));

        LlmReply reply = reply();
        assertThat(reply.getStatus()).isEqualTo(ReplyStatus.COMPLETED);
        assertThat(body(reply)).contains("hello");
        assertThat(reply.getServedBy().getDeployment()).isEqualTo("a/m");
        assertThat(reply.getAnsweredBy()).isEqualTo(reply.getAttempts().getFirst().getAttempt());
        assertThat(reply.getAnsweredBy().getEpoch()).isEqualTo(3);
        assertThat(reply.getCost()).isEqualByComparingTo(new BigDecimal("0.000050"));
        assertThat(reply.getRequestHash()).isEqualTo("0123456789abcdef0123456789abcdef");
        assertThat(done).hasSize(1);
    }

    @Test
    void aFailureBeforeTheFirstTokenGoesToTheNextDeployment() {
        script.add(failure(FailureClass.OVERLOADED));
        script.add(failure(FailureClass.OVERLOADED));
        script.add(answer("from b"));
        serve(TestRequests.request("r1", true, StreamPolicy.RESTART, LATER));

        assertThat(called).containsExactly("a/m", "a/m", "b/m");
        assertThat(reply().getServedBy().getDeployment()).isEqualTo("b/m");
        assertThat(reply().getAttempts()).extracting(attempt -> attempt.getOutcome()).containsExactly("OVERLOADED",
                "OVERLOADED", "ANSWERED");
        assertThat(chunks()).isEmpty();
    }

    @Test
    void aRequestAtFaultIsNotTriedAnywhereElse() {
        script.add(failure(FailureClass.INVALID_REQUEST));
        serve(TestRequests.request("r1", false, StreamPolicy.RESTART, LATER));

        assertThat(called).containsExactly("a/m");
        assertThat(reply().getStatus()).isEqualTo(ReplyStatus.FAILED);
        assertThat(reply().getError().getCode()).isEqualTo("INVALID_REQUEST");
        assertThat(reply().getError().getRetryable()).isFalse();
        assertThat(reply().getAnsweredBy()).isNull();
    }

    @Test
    void threeAttemptsAreTheMostAndTheErrorIsHonest() {
        script.add(failure(FailureClass.TIMEOUT));
        script.add(failure(FailureClass.TIMEOUT));
        script.add(failure(FailureClass.TIMEOUT));
        serve(TestRequests.request("r1", false, StreamPolicy.RESTART, LATER));

        assertThat(called).containsExactly("a/m", "b/m", "a/m");
        assertThat(pauses).as("only a deployment that was called before is paused for").hasSize(1);
        assertThat(reply().getError().getCode()).isEqualTo("TIMEOUT");
        assertThat(reply().getError().getRetryable()).isTrue();
        assertThat(done).hasSize(1);
    }

    @Test
    void aCutStreamIsToldAndStartedAgainElsewhere() {
        script.add((call, sink) -> {
            sink.token(ChunkKind.TEXT, 0, "hel", null);
            return failed(FailureClass.TRUNCATED);
        });
        script.add((call, sink) -> {
            sink.token(ChunkKind.TEXT, 0, "hello", null);
            return answered("hello");
        });
        serve(TestRequests.request("r1", true, StreamPolicy.RESTART, LATER));

        List<TokenChunk> chunks = chunks();
        assertThat(chunks).extracting(TokenChunk::getDelta).containsExactly("hel", "", "hello", "");
        assertThat(chunks.get(1).getEnd().getStatus()).isEqualTo(ChunkEndStatus.CUT);
        assertThat(chunks.get(3).getEnd().getStatus()).isEqualTo(ChunkEndStatus.COMPLETE);
        assertThat(chunks.get(2).getAttempt().getNumber()).isGreaterThan(chunks.get(0).getAttempt().getNumber());
        assertThat(reply().getAnsweredBy()).isEqualTo(chunks.get(3).getAttempt());
    }

    @Test
    void aCutStreamFailsWithWhatWasSeenWhereTheRequestSaysSo() {
        script.add((call, sink) -> {
            sink.token(ChunkKind.TEXT, 0, "hel", null);
            return new AttemptOutcome.Failed(new AttemptFailure(FailureClass.TRUNCATED, OptionalInt.of(200), "cut",
                    Optional.empty()), Optional.of("{\"partial\":\"hel\"}".getBytes(StandardCharsets.UTF_8)),
                    Optional.empty(), TIMES);
        });
        serve(TestRequests.request("r1", true, StreamPolicy.FAIL, LATER));

        assertThat(called).hasSize(1);
        assertThat(reply().getStatus()).isEqualTo(ReplyStatus.FAILED);
        assertThat(body(reply())).contains("hel");
    }

    @Test
    void anExpiredRequestCallsNobody() {
        serve(TestRequests.request("r1", false, StreamPolicy.RESTART, NOW));

        assertThat(called).isEmpty();
        assertThat(reply().getStatus()).isEqualTo(ReplyStatus.EXPIRED);
        assertThat(done).hasSize(1);
    }

    @Test
    void aTimeToLiveThatEndsInACallIsExpired() {
        script.add(failure(FailureClass.DEADLINE));
        serve(TestRequests.request("r1", false, StreamPolicy.RESTART, LATER));

        assertThat(reply().getStatus()).isEqualTo(ReplyStatus.EXPIRED);
    }

    @Test
    void anInterruptedCallPublishesNothingAndLeavesTheRequestPending() {
        script.add(failure(FailureClass.CANCELLED));
        serve(TestRequests.request("r1", false, StreamPolicy.RESTART, LATER));

        assertThat(published(Topics.REPLIES)).isEmpty();
        assertThat(done).isEmpty();
    }

    @Test
    void aRequestCancelledBeforeItCameCallsNobody() {
        cancellations.add("r1", NOW);
        serve(TestRequests.request("r1", true, StreamPolicy.RESTART, LATER));

        assertThat(called).isEmpty();
        assertThat(reply().getStatus()).isEqualTo(ReplyStatus.CANCELLED);
        assertThat(reply().getError().getRetryable()).isFalse();
        assertThat(reply().getCost()).isEqualByComparingTo(BigDecimal.ZERO);
        assertThat(done).hasSize(1);
    }

    @Test
    void aCancelledCallIsCutAndWhatItUsedIsCounted() {
        script.add((call, sink) -> {
            sink.token(ChunkKind.TEXT, 0, "hel", null);
            assertThat(sink.goesOn()).isTrue();
            cancellations.add("r1", NOW);
            assertThat(sink.goesOn()).isFalse();
            return new AttemptOutcome.Failed(AttemptFailure.of(FailureClass.CANCELLED, "cancelled"), Optional.empty(),
                    Optional.of(TokenUsage.newBuilder().setInputTokens(10L).setOutputTokens(20L).setEstimated(true)
                            .build()),
                    TIMES);
        });
        serve(TestRequests.request("r1", true, StreamPolicy.RESTART, LATER));

        assertThat(reply().getStatus()).isEqualTo(ReplyStatus.CANCELLED);
        assertThat(reply().getError().getMessage()).contains("after 1 vendor calls");
        assertThat(reply().getCost()).isEqualByComparingTo(new BigDecimal("0.000050"));
        assertThat(reply().getAttempts().getFirst().getUsage().getEstimated()).isTrue();
        assertThat(chunks().getLast().getEnd().getStatus()).isEqualTo(ChunkEndStatus.CUT);
        assertThat(done).hasSize(1);
    }

    @Test
    void aCancellationComesTooLateForAnAnswerAndInTimeForTheNextAttempt() {
        script.add((call, sink) -> {
            cancellations.add("r1", NOW);
            return answered("hello");
        });
        serve(TestRequests.request("r1", false, StreamPolicy.RESTART, LATER));
        assertThat(reply().getStatus()).isEqualTo(ReplyStatus.COMPLETED);

        producer.clear();
        script.add((call, sink) -> {
            cancellations.add("r2", NOW);
            return failed(FailureClass.OVERLOADED);
        });
        serve(TestRequests.request("r2", false, StreamPolicy.RESTART, LATER));
        assertThat(reply().getStatus()).isEqualTo(ReplyStatus.CANCELLED);
        assertThat(called).containsExactly("a/m", "a/m");
    }

    @Test
    void thatItRunsIsToldOnceOfARequestThatTakesLong() {
        script.add((call, sink) -> {
            assertThat(sink.goesOn()).isTrue();
            nanos.set(UnderWay.TOLD_AFTER.toNanos() - 1);
            assertThat(sink.goesOn()).isTrue();
            return failed(FailureClass.OVERLOADED);
        });
        script.add((call, sink) -> {
            nanos.addAndGet(UnderWay.TOLD_AFTER.toNanos());
            assertThat(sink.goesOn() && sink.goesOn()).isTrue();
            return answered("hello");
        });
        serve(TestRequests.request("r1", false, StreamPolicy.RESTART, LATER));
        script.add(answer("at once"));
        serve(TestRequests.request("r2", false, StreamPolicy.RESTART, LATER));

        Awaitility.await().pollDelay(Duration.ZERO).pollInterval(Duration.ofMillis(5))
                .until(() -> !toldRunning.isEmpty());
        assertThat(toldRunning).containsExactly("r1");
    }

    @Test
    void aDefectIsAnsweredAndHoldsNobody() {
        script.add((call, sink) -> {
            throw new IllegalStateException("a bug");
        });
        serve(TestRequests.request("r1", false, StreamPolicy.RESTART, LATER));

        assertThat(reply().getError().getCode()).isEqualTo("INTERNAL_ERROR");
        assertThat(reply().getError().getMessage()).doesNotContain("a bug");
        assertThat(done).hasSize(1);
    }

    @Test
    void theReplyFollowsItsChunks() {
        script.add((call, sink) -> {
            sink.token(ChunkKind.TEXT, 0, "x", null);
            return answered("x");
        });
        serve(TestRequests.request("r1", true, StreamPolicy.RESTART, LATER));

        List<String> order = producer.history().stream().map(ProducerRecord::topic)
                .filter(topic -> !topic.equals(Topics.ATTEMPTS)).toList();
        assertThat(order).containsExactly(Topics.TOKENS, Topics.TOKENS, Topics.REPLIES);
    }

    @Test
    @Tag("issue-6")
    void whoIsShedGetsAReceiptAndCallsNobody() {
        InboundRequest request = TestRequests.request("r1", true, StreamPolicy.RESTART, LATER);
        along(flow -> flow.shed(request, new ShedReceipt(Priority.STANDARD, 0.9, Duration.ofSeconds(95))));

        assertThat(called).isEmpty();
        assertThat(reply().getStatus()).isEqualTo(ReplyStatus.SHED);
        assertThat(reply().getRequestHash()).isEqualTo(request.requestHash());
        assertThat(reply().getError().getCode()).isEqualTo("CAPACITY_SHORT");
        assertThat(reply().getError().getRetryable()).isTrue();
        assertThat(reply().getError().getMessage()).contains("pools." + TestConfiguration.POOL.value() + ".sheds",
                "standard", "90 %", "95 s", "replayOf");
        assertThat(reply().getError().getRule()).isEqualTo("pools." + TestConfiguration.POOL.value() + ".sheds");
        assertThat(reply().getError().getEstimatedMillis()).isEqualTo(95_000);
        assertThat(done).hasSize(1);
    }

    private void serve(InboundRequest request) {
        along(flow -> TestRequests.serve(flow, request));
    }

    private void along(Consumer<RequestFlow> path) {
        Configuration configuration = TestConfiguration.routing(
                new Strategy.Sequence(List.of(TestConfiguration.one("a"), TestConfiguration.one("b"))),
                Residency.ANYWHERE, TestConfiguration.deployment("a"), TestConfiguration.deployment("b"));
        RecordEncoder encoder = new RecordEncoder(Map.of("schema.registry.url", "http://127.0.0.1:1"));
        RenewableProducer renewable = new RenewableProducer("test", () -> producer);
        ReplyPublisher publisher = TestPublishers.publisher(producer, timer, () -> NOW);
        WorkerIdentity identity = new WorkerIdentity("w", 1);
        WorkerMetrics metrics = new WorkerMetrics(new SimpleMeterRegistry());
        AttemptRecorder recorder = new AttemptRecorder(
                new AttemptJournal(encoder, renewable, renewable, new BrokerClock()),
                metrics, new Pricing(configuration.prices()), "test", identity, () -> NOW);
        RetryPause pause = new RecordedPauses();
        Permits permits = permits(configuration);
        Visit visit = new Visit(
                new Attempt.Stages(permits, this::call, publisher, recorder, identity, () -> NOW, nanos::get),
                new Hedge(permits, timer, outcome -> {
                }), pause);
        path.accept(new RequestFlow(TestPlans.of(configuration, permits),
                TestBodies.NONE, permits, visit, pause, new ReplyWriter("1", () -> 0), metrics,
                (served, reply) -> publisher.publish(served, reply, () -> done.add(served)), () -> NOW,
                () -> 0, Telemetry.OFF, this::underWay, TestRequests.NEVER_LATER));
        Awaitility.await().pollDelay(Duration.ZERO).pollInterval(Duration.ofMillis(5))
                .until(() -> publisher.unpublished() == 0);
    }

    private UnderWay underWay(InboundRequest request) {
        return new UnderWay(request.id(), cancellations, nanos::get, () -> toldRunning.add(request.id()));
    }

    private static Permits permits(Configuration configuration) {
        return new Permits(new PermitDesk(configuration, new SplittableRandom(1)), () -> 0);
    }

    private final class RecordedPauses implements RetryPause {
        @Override
        public Optional<Duration> before(int attempt, Optional<Duration> asked, long left) {
            pauses.add(asked.orElse(Duration.ZERO));
            return Optional.of(Duration.ofMillis(1));
        }

        @Override
        public Optional<Duration> betweenVisits(int visit, Optional<Duration> asked, long left) {
            return visit < visits ? Optional.of(Duration.ofMillis(1)) : Optional.empty();
        }
    }

    private AttemptOutcome call(VendorClient.Call call, TokenSink sink) {
        called.add(call.deployment().name().toString());
        return script.remove().apply(call, sink);
    }

    private static BiFunction<VendorClient.Call, TokenSink, AttemptOutcome> answer(String text) {
        return (call, sink) -> answered(text);
    }

    private static AttemptOutcome answered(String text) {
        return new AttemptOutcome.Answered(("{\"text\":\"" + text + "\"}").getBytes(StandardCharsets.UTF_8),
                Optional.of("stop"), Optional.of("vendor-m"),
                Optional.of(TokenUsage.newBuilder().setInputTokens(10L).setOutputTokens(20L).build()), List.of(),
                TIMES);
    }

    private static BiFunction<VendorClient.Call, TokenSink, AttemptOutcome> failure(FailureClass failureClass) {
        return (call, sink) -> failed(failureClass);
    }

    private static AttemptOutcome failed(FailureClass failureClass) {
        return new AttemptOutcome.Failed(
                new AttemptFailure(failureClass, OptionalInt.empty(), "it failed", Optional.empty()), Optional.empty(),
                Optional.empty(), TIMES);
    }

    private LlmReply reply() {
        List<byte[]> replies = published(Topics.REPLIES);
        assertThat(replies).hasSize(1);
        return json.parseReply(replies.getFirst());
    }

    private List<TokenChunk> chunks() {
        return published(Topics.TOKENS).stream().map(json::parseChunk).toList();
    }

    private List<byte[]> published(String topic) {
        return producer.history().stream().filter(record -> record.topic().equals(topic)).map(ProducerRecord::value)
                .toList();
    }

    private static String body(LlmReply reply) {
        return StandardCharsets.UTF_8.decode(reply.getBody().duplicate()).toString();
    }
}
