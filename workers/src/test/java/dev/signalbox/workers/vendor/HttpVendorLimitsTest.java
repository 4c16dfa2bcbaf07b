package dev.signalbox.workers.vendor;

import static dev.signalbox.workers.vendor.VendorCalls.ANSWER;
import static dev.signalbox.workers.vendor.VendorCalls.DONE;
import static dev.signalbox.workers.vendor.VendorCalls.FIRST;
import static dev.signalbox.workers.vendor.VendorCalls.LAST;
import static dev.signalbox.workers.vendor.VendorCalls.LONG;
import static dev.signalbox.workers.vendor.VendorCalls.answered;
import static dev.signalbox.workers.vendor.VendorCalls.call;
import static dev.signalbox.workers.vendor.VendorCalls.client;
import static dev.signalbox.workers.vendor.VendorCalls.delta;
import static dev.signalbox.workers.vendor.VendorCalls.failed;
import static dev.signalbox.workers.vendor.VendorCalls.failure;
import static dev.signalbox.workers.vendor.VendorCalls.silent;
import static dev.signalbox.workers.vendor.VendorCalls.utf8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.signalbox.config.CallTimeouts;
import dev.signalbox.schemas.avro.BodyFormat;
import dev.signalbox.workers.vendor.ScriptedVendor.Exchange;
import dev.signalbox.workers.vendor.VendorClient.Call;
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
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The five time limits of a call, the time of its request, and the sizes that are read. */
@Tag("issue-2")
@Tag("issue-7")
@Timeout(60)
class HttpVendorLimitsTest {
    private final VendorCalls calls = new VendorCalls();

    @AfterEach
    void close() throws Exception {
        calls.close();
    }

    /** Whom nobody can connect to, since its backlog is full. */
    private static final class FullServer implements AutoCloseable {
        private final ServerSocket full;
        private final List<Socket> waiting = new ArrayList<>();

        FullServer() throws IOException {
            full = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
            for (int i = 0; i < 3; i++) {
                Socket socket = new Socket();
                waiting.add(socket);
                try {
                    socket.connect(full.getLocalSocketAddress(), 100);
                } catch (IOException isFull) {
                    break;
                }
            }
        }

        URI baseUrl() {
            return URI.create("http://127.0.0.1:" + full.getLocalPort());
        }

        @Override
        public void close() throws IOException {
            for (Socket socket : waiting) {
                socket.close();
            }
            full.close();
        }
    }

    @Test
    void connectingIsLimited() throws Exception {
        try (FullServer full = new FullServer()) {
            Duration limit = Duration.ofMillis(150);
            AttemptFailure failure = failure(calls.client.call(
                    call(full.baseUrl(), new CallTimeouts(limit, LONG, LONG, LONG, LONG), true), TokenSink.NONE));
            assertThat(failure.failureClass()).isEqualTo(FailureClass.TIMEOUT);
            assertThat(failure.message()).contains("connect limit of 150 ms");
        }
    }

    @Test
    void theTimeOfItsRequestCapsEachLimit() throws Exception {
        try (FullServer full = new FullServer()) {
            assertDeadline(full.baseUrl());
        }
        assertDeadline(calls.vendor((_, exchange) -> silent(exchange)).baseUrl());
        assertDeadline(calls.vendor((_, exchange) -> {
            exchange.stream();
            exchange.chunk(": ping\n\n" + delta("", null));
            return silent(exchange);
        }).baseUrl());
        assertDeadline(calls.vendor((_, exchange) -> {
            exchange.stream();
            exchange.chunk(FIRST);
            return silent(exchange);
        }).baseUrl());
        CountDownLatch over = new CountDownLatch(1);
        assertDeadline(calls.vendor((_, exchange) -> {
            exchange.stream();
            while (!over.await(10, TimeUnit.MILLISECONDS)) {
                exchange.chunk(FIRST);
            }
            return false;
        }).baseUrl());
        over.countDown();
    }

    /** Of a call whose own limits are all long. */
    private void assertDeadline(URI vendor) throws Exception {
        AttemptFailure failure = failure(calls.client.call(
                with(call(vendor, new CallTimeouts(LONG, LONG, LONG, LONG, LONG), true), Duration.ofMillis(250)),
                TokenSink.NONE));
        assertThat(failure.failureClass()).as(failure.message()).isEqualTo(FailureClass.DEADLINE);
    }

    @Test
    void theFirstByteIsLimited() throws Exception {
        ScriptedVendor vendor = calls.vendor((_, exchange) -> silent(exchange));
        assertTimeout(vendor, false, "first_byte", new CallTimeouts(LONG, Duration.ofMillis(150), LONG, LONG, LONG));
    }

    @Test
    void theFirstTokenIsLimitedAndSignsOfLifeAreNone() throws Exception {
        ScriptedVendor vendor = calls.vendor((_, exchange) -> {
            exchange.stream();
            exchange.chunk(": ping\n\n" + delta("", null));
            return silent(exchange);
        });
        assertTimeout(vendor, true, "first_token", new CallTimeouts(LONG, LONG, Duration.ofMillis(150), LONG, LONG));
    }

    @Test
    void theGapBetweenTokensIsLimitedAndSignsOfLifeDoNotFillIt() throws Exception {
        CountDownLatch over = new CountDownLatch(1);
        ScriptedVendor vendor = calls.vendor((_, exchange) -> {
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
        assertThat(calls.tokens).containsExactly("TEXT Hel");
        assertThat(failed.partialBody().orElseThrow()).asString(StandardCharsets.UTF_8).contains("Hel")
                .contains("\"finish_reason\":null");
        assertThat(failed.usage().orElseThrow().getEstimated()).isTrue();
        assertThat(failed.times().timeToFirstToken()).isPresent();
    }

    @Test
    void theTotalIsLimitedHoweverManyTokensCome() throws Exception {
        CountDownLatch over = new CountDownLatch(1);
        ScriptedVendor vendor = calls.vendor((_, exchange) -> {
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
        ScriptedVendor vendor = calls.vendor((_, exchange) -> silent(exchange));
        Call whole = call(vendor.baseUrl(), CallTimeouts.DEFAULT, false);
        AttemptFailure late = failure(calls.client.call(with(whole, Duration.ofMillis(150)), TokenSink.NONE));
        assertThat(late.failureClass()).isEqualTo(FailureClass.DEADLINE);
        int accepted = vendor.accepted.get();
        AttemptFailure never = failure(calls.client.call(with(whole, Duration.ZERO), TokenSink.NONE));
        assertThat(never.failureClass()).isEqualTo(FailureClass.DEADLINE);
        assertThat(vendor.accepted).hasValue(accepted);
    }

    @Test
    void aSlowTakerOfTokensIsNotTheVendorsGap() throws Exception {
        ScriptedVendor vendor = calls.vendor((_, exchange) -> {
            exchange.stream();
            exchange.chunk(FIRST);
            exchange.chunk(LAST + DONE);
            exchange.endChunks();
            return true;
        });
        CountDownLatch never = new CountDownLatch(1);
        AttemptOutcome outcome = calls.client.call(
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
    void sizesAreBounded() throws Exception {
        HttpLimits small = new HttpLimits(10, LONG, LONG, LONG, 2_000, 600, 800);
        try (HttpVendorClient bounded = client(small)) {
            String much = "x".repeat(3_000);
            ScriptedVendor body = calls
                    .vendor((_, exchange) -> exchange.whole("200 OK", "application/json", utf8(much)));
            assertOversized(bounded, body, false);
            ScriptedVendor line = calls.vendor((_, exchange) -> streamOf(exchange, "data: " + "x".repeat(700)));
            assertOversized(bounded, line, true);
            ScriptedVendor event = calls.vendor(
                    (_, exchange) -> streamOf(exchange, ("data: " + "x".repeat(300) + "\n").repeat(3)));
            assertOversized(bounded, event, true);
            ScriptedVendor stream = calls.vendor((_, exchange) -> streamOf(exchange, FIRST.repeat(100)));
            assertOversized(bounded, stream, true);
            ByteArrayOutputStream bomb = new ByteArrayOutputStream();
            try (GZIPOutputStream zip = new GZIPOutputStream(bomb)) {
                zip.write(new byte[1 << 20]);
            }
            ScriptedVendor zipped = calls.vendor((_, exchange) -> exchange.whole("200 OK", "application/json",
                    bomb.toByteArray(), "Content-Encoding: gzip"));
            assertOversized(bounded, zipped, false);
            ScriptedVendor header = calls
                    .vendor((_, exchange) -> exchange.whole("200 OK", "application/json", utf8(ANSWER),
                            "X-Much: " + "x".repeat(300_000)));
            assertThat(failure(bounded.call(call(header.baseUrl(), CallTimeouts.DEFAULT, false), TokenSink.NONE))
                    .failureClass()).isEqualTo(FailureClass.CONNECTION_LOST);
        }
    }

    private void assertOversized(HttpVendorClient bounded, ScriptedVendor vendor, boolean streamed) {
        AttemptFailure failure = failure(
                bounded.call(call(vendor.baseUrl(), CallTimeouts.DEFAULT, streamed), TokenSink.NONE));
        assertThat(failure.failureClass()).isEqualTo(FailureClass.TRUNCATED);
        assertThat(failure.message()).contains("over the limit");
    }

    private AttemptOutcome.Failed assertTimeout(ScriptedVendor vendor, boolean streamed, String limit,
            CallTimeouts timeouts) {
        AttemptOutcome.Failed failed = failed(
                calls.client.call(call(vendor.baseUrl(), timeouts, streamed), calls::token));
        assertThat(failed.failure().failureClass()).isEqualTo(FailureClass.TIMEOUT);
        assertThat(failed.failure().message()).startsWith(limit + " limit");
        assertThat(failed.times().duration()).isLessThan(Duration.ofSeconds(5));
        await().until(() -> vendor.openConnections() == 0);
        return failed;
    }

    private static boolean streamOf(Exchange exchange, String text) throws IOException {
        exchange.stream();
        exchange.chunk(text);
        exchange.endChunks();
        return true;
    }

    private static Call with(Call call, Duration timeLeft) {
        return new Call(call.deployment(), BodyFormat.OPENAI_CHAT_COMPLETIONS, call.body(), call.streamed(), timeLeft,
                call.requestId());
    }
}
