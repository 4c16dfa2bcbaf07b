package dev.signalbox.workers;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.ConfigurationReader;
import dev.signalbox.config.ReadResult;
import dev.signalbox.schemas.Headers;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.schemas.avro.RequestHistory;
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
import dev.signalbox.workers.telemetry.Telemetry;
import dev.signalbox.workers.vendor.AttemptFailure;
import dev.signalbox.workers.vendor.AttemptOutcome;
import dev.signalbox.workers.vendor.FailureClass;
import dev.signalbox.workers.vendor.TokenSink;
import dev.signalbox.workers.vendor.VendorClient;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A request's way over several deployments, models and visits. */
@Tag("issue-3")
class VisitsTest {
    private static final long NOW = 1_000_000;
    private static final AttemptOutcome.CallTimes TIMES = new AttemptOutcome.CallTimes(Duration.ofMillis(5),
            Optional.of(Duration.ofMillis(2)));
    private static final String CONFIGURATION = """
            environment: test
            pools:
              main: { use_cases: [otherwise], priorities: [standard] }
            deployments:
              a.x/m: { vendor: openai, base_url: "http://127.0.0.1:1/v1", model_id: ma }
              b.x/m: { vendor: openai, base_url: "http://127.0.0.1:2/v1", model_id: mb }
              c.x/m: { vendor: openai, base_url: "http://127.0.0.1:3/v1", model_id: mc }
              a.x/other: { vendor: openai, base_url: "http://127.0.0.1:1/v1", model_id: oa }
              a.x/large: { vendor: openai, base_url: "http://127.0.0.1:1/v1", model_id: la }
            routes:
              m: { test: { otherwise: {
                sequence: [a.x, b.x, c.x],
                fallback_models: [{ model: other, parameters: { temperature: 0 }, prompt: { template: t, version: "2" } }],
                on_context_window: [large] } } }
              other: { test: { otherwise: { sequence: [a.x] } } }
              large: { test: { otherwise: { sequence: [a.x] } } }
            """;

    private final JsonRecords json = new JsonRecords();
    private final MockProducer<byte[], byte[]> producer = new MockProducer<>(true, null, new ByteArraySerializer(),
            new ByteArraySerializer());
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    private final List<VendorClient.Call> called = new ArrayList<>();
    private final AtomicLong nanos = new AtomicLong(1);
    private final Configuration configuration = configuration();
    private final PermitDesk desk = new PermitDesk(configuration, new SplittableRandom(1));
    private Function<String, AttemptOutcome> vendors = deployment -> answered();
    /** Numbers of the pauses between visits. */
    private final List<Integer> pauses = new ArrayList<>();
    private RequestFlow.Later later = TestRequests.NEVER_LATER;

    @AfterEach
    void stop() {
        timer.shutdownNow();
    }

    @Test
    void aRequestGoesBackToWaitingAndIsServedLater() {
        vendors = deployment -> called.size() <= 5 ? failed(FailureClass.TIMEOUT) : answered();
        LlmReply reply = serve("r1");
        assertThat(reply.getStatus()).isEqualTo(ReplyStatus.COMPLETED);
        assertThat(reply.getAttempts()).hasSize(6);
        assertThat(reply.getAttempts()).extracting(attempt -> attempt.getAttempt().getNumber()).containsExactly(1, 2, 3,
                4,
                5, 6);
        assertThat(pauses).hasSize(1);
    }

    @Test
    void tenVisitsAreTheMost() {
        vendors = deployment -> failed(FailureClass.TIMEOUT);
        LlmReply reply = serve("r1");
        assertThat(reply.getStatus()).isEqualTo(ReplyStatus.FAILED);
        assertThat(reply.getError().getCode()).isEqualTo("TIMEOUT");
        assertThat(pauses).hasSize(9);
        assertThat(reply.getAttempts()).hasSize(30);
    }

    @Test
    @Tag("issue-6")
    void anOutageOfAllDeploymentsCostsNoVisits() {
        vendors = deployment -> called.size() <= 60 ? failed(FailureClass.ENDPOINT_DEAD) : answered();
        LlmReply reply = serve("r1");
        assertThat(reply.getStatus()).isEqualTo(ReplyStatus.COMPLETED);
        assertThat(reply.getAttempts()).as("more than ten visits have").hasSize(61);
    }

    @Test
    @Tag("issue-7")
    void aRequestThatIsPublishedAgainGoesOnWhereItWas() {
        vendors = deployment -> failed(FailureClass.TIMEOUT);
        List<RequestHistory> histories = new ArrayList<>();
        later = (request, route, pause, history) -> histories.add(history.get());
        assertThat(tryToServe(request("r1", (RequestHistory) null))).as("it is not answered here").isEmpty();
        assertThat(histories).singleElement().satisfies(history -> {
            assertThat(history.getVisits()).isEqualTo(1);
            assertThat(history.getAttempts()).hasSize(3);
        });
        for (int visit = 2; visit <= 9; visit++) {
            assertThat(tryToServe(request("r1", histories.getLast()))).isEmpty();
            assertThat(histories.getLast().getVisits()).isEqualTo(visit);
        }
        LlmReply reply = tryToServe(request("r1", histories.getLast())).orElseThrow();
        assertThat(reply.getStatus()).as("ten visits are the most, wherever they were").isEqualTo(ReplyStatus.FAILED);
        assertThat(reply.getAttempts()).hasSize(30);
        assertThat(reply.getAttempts()).extracting(attempt -> attempt.getAttempt().getNumber())
                .containsExactlyElementsOf(IntStream.rangeClosed(1, 30).boxed().toList());
        histories.clear();
        vendors = deployment -> answered();
        assertThat(tryToServe(request("r1", new byte[]{1, 2, 3})).orElseThrow().getAttempts())
                .as("what cannot be read begins anew").hasSize(1);
    }

    /** Hops are no visits: it may have been parked, or gone on to wait behind others. */
    @Test
    @Tag("issue-7")
    void failedProbesAreToldAndHopsAreNotTakenForThem() {
        vendors = deployment -> failed(FailureClass.ENDPOINT_DEAD);
        List<RequestHistory> histories = new ArrayList<>();
        later = (request, route, pause, history) -> histories.add(history.get());
        assertThat(tryToServe(request("r1", (RequestHistory) null))).isEmpty();
        for (int hop = 10; hop <= 300; hop += 10) {
            nanos.addAndGet(Duration.ofMinutes(1).toNanos());
            assertThat(tryToServe(request("r1", Histories.encode(histories.getLast()), hop))).as("hop %d", hop)
                    .isEmpty();
        }
        assertThat(pauses).as("each pause is the next one").containsExactlyElementsOf(
                IntStream.rangeClosed(1, 31).boxed().toList());
        assertThat(histories.getLast().getVisits()).isEqualTo(1);
        assertThat(histories.getLast().getProbes()).isEqualTo(30);
    }

    @Test
    @Tag("issue-7")
    void aRetryGivesWayToOlderOnesThatAreParked() {
        vendors = deployment -> failed(FailureClass.TIMEOUT);
        List<RequestHistory> histories = new ArrayList<>();
        later = new RequestFlow.Later() {
            @Override
            public boolean takes(InboundRequest request, String route, Duration pause,
                    Supplier<RequestHistory> history) {
                return pause.isZero() && histories.add(history.get());
            }

            @Override
            public boolean standsBack(InboundRequest request, String route) {
                return true;
            }
        };
        assertThat(tryToServe(request("r1", (RequestHistory) null))).as("it is not answered here").isEmpty();
        assertThat(called).as("its first visit does not wait for others, its second one does").hasSize(3);
        assertThat(histories).singleElement().satisfies(history -> {
            assertThat(history.getVisits()).isEqualTo(1);
            assertThat(history.getAttempts()).hasSize(3);
        });
    }

    private static InboundRequest request(String id, RequestHistory history) {
        return request(id, history == null ? null : Histories.encode(history));
    }

    private static InboundRequest request(String id, byte[] header) {
        return request(id, header, header == null ? 0 : 1);
    }

    private static InboundRequest request(String id, byte[] header, int hop) {
        InboundRequest plain = TestRequests.request(id, false, StreamPolicy.RESTART, NOW + 3_600_000);
        RecordHeaders headers = new RecordHeaders();
        if (header != null) {
            headers.add(Headers.HISTORY, header);
        }
        return new InboundRequest(plain.lane(), plain.ticket(), plain.request(), plain.requestHash(),
                hop, 0, plain.expiresAtMillis(), plain.address(), plain.sizeBytes(),
                new ConsumerRecord<>(plain.lane().retryTopic(), 0, 42, 0, TimestampType.LOG_APPEND_TIME, 0, 0, null,
                        new byte[0], headers, Optional.empty()));
    }

    @Test
    void onlyAnotherModelIsLeftAndGetsItsOwnParameters() {
        vendors = deployment -> deployment.endsWith("/m") ? failed(FailureClass.MODEL_NOT_FOUND) : answered();
        LlmReply reply = serve("r1");
        assertThat(deployments()).containsExactly("a.x/m", "b.x/m", "c.x/m", "a.x/other");
        assertThat(reply.getServedBy().getModel()).isEqualTo("other");
        assertThat(new String(called.getLast().body(), StandardCharsets.UTF_8)).isEqualTo(
                "{\"temperature\":0,\"model\":\"m\",\"messages\":[]}");
    }

    @Test
    void aRequestThatIsTooLongNeverMeetsTheSameModelAgain() {
        vendors = deployment -> deployment.endsWith("/m") ? failed(FailureClass.CONTEXT_LENGTH) : answered();
        LlmReply reply = serve("r1");
        assertThat(deployments()).containsExactly("a.x/m", "a.x/large");
        assertThat(reply.getServedBy().getModel()).isEqualTo("large");
    }

    @Test
    void aFilteredRequestIsNotTriedElsewhereWhereTheRouteHasNoRuleForIt() {
        vendors = deployment -> failed(FailureClass.CONTENT_FILTER_INPUT);
        LlmReply reply = serve("r1");
        assertThat(deployments()).containsExactly("a.x/m");
        assertThat(reply.getError().getCode()).isEqualTo("CONTENT_FILTER_INPUT");
    }

    /** Others are served everywhere; this one breaks every service that it meets. */
    @Test
    void aPoisonedRequestNeitherToursAllVendorsNorEjectsOne() {
        for (int i = 0; i < 3; i++) {
            serveAt(i == 0 ? "a.x/m" : i == 1 ? "b.x/m" : "c.x/m");
        }
        called.clear();
        vendors = deployment -> failed(FailureClass.SERVER_ERROR);
        LlmReply reply = serve("poison");
        Set<String> met = new HashSet<>(deployments());
        assertThat(reply.getStatus()).isEqualTo(ReplyStatus.FAILED);
        assertThat(met).as("of three deployments and a fallback model").hasSize(2);
        assertThat(called).hasSizeLessThanOrEqualTo(9);
        configuration.deployments().values().forEach(deployment -> assertThat(
                desk.view(deployment, nanos.get()).health()).hasToString("CLOSED"));
    }

    /** Serves a healthy request there, so that the deployment is known to serve others. */
    private void serveAt(String name) {
        vendors = deployment -> deployment.equals(name) ? answered() : failed(FailureClass.RATE_LIMIT_NEVER_FITS);
        assertThat(serve("warm-" + name).getStatus()).isEqualTo(ReplyStatus.COMPLETED);
    }

    @Test
    void everyPermitIsGivenBackEvenByADefect() {
        vendors = deployment -> {
            throw new IllegalStateException("a bug");
        };
        assertThat(serve("r1").getError().getCode()).isEqualTo("INTERNAL_ERROR");
        configuration.deployments().values()
                .forEach(deployment -> assertThat(desk.view(deployment, nanos.get()).running()).isZero());
    }

    private LlmReply serve(String id) {
        return tryToServe(TestRequests.request(id, false, StreamPolicy.RESTART, NOW + 3_600_000)).orElseThrow();
    }

    private Optional<LlmReply> tryToServe(InboundRequest request) {
        producer.clear();
        RecordEncoder encoder = new RecordEncoder(Map.of("schema.registry.url", "http://127.0.0.1:1"));
        RenewableProducer renewable = new RenewableProducer("test", () -> producer);
        ReplyPublisher publisher = TestPublishers.publisher(producer, timer, () -> NOW);
        WorkerIdentity identity = new WorkerIdentity("w", 1);
        WorkerMetrics metrics = new WorkerMetrics(new SimpleMeterRegistry());
        AttemptRecorder recorder = new AttemptRecorder(
                new AttemptJournal(encoder, renewable, renewable, new BrokerClock()),
                metrics, new Pricing(configuration.prices()), "test", identity, () -> NOW);
        RetryPause pause = new NoPauses();
        Permits permits = new Permits(desk, nanos::get);
        Visit visit = new Visit(
                new Attempt.Stages(permits, this::call, publisher, recorder, identity, () -> NOW, nanos::get),
                new Hedge(permits, timer, outcome -> {
                }), pause);
        RequestFlow flow = new RequestFlow(TestPlans.of(configuration, permits),
                TestBodies.NONE, permits, visit, pause, new ReplyWriter("1", nanos::get), metrics,
                (served, reply) -> publisher.publish(served, reply, () -> {
                }), () -> NOW, nanos::get, Telemetry.OFF, TestRequests::neverCancelled, later);
        TestRequests.serveWaiting(flow, request, nanos::addAndGet);
        Awaitility.await().pollDelay(Duration.ZERO).pollInterval(Duration.ofMillis(5))
                .until(() -> publisher.unpublished() == 0);
        return producer.history().stream().filter(record -> record.topic().equals(Topics.REPLIES))
                .map(record -> json.parseReply(record.value())).findFirst();
    }

    private final class NoPauses implements RetryPause {
        @Override
        public Optional<Duration> before(int attempt, Optional<Duration> asked, long left) {
            nanos.addAndGet(500_000_000);
            return Optional.of(Duration.ofMillis(500));
        }

        @Override
        public Optional<Duration> betweenVisits(int visit, Optional<Duration> asked, long left) {
            pauses.add(visit);
            nanos.addAndGet(1_000_000_000);
            return Optional.of(Duration.ofSeconds(1));
        }
    }

    private AttemptOutcome call(VendorClient.Call call, TokenSink sink) {
        called.add(call);
        nanos.addAndGet(5_000_000);
        return vendors.apply(call.deployment().name().toString());
    }

    private List<String> deployments() {
        return called.stream().map(call -> call.deployment().name().toString()).toList();
    }

    private static AttemptOutcome answered() {
        return new AttemptOutcome.Answered("{}".getBytes(StandardCharsets.UTF_8), Optional.of("stop"), Optional.empty(),
                Optional.of(TokenUsage.newBuilder().setInputTokens(10L).setOutputTokens(20L).build()), List.of(),
                TIMES);
    }

    private static AttemptOutcome failed(FailureClass failureClass) {
        return new AttemptOutcome.Failed(
                new AttemptFailure(failureClass, OptionalInt.of(500), "it failed", Optional.empty()), Optional.empty(),
                Optional.empty(), TIMES);
    }

    private static Configuration configuration() {
        return switch (ConfigurationReader.read("test.yaml", CONFIGURATION, name -> Optional.empty())) {
            case ReadResult.Valid valid -> valid.configuration();
            case ReadResult.Invalid invalid -> throw new AssertionError(invalid.problems().toString());
        };
    }
}
