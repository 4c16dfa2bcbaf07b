package dev.signalbox.workers;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.Deployment;
import dev.signalbox.config.Residency;
import dev.signalbox.config.Strategy;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.AttemptSummary;
import dev.signalbox.schemas.avro.ChunkEndStatus;
import dev.signalbox.schemas.avro.ChunkKind;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.schemas.avro.StreamPolicy;
import dev.signalbox.schemas.avro.TokenChunk;
import dev.signalbox.schemas.avro.TokenUsage;
import dev.signalbox.schemas.avro.ToolCallStart;
import dev.signalbox.schemas.client.Expectation;
import dev.signalbox.schemas.client.ReplyAssembler;
import dev.signalbox.schemas.client.ReplyEvent;
import dev.signalbox.schemas.client.ReplyReaderOptions;
import dev.signalbox.schemas.serde.JsonRecords;
import dev.signalbox.workers.intake.BrokerClock;
import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.reply.AnswerChannel;
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
import dev.signalbox.workers.vendor.TextSoFar;
import dev.signalbox.workers.vendor.TokenSink;
import dev.signalbox.workers.vendor.VendorClient;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SplittableRandom;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.BiFunction;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What becomes of a stream that is cut under the policy CONTINUE: from the text so far, or from nothing, and told so. */
@Tag("issue-4")
class MidStreamTest {
    private static final long NOW = 1_000_000;
    private static final AttemptOutcome.CallTimes TIMES = new AttemptOutcome.CallTimes(Duration.ofMillis(5),
            Optional.of(Duration.ofMillis(2)));
    /** So many that how often chance lets a call go on from a text hardly differs from run to run. */
    private static final int SEEDS = 240;
    private static final String REFUSAL = "This model does not support assistant message prefill.";

    private final JsonRecords json = new JsonRecords();
    private final MockProducer<byte[], byte[]> producer = new MockProducer<>(true, null, new ByteArraySerializer(),
            new ByteArraySerializer());
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    private final Deque<BiFunction<VendorClient.Call, TokenSink, AttemptOutcome>> script = new ArrayDeque<>();
    private final List<VendorClient.Call> called = new ArrayList<>();
    private final List<InboundRequest> done = new ArrayList<>();
    private final List<ReplyPublisher> publishers = new ArrayList<>();
    private final Configuration configuration = TestConfiguration.routing(
            new Strategy.Sequence(List.of(TestConfiguration.one("a"), TestConfiguration.one("b"))), Residency.ANYWHERE,
            deployment("a", false), deployment("b", true));
    private final TestRegistry registry;
    private final RecordEncoder encoder;
    private final RequestFlow flow;

    MidStreamTest() throws IOException {
        registry = new TestRegistry();
        encoder = new RecordEncoder(registry.properties());
        flow = flow();
    }

    @AfterEach
    void stop() {
        registry.close();
        timer.shutdownNow();
    }

    @Test
    void theNextAttemptGoesOnFromTheTextAndItsReaderReadsAllOfIt() {
        script.add(cut("one ", "two ", "three "));
        script.add(answer(" four", "one two three four"));
        serve(StreamPolicy.CONTINUE);

        assertThat(called.get(0).continues()).isEmpty();
        assertThat(called.get(1).continues().orElseThrow().text()).as("without white space at its end")
                .isEqualTo("one two three");
        List<TokenChunk> second = chunks(2);
        assertThat(second.getFirst().getCarried()).isTrue();
        assertThat(second.getFirst().getDelta()).isEqualTo("one two three");
        assertThat(second.getFirst().getKind()).isEqualTo(ChunkKind.TEXT);
        assertThat(second).filteredOn(TokenChunk::getCarried).hasSize(1);
        assertThat(second.getLast().getEnd().getStatus()).isEqualTo(ChunkEndStatus.COMPLETE);
        assertThat(shown()).isEqualTo("one two three four");
        assertThat(reply().getAttempts()).extracting(AttemptSummary::getAfterCut).containsExactly(null,
                "goes on from the 13 characters that came before the cut");
    }

    @Test
    void aReaderSeesNothingOfAnAttemptThatGoesOnBeforeItsFirstToken() {
        script.add(cut("one "));
        script.add((call, sink) -> failed(FailureClass.OVERLOADED, ""));
        script.add(answer("two", "one two"));
        serve(StreamPolicy.CONTINUE);

        assertThat(chunks(2)).isEmpty();
        assertThat(called.get(2).continues().orElseThrow().text()).isEqualTo("one");
        assertThat(shown()).isEqualTo("onetwo");
    }

    @Test
    void anAttemptThatIsCutInItsTurnHandsOnAllOfTheText() {
        script.add(cut("one"));
        script.add(cut(" two"));
        script.add(answer(" three", "one two three"));
        serve(StreamPolicy.CONTINUE, deployment("a", true), deployment("b", true));

        TextSoFar last = called.get(2).continues().orElseThrow();
        assertThat(last.text()).isEqualTo("one two");
        assertThat(last.tokens()).as("of both").isEqualTo(14);
        assertThat(shown()).isEqualTo("one two three");
    }

    @Test
    void aModelThatRefusesTheTextIsAskedAgainWithoutAndNeverAgainWithAText() {
        script.add(cut("one "));
        script.add((call, sink) -> failed(FailureClass.INVALID_REQUEST, REFUSAL));
        script.add(answer("one two", "one two"));
        serve(StreamPolicy.CONTINUE);

        assertThat(places()).containsExactly("a", "b", "b");
        assertThat(called.get(2).continues()).isEmpty();
        assertThat(reply().getStatus()).isEqualTo(ReplyStatus.COMPLETED);
        assertThat(shown()).isEqualTo("one two");
        assertThat(reply().getAttempts().getLast().getAfterCut())
                .isEqualTo("starts again: b/m has refused to go on from a text");

        called.clear();
        script.add(cut("one "));
        script.add(answer("one two", "one two"));
        serve(StreamPolicy.CONTINUE);
        assertThat(places()).as("what it refused once is not asked of it again").containsExactly("a", "b");
        assertThat(called.get(1).continues()).isEmpty();
    }

    @Test
    void aRefusalInTheLastAttemptOfAVisitDoesNotEndTheRequest() {
        script.add(cut("one "));
        script.add(cut("one "));
        script.add((call, sink) -> failed(FailureClass.INVALID_REQUEST, REFUSAL));
        script.add(answer("one two", "one two"));
        serve(StreamPolicy.CONTINUE, deployment("a", true), deployment("b", false));

        assertThat(reply().getStatus()).isEqualTo(ReplyStatus.COMPLETED);
        assertThat(shown()).isEqualTo("one two");
    }

    @Test
    void whereTheTargetCannotItStartsAgainAndSaysSo() {
        startsAgain("b/m does not go on from a text", cut("one "), deployment("a", true), deployment("b", false));
    }

    @Test
    void aCutInAToolCallStartsAgain() {
        startsAgain("it was cut in or behind a tool call", (call, sink) -> {
            sink.token(ChunkKind.TEXT, 0, "Let me see.", null);
            sink.token(ChunkKind.TOOL_CALL, 0, "{\"ci", new ToolCallStart("t1", "weather"));
            return failed(FailureClass.TRUNCATED, "cut");
        }, deployment("a", true), deployment("b", true));
    }

    @Test
    void aCutInThinkingStartsAgain() {
        startsAgain("it was cut in or behind the model's thinking", (call, sink) -> {
            sink.token(ChunkKind.REASONING, 0, "The user wants", null);
            return failed(FailureClass.TRUNCATED, "cut");
        }, deployment("a", true), deployment("b", true));
    }

    @Test
    void aCutAfterWhiteSpaceAloneStartsAgain() {
        startsAgain("it was cut before any text", cut(" \n"), deployment("a", true), deployment("b", true));
    }

    @Test
    void aCutInSeveralChoicesStartsAgain() {
        startsAgain("it was cut with several choices begun", (call, sink) -> {
            sink.token(ChunkKind.TEXT, 0, "a", null);
            sink.token(ChunkKind.TEXT, 1, "b", null);
            return failed(FailureClass.CONNECTION_LOST, "cut");
        }, deployment("a", true), deployment("b", true));
    }

    private void startsAgain(String why, BiFunction<VendorClient.Call, TokenSink, AttemptOutcome> first,
            Deployment... deployments) {
        script.add(first);
        script.add(answer("all of it", "all of it"));
        serve(StreamPolicy.CONTINUE, deployments);

        assertThat(called.getLast().continues()).isEmpty();
        assertThat(chunks(2)).isNotEmpty().noneMatch(TokenChunk::getCarried);
        assertThat(shown()).isEqualTo("all of it");
        assertThat(reply().getAttempts().getLast().getAfterCut()).startsWith("starts again: " + why);
    }

    @Test
    void aCharacterThatWasCutInHalfIsLeftToTheNextAttempt() {
        assertThat(soFar("one \u00a0\ud83d").text()).isEqualTo("one");
        assertThat(soFar("one \u00a0\ud83d").obstacle()).isEmpty();
        assertThat(soFar("one \ud83d\ude42").text()).isEqualTo("one \ud83d\ude42");
        assertThat(soFar("one \ud83d two").obstacle()).contains("its text is no valid Unicode");
    }

    @Test
    void aTextIsKeptWithinItsBound() {
        AnswerSoFar answer = soFar("x".repeat(AnswerSoFar.MAX_CHARS));
        assertThat(answer.obstacle()).isEmpty();
        answer.token(ChunkKind.TEXT, 0, "y", null);
        assertThat(answer.obstacle()).get().asString().contains("more than");
        assertThat(answer.text()).isEmpty();
    }

    private static AnswerSoFar soFar(String token) {
        AnswerSoFar answer = new AnswerSoFar(TokenSink.NONE, AnswerChannel.NONE, Optional.empty());
        answer.token(ChunkKind.TEXT, 0, token, null);
        return answer;
    }

    @Test
    void whereOnlyTheEndWasLostTheTextIsAllOfTheAnswer() {
        script.add(cut("one two"));
        script.add((call, sink) -> new AttemptOutcome.Answered("{}".getBytes(StandardCharsets.UTF_8),
                Optional.of("end_turn"), Optional.empty(), Optional.empty(), List.of(),
                new AttemptOutcome.CallTimes(Duration.ofMillis(5), Optional.empty())));
        serve(StreamPolicy.CONTINUE);

        assertThat(chunks(2)).extracting(TokenChunk::getDelta).containsExactly("one two", "");
        assertThat(shown()).isEqualTo("one two");
    }

    /** Vendors that cut, refuse, are silent or answer at random; whoever goes on from a beginning of it gives the rest. */
    @Test
    void whateverHappensTheReaderIsLeftWithTheWholeAnswer() {
        long first = System.nanoTime();
        int continued = 0;
        for (long seed = first; seed < first + SEEDS; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            String answer = text(random);
            called.clear();
            script.clear();
            for (int i = 0; i < 6; i++) {
                script.add((call, sink) -> behave(call, sink, answer, random));
            }
            serve(StreamPolicy.values()[random.nextInt(2)], deployment("a", random.nextBoolean()),
                    deployment("b", random.nextBoolean()));
            if (reply().getStatus() == ReplyStatus.COMPLETED) {
                assertThat(shown()).as("seed %d", seed).isEqualTo(answer);
            }
            assertThat(reply().getAttempts()).as("seed %d", seed).hasSize(called.size());
            continued += (int) called.stream().filter(call -> call.continues().isPresent()).count();
        }
        assertThat(continued).as("calls that went on from a text, seed %d", first).isGreaterThan(SEEDS / 6);
    }

    private static String text(SplittableRandom random) {
        StringBuilder text = new StringBuilder();
        int words = 1 + random.nextInt(40);
        for (int i = 0; i < words; i++) {
            text.append(List.of("word", " ", "\n\n", "\u00e9t\u00e9", "\ud83d\ude42", "\u6f22\u5b57", "\t", "{\"a\":1}")
                    .get(random.nextInt(8)));
        }
        return text.append('.').toString();
    }

    private static AttemptOutcome behave(VendorClient.Call call, TokenSink sink, String answer,
            SplittableRandom random) {
        String before = call.continues().map(TextSoFar::text).orElse("");
        assertThat(answer).startsWith(before);
        if (!before.isEmpty() && random.nextInt(4) == 0) {
            return failed(FailureClass.INVALID_REQUEST, random.nextBoolean() ? REFUSAL : "no");
        }
        int fate = random.nextInt(4);
        int end = fate == 0 ? before.length() : before.length() + random.nextInt(answer.length() - before.length() + 1);
        int stop = fate == 3 ? answer.length() : end;
        boolean told = false;
        for (int at = before.length(); at < stop;) {
            int next = answer.offsetByCodePoints(at, 1);
            while (next < stop && random.nextInt(5) > 0) {
                next = answer.offsetByCodePoints(next, 1);
            }
            sink.token(ChunkKind.TEXT, 0, answer.substring(at, next), null);
            at = next;
            told = true;
        }
        return fate == 3
                ? new AttemptOutcome.Answered("{}".getBytes(StandardCharsets.UTF_8), Optional.of("stop"),
                        Optional.empty(), Optional.empty(), List.of(), told
                                ? TIMES
                                : new AttemptOutcome.CallTimes(
                                        Duration.ofMillis(5), Optional.empty()))
                : failed(random.nextBoolean() ? FailureClass.CONNECTION_LOST : FailureClass.TIMEOUT, "cut");
    }

    @Test
    void underRestartNothingIsCarried() {
        script.add(cut("one "));
        script.add(answer("one two", "one two"));
        serve(StreamPolicy.RESTART, deployment("a", true), deployment("b", true));

        assertThat(called.get(1).continues()).isEmpty();
        assertThat(reply().getAttempts().getLast().getAfterCut()).isNull();
        assertThat(shown()).isEqualTo("one two");
    }

    @Test
    void theTotalCountsTheCutAttemptsAndSaysWhatIsEstimated() {
        script.add(cut("one "));
        script.add(answer("two", "one two"));
        serve(StreamPolicy.CONTINUE);

        LlmReply reply = reply();
        assertThat(reply.getAttempts().get(0).getUsage().getEstimated()).isTrue();
        assertThat(reply.getAttempts().get(1).getUsage().getEstimated()).isFalse();
        assertThat(reply.getUsage().getEstimated()).as("the answering attempt's own count").isFalse();
        assertThat(reply.getUsage().getOutputTokens()).isEqualTo(20);
        assertThat(reply.getTotalUsage().getEstimated()).isTrue();
        assertThat(reply.getTotalUsage().getInputTokens()).isEqualTo(5 + 10);
        assertThat(reply.getTotalUsage().getOutputTokens()).isEqualTo(7 + 20);
    }

    private void serve(StreamPolicy policy) {
        serve(policy, flow);
    }

    private void serve(StreamPolicy policy, Deployment... deployments) {
        serve(policy, flow(TestConfiguration.routing(
                new Strategy.Sequence(List.of(TestConfiguration.one("a"), TestConfiguration.one("b"))),
                Residency.ANYWHERE, deployments)));
    }

    private void serve(StreamPolicy policy, RequestFlow through) {
        producer.clear();
        TestRequests.serve(through, TestRequests.request("r1", true, policy, NOW + 60_000));
        Awaitility.await().pollDelay(Duration.ZERO).pollInterval(Duration.ofMillis(5))
                .until(() -> publishers.stream().allMatch(each -> each.unpublished() == 0));
    }

    private RequestFlow flow() {
        return flow(configuration);
    }

    private RequestFlow flow(Configuration routes) {
        RenewableProducer renewable = new RenewableProducer("test", () -> producer);
        ReplyPublisher replies = TestPublishers.publisher(producer, timer, () -> NOW);
        publishers.add(replies);
        WorkerIdentity identity = new WorkerIdentity("w", 1);
        WorkerMetrics metrics = new WorkerMetrics(new SimpleMeterRegistry());
        AttemptRecorder recorder = new AttemptRecorder(
                new AttemptJournal(encoder, renewable, renewable, new BrokerClock()),
                metrics, new Pricing(routes.prices()), "test", identity, () -> NOW);
        RetryPause pause = new NoPauses();
        Permits permits = new Permits(new PermitDesk(routes, new SplittableRandom(1)), () -> 0);
        Visit visit = new Visit(
                new Attempt.Stages(permits, this::call, replies, recorder, identity, () -> NOW, () -> 0),
                new Hedge(permits, timer, outcome -> {
                }), pause);
        return new RequestFlow(TestPlans.of(routes, permits), TestBodies.NONE, permits,
                visit, pause, new ReplyWriter("1", () -> 0), metrics,
                (served, reply) -> replies.publish(served, reply, () -> done.add(served)), () -> NOW, () -> 0,
                Telemetry.OFF, TestRequests::neverCancelled, TestRequests.NEVER_LATER);
    }

    private static final class NoPauses implements RetryPause {
        @Override
        public Optional<Duration> before(int attempt, Optional<Duration> asked, long left) {
            return Optional.of(Duration.ofMillis(1));
        }

        @Override
        public Optional<Duration> betweenVisits(int visit, Optional<Duration> asked, long left) {
            return visit < 2 ? Optional.of(Duration.ofMillis(1)) : Optional.empty();
        }
    }

    private AttemptOutcome call(VendorClient.Call call, TokenSink sink) {
        called.add(call);
        return script.remove().apply(call, sink);
    }

    private static BiFunction<VendorClient.Call, TokenSink, AttemptOutcome> cut(String... tokens) {
        return (call, sink) -> {
            for (String token : tokens) {
                sink.token(ChunkKind.TEXT, 0, token, null);
            }
            return failed(FailureClass.TRUNCATED, "cut");
        };
    }

    private static BiFunction<VendorClient.Call, TokenSink, AttemptOutcome> answer(String token, String whole) {
        return (call, sink) -> {
            sink.token(ChunkKind.TEXT, 0, token, null);
            return new AttemptOutcome.Answered(("{\"text\":\"" + whole + "\"}").getBytes(StandardCharsets.UTF_8),
                    Optional.of("stop"), Optional.of("vendor-m"),
                    Optional.of(TokenUsage.newBuilder().setInputTokens(10L).setOutputTokens(20L).build()), List.of(),
                    TIMES);
        };
    }

    private static AttemptOutcome failed(FailureClass failureClass, String message) {
        boolean spent = failureClass == FailureClass.TRUNCATED || failureClass == FailureClass.CONNECTION_LOST;
        return new AttemptOutcome.Failed(
                new AttemptFailure(failureClass, OptionalInt.of(400), message, Optional.empty()), Optional.empty(),
                spent
                        ? Optional.of(TokenUsage.newBuilder().setInputTokens(5L).setOutputTokens(7L).setEstimated(true)
                                .build())
                        : Optional.empty(),
                TIMES);
    }

    private static Deployment deployment(String place, boolean prefill) {
        return TestConfiguration.deployment(place, new Deployment.Capabilities(OptionalInt.empty(), true, true, true,
                true, prefill, OptionalInt.empty()));
    }

    private List<String> places() {
        return called.stream().map(call -> call.deployment().name().place()).toList();
    }

    private LlmReply reply() {
        List<byte[]> replies = published(Topics.REPLIES);
        assertThat(replies).hasSize(1);
        return json.parseReply(replies.getFirst());
    }

    private List<TokenChunk> chunks(int attempt) {
        return published(Topics.TOKENS).stream().map(json::parseChunk)
                .filter(chunk -> chunk.getAttempt().getNumber() == attempt).toList();
    }

    /** What a reader by the rule is left with; never the text of two attempts, never replaced. */
    private String shown() {
        ReplyAssembler reader = new ReplyAssembler(ReplyReaderOptions.Scope.EXPECTED, ReplyAssembler.Bounds.DEFAULT);
        reader.expect(
                new Expectation("r1", reply().getRequestHash(), Duration.ofMinutes(1), Expectation.Preview.TOKENS),
                0);
        StringBuilder text = new StringBuilder();
        List<ReplyEvent> events = new ArrayList<>();
        published(Topics.TOKENS).forEach(chunk -> events.addAll(reader.onChunk(json.parseChunk(chunk), 1)));
        events.addAll(reader.onReply(reply(), 2));
        for (ReplyEvent event : events) {
            switch (event) {
                case ReplyEvent.TextAppended(TokenChunk chunk) -> text.append(chunk.getDelta());
                case ReplyEvent.Restarted _ -> text.setLength(0);
                case ReplyEvent.Ended ended -> assertThat(ended.textReplaced()).isFalse();
                case ReplyEvent.Abandoned _ -> throw new AssertionError("abandoned");
            }
        }
        assertThat(events.getLast()).isInstanceOf(ReplyEvent.Ended.class);
        return text.toString();
    }

    private List<byte[]> published(String topic) {
        return producer.history().stream().filter(record -> record.topic().equals(topic)).map(ProducerRecord::value)
                .toList();
    }
}
