package dev.signalbox.workers;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.ConfigurationReader;
import dev.signalbox.config.Deployment;
import dev.signalbox.config.DeploymentName;
import dev.signalbox.config.ReadResult;
import dev.signalbox.schemas.Amounts;
import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.AttemptSummary;
import dev.signalbox.schemas.avro.ChunkKind;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.schemas.avro.StreamPolicy;
import dev.signalbox.schemas.serde.JsonRecords;
import dev.signalbox.workers.capacity.CapacityUse;
import dev.signalbox.workers.capacity.Lease;
import dev.signalbox.workers.router.CallAsk;
import dev.signalbox.workers.router.PermitDesk.Answer;
import dev.signalbox.workers.telemetry.Telemetry;
import dev.signalbox.workers.vendor.AttemptOutcome;
import dev.signalbox.workers.vendor.FailureClass;
import dev.signalbox.workers.vendor.TokenSink;
import dev.signalbox.workers.vendor.VendorClient;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.propagation.ContextPropagators;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A request of pool {@code high} whose call at a runs on what {@code low} lent, and is cut since that wants it back after its
 * {@code borrowed_call_limit} of 10 s: two calls on the pool's own part run there for as long as a test does.
 */
@Tag("issue-6")
@Timeout(20)
class LoanEndedTest {
    private static final PoolName HIGH = new PoolName("high");
    private static final DeploymentName A = new DeploymentName("a", "m");

    private final JsonRecords json = new JsonRecords();
    private final InMemorySpanExporter spans = InMemorySpanExporter.create();
    private final OpenTelemetrySdk sdk = OpenTelemetrySdk.builder()
            .setTracerProvider(
                    SdkTracerProvider.builder().addSpanProcessor(SimpleSpanProcessor.create(spans)).build())
            .setPropagators(ContextPropagators.create(W3CTraceContextPropagator.getInstance())).build();
    private final HandTimer hedgeTimer = new HandTimer();
    private final Map<String, VendorClient> vendors = new HashMap<>();
    private final List<Hedge.Outcome> hedges = new CopyOnWriteArrayList<>();
    private final CountDownLatch secondCalled = new CountDownLatch(1);
    private final CountDownLatch loanEnded = new CountDownLatch(1);
    private final TestWorker worker;
    private Configuration configuration = configuration("sequence: [a, b]");
    private Permits permits;
    private long grants;

    LoanEndedTest() throws IOException {
        worker = new TestWorker();
        permits = worker.permits(configuration);
    }

    @AfterEach
    void stop() {
        worker.close();
        hedgeTimer.shutdownNow();
        sdk.close();
    }

    /** A timer whose time comes when a test says so. */
    private static final class HandTimer extends ScheduledThreadPoolExecutor {
        private final List<Runnable> tasks = new CopyOnWriteArrayList<>();

        HandTimer() {
            super(1);
        }

        @Override
        public ScheduledFuture<?> schedule(Runnable task, long delay, TimeUnit unit) {
            tasks.add(task);
            return super.schedule(() -> {
            }, 1, TimeUnit.DAYS);
        }

        void due() {
            tasks.forEach(Runnable::run);
        }
    }

    @Test
    void aCallThatIsCutForItsLenderGoesOnElsewhereAndEverybodyIsToldWhatHappened() throws IOException {
        vendors.put("a", (call, sink) -> {
            sink.token(ChunkKind.TEXT, 0, "from a", null);
            assertThat(sink.goesOn()).as("its time is not up").isTrue();
            return calledBack(sink);
        });
        vendors.put("b", (call, sink) -> answered(sink, "from b"));
        LlmReply reply = serve(Priority.STANDARD);

        assertThat(reply.getStatus()).isEqualTo(ReplyStatus.COMPLETED);
        assertThat(reply.getServedBy().getDeployment()).isEqualTo("b/m");
        assertThat(outcomes(reply)).containsExactly("LOAN_ENDED", "ANSWERED");
        assertThat(reply.getAttempts().getFirst().getMessage()).contains("borrowed_call_limit");
        assertThat(shown()).containsExactly("1 from a", "2 from b");
        assertThat(worker.told()).containsExactly("a/m STARTED of low", "a/m LOAN_ENDED of low", "b/m STARTED",
                "b/m ANSWERED");
        assertThat(spans.getFinishedSpanItems().getFirst().getAttributes().get(AttributeKey.stringKey("error.type")))
                .as("the call's span").isEqualTo("LOAN_ENDED");
        assertThat(permits.view(deployment()).running()).as("the pool's own calls").isEqualTo(2);
        assertThat(permits.borrowed(deployment(), HIGH, new PoolName("low"))).isZero();
    }

    @Test
    void itCostsNoAttemptAndNoneIsCutForEver() {
        configuration = configuration("sequence: [a]");
        vendors.put("a", (call, sink) -> {
            if (worker.called.size() <= Visit.MAX_LOANS_ENDED) {
                AttemptOutcome cut = calledBack(sink);
                lend();
                return cut;
            }
            callBack();
            assertThat(sink.goesOn()).as("its fourth call runs to its end").isTrue();
            return answered(sink, "from a");
        });
        LlmReply reply = serve(Priority.STANDARD);

        assertThat(reply.getStatus()).isEqualTo(ReplyStatus.COMPLETED);
        assertThat(outcomes(reply)).as("one more than a visit has attempts").containsExactly("LOAN_ENDED", "LOAN_ENDED",
                "LOAN_ENDED", "ANSWERED");
    }

    @Test
    void aStreamThatCannotBeGivenAnewIsNotCut() {
        vendors.put("a", (call, sink) -> {
            sink.token(ChunkKind.TEXT, 0, "from ", null);
            callBack();
            assertThat(sink.goesOn()).isTrue();
            return answered(sink, "a");
        });
        LlmReply reply = serve(Priority.STANDARD, StreamPolicy.FAIL);
        assertThat(outcomes(reply)).containsExactly("ANSWERED");
    }

    @Test
    void inARaceTheOtherCallAnswersWhenTheFirstOnesLoanEnds() throws IOException {
        vendors.put("a", (call, sink) -> {
            hedgeTimer.due();
            await(secondCalled);
            AttemptOutcome cut = calledBack(sink);
            loanEnded.countDown();
            return cut;
        });
        vendors.put("b", (call, sink) -> {
            secondCalled.countDown();
            await(loanEnded);
            return answered(sink, "from b");
        });
        LlmReply reply = serve(Priority.INTERACTIVE);

        assertThat(reply.getServedBy().getDeployment()).isEqualTo("b/m");
        assertThat(outcomes(reply)).containsExactly("LOAN_ENDED", "ANSWERED");
        assertThat(shown()).containsExactly("2 from b");
        assertThat(hedges).containsExactly(Hedge.Outcome.WON);
        assertThat(worker.told()).containsExactlyInAnyOrder("a/m STARTED of low", "b/m STARTED",
                "a/m LOAN_ENDED of low",
                "b/m ANSWERED");
    }

    @Test
    void inARaceTheFirstCallAnswersWhenTheOtherOnesLoanEnds() throws IOException {
        configuration = configuration("sequence: [b, a]");
        vendors.put("b", (call, sink) -> {
            hedgeTimer.due();
            await(loanEnded);
            return answered(sink, "from b");
        });
        vendors.put("a", (call, sink) -> {
            AttemptOutcome cut = calledBack(sink);
            loanEnded.countDown();
            return cut;
        });
        LlmReply reply = serve(Priority.INTERACTIVE);

        assertThat(reply.getServedBy().getDeployment()).isEqualTo("b/m");
        assertThat(outcomes(reply)).containsExactly("ANSWERED", "LOAN_ENDED");
        assertThat(worker.told()).contains("a/m LOAN_ENDED of low", "b/m ANSWERED");
    }

    @Test
    void whenTheOtherCallOfARaceFailsTooTheRequestGoesOn() {
        vendors.put("a", (call, sink) -> {
            hedgeTimer.due();
            await(secondCalled);
            AttemptOutcome cut = calledBack(sink);
            loanEnded.countDown();
            return cut;
        });
        vendors.put("b", (call, sink) -> {
            if (worker.called.size() > 2) {
                return answered(sink, "from b");
            }
            secondCalled.countDown();
            await(loanEnded);
            return TestWorker.failed(FailureClass.OVERLOADED);
        });
        LlmReply reply = serve(Priority.INTERACTIVE);

        assertThat(reply.getStatus()).isEqualTo(ReplyStatus.COMPLETED);
        assertThat(outcomes(reply)).containsExactly("LOAN_ENDED", "OVERLOADED", "ANSWERED");
    }

    /** Three calls of four at once for the pool that owns two. */
    private void lend() {
        grant(3, Map.of("low", calls(1)), Set.of());
    }

    /** Its owner wants it back, and it had its time. */
    private void callBack() {
        worker.nanos.addAndGet(Duration.ofSeconds(10).toNanos());
        grant(2, Map.of(), Set.of("low"));
        permits.capacity(A);
    }

    private void grant(long leased, Map<String, Amounts> borrowed, Set<String> wantedBack) {
        permits.granted(A, new Lease(1, ++grants, permits.demanded(A), false, Duration.ofSeconds(6),
                Duration.ofSeconds(60), Map.of("high", calls(leased), "low", calls(4 - leased))),
                Map.of("high", new CapacityUse.Granted(calls(leased), borrowed, wantedBack, 100), "low",
                        new CapacityUse.Granted(calls(4 - leased), Map.of())));
    }

    private static Amounts calls(long calls) {
        return new Amounts(calls, Amounts.UNLIMITED, Amounts.UNLIMITED, Amounts.UNLIMITED);
    }

    private AttemptOutcome calledBack(TokenSink sink) {
        callBack();
        long patience = System.nanoTime() + 3_000_000_000L;
        while (sink.goesOn() && System.nanoTime() - patience < 0) {
            Thread.onSpinWait();
        }
        return TestWorker.failed(FailureClass.CANCELLED);
    }

    private static void await(CountDownLatch latch) {
        Awaitility.await().pollDelay(Duration.ZERO).pollInterval(Duration.ofMillis(5))
                .until(() -> latch.getCount() == 0);
    }

    private Deployment deployment() {
        return Objects.requireNonNull(configuration.deployments().get(A));
    }

    private static Configuration configuration(String strategy) {
        String yaml = """
                environment: test
                vendors: { v: { family: openai, base_url: "http://127.0.0.1:1" } }
                pools:
                  high: { use_cases: [talk], priorities: [interactive, standard], borrows_from: [low] }
                  low: { use_cases: [otherwise], priorities: [standard], borrowed_call_limit: 10s }
                deployments:
                  a/m: { vendor: v, model_id: m, limits: { concurrency: 4 }, pools: { high: 50%%, low: 50%% } }
                  b/m: { vendor: v, model_id: m }
                routes: { m: { test: { otherwise: { hedge_after: 300ms, %s } } } }
                """.formatted(strategy);
        return switch (ConfigurationReader.read("loans.yaml", yaml, name -> Optional.empty())) {
            case ReadResult.Valid valid -> valid.configuration();
            case ReadResult.Invalid invalid -> throw new IllegalStateException(invalid.problems().toString());
        };
    }

    private LlmReply serve(Priority priority) {
        return serve(priority, StreamPolicy.RESTART);
    }

    private LlmReply serve(Priority priority, StreamPolicy policy) {
        permits = worker.permits(configuration);
        lend();
        var request = TestRequests.request(new Lane(HIGH, priority), "r1", true, policy, TestWorker.NOW + 60_000);
        var query = TestPlans.of(configuration, permits).get().queries().query(request);
        CallAsk atA = new CallAsk(CallAsk.FIRST.rule(), Set.of(), Set.of(A), Optional.empty(), false);
        for (int i = 0; i < 2; i++) {
            Answer own = permits.ask(permits.router(), query, atA);
            assertThat(((Answer.Granted) own).permit().lender()).isEmpty();
        }
        RequestFlow flow = worker.flow(configuration, permits,
                (call, sink) -> Optional.ofNullable(vendors.get(call.deployment().name().place())).orElseThrow()
                        .call(call, sink),
                new Hedge(permits, hedgeTimer, hedges::add), RetryPause.jittered(() -> new SplittableRandom(1)),
                (served, reply) -> worker.publisher.publish(served, reply, () -> {
                }), Telemetry.of(sdk));
        TestRequests.serveWaiting(flow, request,
                any -> worker.nanos.addAndGet(Duration.ofMillis(100).toNanos()));
        Awaitility.await().pollDelay(Duration.ZERO).pollInterval(Duration.ofMillis(5))
                .until(() -> worker.publisher.unpublished() == 0);
        return worker.written(Topics.REPLIES).map(json::parseReply).findFirst().orElseThrow();
    }

    private static AttemptOutcome answered(TokenSink sink, String text) {
        sink.token(ChunkKind.TEXT, 0, text, null);
        return TestWorker.answered(text);
    }

    private static List<String> outcomes(LlmReply reply) {
        return reply.getAttempts().stream().map(AttemptSummary::getOutcome).toList();
    }

    /** Each chunk with text, behind its attempt's number. */
    private List<String> shown() {
        return worker.written(Topics.TOKENS).map(json::parseChunk).filter(chunk -> chunk.getKind() != ChunkKind.END)
                .map(chunk -> chunk.getAttempt().getNumber() + " " + chunk.getDelta()).toList();
    }
}
