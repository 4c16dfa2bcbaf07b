package dev.signalbox.workers.vendor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.signalbox.config.CallTimeouts;
import dev.signalbox.config.VendorFamily;
import dev.signalbox.schemas.avro.BodyFormat;
import dev.signalbox.schemas.avro.ChunkKind;
import dev.signalbox.workers.vendor.ScriptedVendor.Exchange;
import dev.signalbox.workers.vendor.ScriptedVendor.Script;
import dev.signalbox.workers.vendor.VendorClient.Call;
import dev.signalbox.workers.vendor.openai.OpenAiChatCodec;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Tag("issue-2")
@Timeout(60)
class HttpVendorClientTest {
    private static final Duration LONG = Duration.ofSeconds(30);
    private static final String REQUEST = "{\"model\":\"logical\",\"messages\":[]}";
    private static final String ANSWER = """
            {"id":"1","model":"gpt","choices":[{"index":0,"message":{"role":"assistant","content":"hello"},\
            "finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7}}""";
    private static final String FIRST = delta("Hel", null);
    private static final String LAST = delta("lo", "stop");
    private static final String USAGE = "data: {\"id\":\"1\",\"choices\":[],\"usage\":{\"prompt_tokens\":5,"
            + "\"completion_tokens\":2}}\n\n";
    private static final String DONE = "data: [DONE]\n\n";

    private final HttpVendorClient client = client(HttpLimits.DEFAULT);
    private final List<String> tokens = new ArrayList<>();
    private final List<AutoCloseable> opened = new ArrayList<>();

    @AfterEach
    void close() throws Exception {
        client.close();
        for (AutoCloseable one : opened) {
            one.close();
        }
    }

    @Test
    void anUnstreamedAnswerIsTheVendorsOwnBytes() throws Exception {
        ScriptedVendor vendor = vendor((_, exchange) -> exchange.whole("200 OK", "application/json", utf8(ANSWER)));
        AttemptOutcome.Answered answered = answered(call(vendor, false));
        assertThat(answered.body()).asString(StandardCharsets.UTF_8).isEqualTo(ANSWER);
        assertThat(answered.finishReason()).contains("stop");
        assertThat(answered.usage().orElseThrow().getOutputTokens()).isEqualTo(2);
        assertThat(answered.times().timeToFirstToken()).isPresent();
        ScriptedVendor.Request request = vendor.requests.getFirst();
        assertThat(request.head()).startsWith("POST /v1/chat/completions HTTP/1.1\r\n");
        assertThat(request.header("Authorization")).isEqualTo("Bearer " + Deployments.SECRET);
        assertThat(request.header("X-Client-Request-Id")).isEqualTo("request-1");
        assertThat(request.body()).asString(StandardCharsets.UTF_8)
                .isEqualTo("{\"model\":\"gpt-4.1-2025-04-14\",\"messages\":[]}");
    }

    @Test
    void aStreamIsPassedOnAndPutTogetherHoweverItIsChunked() throws Exception {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        byte[] wire = utf8(": hi\n\n" + FIRST + LAST + USAGE + DONE);
        ScriptedVendor vendor = vendor((_, exchange) -> {
            exchange.stream();
            int at = 0;
            while (at < wire.length) {
                int next = Math.min(wire.length, at + 1 + random.nextInt(60));
                exchange.chunk(wire, at, next);
                at = next;
            }
            exchange.endChunks();
            return true;
        });
        for (int i = 0; i < 50; i++) {
            tokens.clear();
            AttemptOutcome.Answered answered = answered(call(vendor, true));
            assertThat(tokens).as("seed %d", seed).containsExactly("TEXT Hel", "TEXT lo");
            assertThat(answered.body()).asString(StandardCharsets.UTF_8).contains("\"content\":\"Hello\"")
                    .contains("\"finish_reason\":\"stop\"");
            assertThat(answered.usage().orElseThrow().getInputTokens()).isEqualTo(5);
            assertThat(answered.warnings()).isEmpty();
        }
        assertThat(vendor.accepted).hasValue(1);
    }

    @Test
    void compressedAnswersAreRead() throws Exception {
        ScriptedVendor vendor = vendor((request, exchange) -> {
            String type = request.header("Accept").contains("event") ? "text/event-stream" : "application/json";
            String body = type.contains("json") ? ANSWER : FIRST + LAST + DONE;
            ByteArrayOutputStream zipped = new ByteArrayOutputStream();
            try (GZIPOutputStream zip = new GZIPOutputStream(zipped)) {
                zip.write(utf8(body));
            }
            return exchange.whole("200 OK", type, zipped.toByteArray(), "Content-Encoding: gzip");
        });
        assertThat(answered(call(vendor, false)).body()).asString(StandardCharsets.UTF_8).isEqualTo(ANSWER);
        answered(call(vendor, true));
        assertThat(tokens).containsExactly("TEXT Hel", "TEXT lo");
    }

    @Test
    void connectingIsLimited() throws Exception {
        try (ServerSocket full = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            List<Socket> waiting = new ArrayList<>();
            // A full backlog lets further connections hang.
            for (int i = 0; i < 3; i++) {
                Socket socket = new Socket();
                waiting.add(socket);
                try {
                    socket.connect(full.getLocalSocketAddress(), 100);
                } catch (IOException isFull) {
                    break;
                }
            }
            Duration limit = Duration.ofMillis(150);
            AttemptFailure failure = failure(client.call(
                    call(URI.create("http://127.0.0.1:" + full.getLocalPort()),
                            new CallTimeouts(limit, LONG, LONG, LONG, LONG), true),
                    TokenSink.NONE));
            assertThat(failure.failureClass()).isEqualTo(FailureClass.TIMEOUT);
            assertThat(failure.message()).contains("connect limit of 150 ms");
            for (Socket socket : waiting) {
                socket.close();
            }
        }
    }

    @Test
    void theFirstByteIsLimited() throws Exception {
        ScriptedVendor vendor = vendor((_, exchange) -> silent(exchange));
        assertTimeout(vendor, false, "first_byte", new CallTimeouts(LONG, Duration.ofMillis(150), LONG, LONG, LONG));
    }

    @Test
    void theFirstTokenIsLimitedAndSignsOfLifeAreNone() throws Exception {
        ScriptedVendor vendor = vendor((_, exchange) -> {
            exchange.stream();
            exchange.chunk(": ping\n\n" + delta("", null));
            return silent(exchange);
        });
        assertTimeout(vendor, true, "first_token", new CallTimeouts(LONG, LONG, Duration.ofMillis(150), LONG, LONG));
    }

    @Test
    void theGapBetweenTokensIsLimitedAndSignsOfLifeDoNotFillIt() throws Exception {
        CountDownLatch over = new CountDownLatch(1);
        ScriptedVendor vendor = vendor((_, exchange) -> {
            exchange.stream();
            exchange.chunk(FIRST);
            while (!over.await(30, TimeUnit.MILLISECONDS)) {
                exchange.chunk(": ping\n\n" + delta("", null));
            }
            return false;
        });
        AttemptOutcome.Failed failed = assertTimeout(vendor, true, "token_gap",
                new CallTimeouts(LONG, LONG, LONG, Duration.ofMillis(200), LONG));
        over.countDown();
        assertThat(tokens).containsExactly("TEXT Hel");
        assertThat(failed.partialBody().orElseThrow()).asString(StandardCharsets.UTF_8).contains("Hel")
                .contains("\"finish_reason\":null");
        assertThat(failed.usage().orElseThrow().getEstimated()).isTrue();
        assertThat(failed.times().timeToFirstToken()).isPresent();
    }

    @Test
    void theTotalIsLimitedHoweverManyTokensCome() throws Exception {
        CountDownLatch over = new CountDownLatch(1);
        ScriptedVendor vendor = vendor((_, exchange) -> {
            exchange.stream();
            while (!over.await(10, TimeUnit.MILLISECONDS)) {
                exchange.chunk(FIRST);
            }
            return false;
        });
        assertTimeout(vendor, true, "total", new CallTimeouts(LONG, LONG, LONG, LONG, Duration.ofMillis(200)));
        over.countDown();
    }

    @Test
    void aCallThatItsRequestHasNoTimeForTeachesNothingAboutTheVendor() throws Exception {
        ScriptedVendor vendor = vendor((_, exchange) -> silent(exchange));
        Call whole = call(vendor.baseUrl(), CallTimeouts.DEFAULT, false);
        AttemptFailure late = failure(client.call(with(whole, Duration.ofMillis(150)), TokenSink.NONE));
        assertThat(late.failureClass()).isEqualTo(FailureClass.DEADLINE);
        int accepted = vendor.accepted.get();
        AttemptFailure never = failure(client.call(with(whole, Duration.ZERO), TokenSink.NONE));
        assertThat(never.failureClass()).isEqualTo(FailureClass.DEADLINE);
        assertThat(vendor.accepted).hasValue(accepted);
    }

    @Test
    void aSlowTakerOfTokensIsNotTheVendorsGap() throws Exception {
        ScriptedVendor vendor = vendor((_, exchange) -> {
            exchange.stream();
            exchange.chunk(FIRST);
            exchange.chunk(LAST + DONE);
            exchange.endChunks();
            return true;
        });
        CountDownLatch never = new CountDownLatch(1);
        AttemptOutcome outcome = client.call(
                call(vendor.baseUrl(), new CallTimeouts(LONG, LONG, LONG, Duration.ofMillis(100), LONG), true),
                (_, _, _, _) -> {
                    try {
                        assertThat(never.await(250, TimeUnit.MILLISECONDS)).isFalse();
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                });
        answered(outcome);
    }

    @Test
    void aRefusedConnectionIsLost() throws Exception {
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        AttemptFailure failure = failure(client
                .call(call(URI.create("http://127.0.0.1:" + port), CallTimeouts.DEFAULT, true), TokenSink.NONE));
        assertThat(failure.failureClass()).isEqualTo(FailureClass.CONNECTION_LOST);
    }

    @Test
    void aResetBeforeTheAnswerIsLostAndNotTriedAgain() throws Exception {
        ScriptedVendor vendor = vendor((_, exchange) -> {
            exchange.reset();
            return false;
        });
        assertThat(failure(call(vendor, true)).failureClass()).isEqualTo(FailureClass.CONNECTION_LOST);
        assertThat(vendor.requests).hasSize(1);
    }

    @Test
    void aStreamThatIsCutIsNeverComplete() throws Exception {
        ScriptedVendor reset = vendor((_, exchange) -> {
            exchange.stream();
            exchange.chunk(FIRST);
            await().until(() -> !tokens.isEmpty());
            exchange.reset();
            return false;
        });
        AttemptOutcome.Failed lost = failed(call(reset, true));
        assertThat(lost.failure().failureClass()).isEqualTo(FailureClass.CONNECTION_LOST);
        assertThat(lost.partialBody()).isPresent();
        ScriptedVendor unended = vendor((_, exchange) -> {
            exchange.stream();
            exchange.chunk(FIRST);
            return false;
        });
        assertThat(failure(call(unended, true)).failureClass()).isEqualTo(FailureClass.CONNECTION_LOST);
        ScriptedVendor ended = vendor((_, exchange) -> {
            exchange.stream();
            exchange.chunk(FIRST);
            exchange.endChunks();
            return true;
        });
        assertThat(failure(call(ended, true)).failureClass()).isEqualTo(FailureClass.TRUNCATED);
    }

    @Test
    void aStreamThatIsLostOrSilentAfterItsFinishReasonIsCompleteWithAWarning() throws Exception {
        ScriptedVendor lost = vendor((_, exchange) -> {
            exchange.stream();
            exchange.chunk(FIRST + LAST);
            return false;
        });
        assertThat(answered(call(lost, true)).warnings()).hasSize(1);
        ScriptedVendor silent = vendor((_, exchange) -> {
            exchange.stream();
            exchange.chunk(FIRST + LAST);
            return silent(exchange);
        });
        AttemptOutcome outcome = client.call(
                call(silent.baseUrl(), new CallTimeouts(LONG, LONG, LONG, Duration.ofMillis(150), LONG), true),
                TokenSink.NONE);
        assertThat(answered(outcome).warnings()).hasSize(1);
    }

    @Test
    void anUnstreamedAnswerThatIsCutIsLost() throws Exception {
        ScriptedVendor vendor = vendor((_, exchange) -> {
            exchange.raw("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n" + ANSWER);
            return false;
        });
        assertThat(failure(call(vendor, false)).failureClass()).isEqualTo(FailureClass.CONNECTION_LOST);
    }

    @Test
    void anErrorIsClassifiedByItsBodyAndItsSecretsAreKept() throws Exception {
        ScriptedVendor vendor = vendor((_, exchange) -> exchange.whole("429 Too Many", "application/json",
                utf8("{\"error\":{\"code\":\"rate_limit_exceeded\",\"message\":\"slow, " + Deployments.SECRET
                        + ", try again in 20s\"}}"),
                "retry-after: 1", "retry-after-ms: 0"));
        AttemptFailure failure = failure(call(vendor, true));
        assertThat(failure.failureClass()).isEqualTo(FailureClass.RATE_LIMIT);
        assertThat(failure.httpStatus()).hasValue(429);
        assertThat(failure.retryAfter()).contains(Duration.ofSeconds(20));
        assertThat(failure.message()).doesNotContain(Deployments.SECRET);
    }

    @Test
    void aPageOfHtmlIsTheServersError() throws Exception {
        byte[] page = utf8("<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>");
        ScriptedVendor bad = vendor((_, exchange) -> exchange.whole("502 Bad Gateway", "text/html", page));
        AttemptFailure failure = failure(call(bad, true));
        assertThat(failure.failureClass()).isEqualTo(FailureClass.SERVER_ERROR);
        assertThat(failure.message()).isEqualTo("502 Bad Gateway");
        ScriptedVendor good = vendor((_, exchange) -> exchange.whole("200 OK", "text/html", page));
        AttemptFailure lie = failure(call(good, true));
        assertThat(lie.failureClass()).isEqualTo(FailureClass.SERVER_ERROR);
        assertThat(lie.message()).contains("text/html");
    }

    @Test
    void anUnstreamedAnswerToAStreamedCallIsTaken() throws Exception {
        ScriptedVendor vendor = vendor((_, exchange) -> exchange.whole("200 OK", "application/json", utf8(ANSWER)));
        assertThat(answered(call(vendor, true)).body()).asString(StandardCharsets.UTF_8).isEqualTo(ANSWER);
    }

    @Test
    void redirectsAreNotFollowed() throws Exception {
        ScriptedVendor other = vendor((_, exchange) -> exchange.whole("200 OK", "application/json", utf8(ANSWER)));
        for (String status : List.of("301 Moved", "302 Found", "307 Temporary", "308 Permanent")) {
            ScriptedVendor vendor = vendor((_, exchange) -> exchange.whole(status, "text/plain", new byte[0],
                    "Location: " + other.baseUrl() + "/chat/completions"));
            assertThat(failure(call(vendor, false)).failureClass()).isEqualTo(FailureClass.ENDPOINT_MISCONFIGURED);
        }
        assertThat(other.accepted).hasValue(0);
    }

    @Test
    void aBusyVendorThatSaysAtOnceIsNotAskedAgainByTheShell() throws Exception {
        for (String status : List.of("503 Busy", "408 Timeout", "421 Misdirected", "401 Who", "407 Who")) {
            ScriptedVendor vendor = vendor(
                    (_, exchange) -> exchange.whole(status, "text/plain", utf8("busy"), "Retry-After: 0"));
            failure(call(vendor, false));
            assertThat(vendor.requests).as(status).hasSize(1);
        }
    }

    @Test
    void sizesAreBounded() throws Exception {
        HttpLimits small = new HttpLimits(10, LONG, LONG, LONG, 2_000, 600, 800);
        try (HttpVendorClient bounded = client(small)) {
            String much = "x".repeat(3_000);
            ScriptedVendor body = vendor((_, exchange) -> exchange.whole("200 OK", "application/json", utf8(much)));
            assertOversized(bounded, body, false);
            ScriptedVendor line = vendor((_, exchange) -> streamOf(exchange, "data: " + "x".repeat(700)));
            assertOversized(bounded, line, true);
            ScriptedVendor event = vendor(
                    (_, exchange) -> streamOf(exchange, ("data: " + "x".repeat(300) + "\n").repeat(3)));
            assertOversized(bounded, event, true);
            ScriptedVendor stream = vendor((_, exchange) -> streamOf(exchange, FIRST.repeat(100)));
            assertOversized(bounded, stream, true);
            ByteArrayOutputStream bomb = new ByteArrayOutputStream();
            try (GZIPOutputStream zip = new GZIPOutputStream(bomb)) {
                zip.write(new byte[1 << 20]);
            }
            ScriptedVendor zipped = vendor((_, exchange) -> exchange.whole("200 OK", "application/json",
                    bomb.toByteArray(), "Content-Encoding: gzip"));
            assertOversized(bounded, zipped, false);
            ScriptedVendor header = vendor((_, exchange) -> exchange.whole("200 OK", "application/json", utf8(ANSWER),
                    "X-Much: " + "x".repeat(300_000)));
            assertThat(failure(bounded.call(call(header.baseUrl(), CallTimeouts.DEFAULT, false), TokenSink.NONE))
                    .failureClass()).isEqualTo(FailureClass.CONNECTION_LOST);
        }
    }

    @Test
    void interruptingTheThreadClosesTheConnection() throws Exception {
        CountDownLatch begun = new CountDownLatch(2);
        CountDownLatch closed = new CountDownLatch(2);
        ScriptedVendor vendor = vendor((request, exchange) -> {
            if (request.header("Accept").contains("event")) {
                exchange.stream();
                exchange.chunk(FIRST);
            }
            begun.countDown();
            exchange.awaitClosed();
            closed.countDown();
            return false;
        });
        for (boolean streamed : new boolean[]{true, false}) {
            FutureTask<AttemptOutcome> task = task(() -> call(vendor, streamed));
            long before = begun.getCount();
            Thread thread = Thread.ofVirtual().start(task);
            await().until(() -> begun.getCount() < before || begun.getCount() == 0);
            if (streamed) {
                await().until(() -> !tokens.isEmpty());
            }
            thread.interrupt();
            assertThat(failure(task.get(5, TimeUnit.SECONDS)).failureClass()).isEqualTo(FailureClass.CANCELLED);
        }
        assertThat(closed.await(5, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void aThousandFailingCallsLeakNothing() throws Exception {
        Random random = new Random(1);
        ScriptedVendor vendor = vendor((_, exchange) -> {
            switch (random.nextInt(5)) {
                case 0 -> exchange.reset();
                case 1 -> exchange.raw("nonsense\r\n\r\n");
                case 2 -> {
                    exchange.stream();
                    exchange.chunk(FIRST);
                }
                case 3 -> {
                    return exchange.whole("500 Broken", "text/plain", utf8("broken"));
                }
                default -> {
                    exchange.stream();
                    exchange.chunk("data: {\"error\":{\"message\":\"broken\"}}\n\n");
                    exchange.endChunks();
                    return true;
                }
            }
            return false;
        });
        List<FutureTask<AttemptOutcome>> tasks = new ArrayList<>();
        for (int i = 0; i < 1_000; i++) {
            FutureTask<AttemptOutcome> task = task(() -> client
                    .call(call(vendor.baseUrl(), CallTimeouts.DEFAULT, true), TokenSink.NONE));
            tasks.add(task);
            Thread.ofVirtual().start(task);
            if (i % 50 == 49) {
                for (FutureTask<AttemptOutcome> one : tasks) {
                    failure(one.get(20, TimeUnit.SECONDS));
                }
                tasks.clear();
            }
        }
        assertThat(client.running()).isZero();
        assertThat(client.connections()).isEqualTo(client.idleConnections()).isLessThanOrEqualTo(50);
        await().untilAsserted(() -> assertThat(vendor.openConnections()).isLessThanOrEqualTo(client.connections()));
    }

    private void assertOversized(HttpVendorClient bounded, ScriptedVendor vendor, boolean streamed) {
        AttemptFailure failure = failure(
                bounded.call(call(vendor.baseUrl(), CallTimeouts.DEFAULT, streamed), TokenSink.NONE));
        assertThat(failure.failureClass()).isEqualTo(FailureClass.TRUNCATED);
        assertThat(failure.message()).contains("over the limit");
    }

    private AttemptOutcome.Failed assertTimeout(ScriptedVendor vendor, boolean streamed, String limit,
            CallTimeouts timeouts) {
        AttemptOutcome.Failed failed = failed(client.call(call(vendor.baseUrl(), timeouts, streamed), this::token));
        assertThat(failed.failure().failureClass()).isEqualTo(FailureClass.TIMEOUT);
        assertThat(failed.failure().message()).startsWith(limit + " limit");
        assertThat(failed.times().duration()).isLessThan(Duration.ofSeconds(5));
        await().until(() -> vendor.openConnections() == 0);
        return failed;
    }

    private AttemptOutcome call(ScriptedVendor vendor, boolean streamed) {
        return client.call(call(vendor.baseUrl(), CallTimeouts.DEFAULT, streamed), this::token);
    }

    private void token(ChunkKind kind, int index, String delta, Object toolCall) {
        synchronized (tokens) {
            tokens.add(kind + " " + delta);
        }
    }

    private ScriptedVendor vendor(Script script) throws IOException {
        ScriptedVendor vendor = new ScriptedVendor(script);
        opened.add(vendor);
        return vendor;
    }

    private static boolean silent(Exchange exchange) throws IOException {
        exchange.awaitClosed();
        return false;
    }

    private static boolean streamOf(Exchange exchange, String text) throws IOException {
        exchange.stream();
        exchange.chunk(text);
        exchange.endChunks();
        return true;
    }

    private static HttpVendorClient client(HttpLimits limits) {
        return new HttpVendorClient(Map.of(VendorFamily.OPENAI, new OpenAiChatCodec()), limits, System::nanoTime);
    }

    private static Call call(URI baseUrl, CallTimeouts timeouts, boolean streamed) {
        return Deployments.call(Deployments.openAi(baseUrl, timeouts, true), REQUEST, streamed);
    }

    private static Call with(Call call, Duration timeLeft) {
        return new Call(call.deployment(), BodyFormat.OPENAI_CHAT_COMPLETIONS, call.body(), call.streamed(), timeLeft,
                call.requestId());
    }

    private static FutureTask<AttemptOutcome> task(Callable<AttemptOutcome> call) {
        return new FutureTask<>(call);
    }

    private static AttemptOutcome.Answered answered(AttemptOutcome outcome) {
        assertThat(outcome).isInstanceOf(AttemptOutcome.Answered.class);
        return (AttemptOutcome.Answered) outcome;
    }

    private static AttemptOutcome.Failed failed(AttemptOutcome outcome) {
        assertThat(outcome).isInstanceOf(AttemptOutcome.Failed.class);
        return (AttemptOutcome.Failed) outcome;
    }

    private static AttemptFailure failure(AttemptOutcome outcome) {
        return failed(outcome).failure();
    }

    private static String delta(String text, String finishReason) {
        return "data: {\"id\":\"1\",\"model\":\"gpt\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" + text
                + "\"},\"finish_reason\":" + (finishReason == null ? "null" : "\"" + finishReason + "\"") + "}]}\n\n";
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
