package dev.signalbox.workers.vendor;

import static dev.signalbox.workers.vendor.VendorCalls.ANSWER;
import static dev.signalbox.workers.vendor.VendorCalls.FIRST;
import static dev.signalbox.workers.vendor.VendorCalls.LAST;
import static dev.signalbox.workers.vendor.VendorCalls.LONG;
import static dev.signalbox.workers.vendor.VendorCalls.answered;
import static dev.signalbox.workers.vendor.VendorCalls.call;
import static dev.signalbox.workers.vendor.VendorCalls.failed;
import static dev.signalbox.workers.vendor.VendorCalls.failure;
import static dev.signalbox.workers.vendor.VendorCalls.silent;
import static dev.signalbox.workers.vendor.VendorCalls.utf8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.signalbox.config.CallTimeouts;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Connections that are refused, reset, cut or closed: never a whole answer, and nothing is left behind. */
@Tag("issue-2")
@Timeout(60)
class HttpVendorLossTest {
    private final VendorCalls calls = new VendorCalls();

    @AfterEach
    void close() throws Exception {
        calls.close();
    }

    @Test
    void aRefusedConnectionIsLost() throws Exception {
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        AttemptFailure failure = failure(calls.client
                .call(call(URI.create("http://127.0.0.1:" + port), CallTimeouts.DEFAULT, true), TokenSink.NONE));
        assertThat(failure.failureClass()).isEqualTo(FailureClass.CONNECTION_LOST);
    }

    @Test
    void aResetBeforeTheAnswerIsLostAndNotTriedAgain() throws Exception {
        ScriptedVendor vendor = calls.vendor((_, exchange) -> {
            exchange.reset();
            return false;
        });
        assertThat(failure(calls.call(vendor, true)).failureClass()).isEqualTo(FailureClass.CONNECTION_LOST);
        assertThat(vendor.requests).hasSize(1);
    }

    @Test
    void aStreamThatIsCutIsNeverComplete() throws Exception {
        ScriptedVendor reset = calls.vendor((_, exchange) -> {
            exchange.stream();
            exchange.chunk(FIRST);
            await().until(() -> !calls.tokens.isEmpty());
            exchange.reset();
            return false;
        });
        AttemptOutcome.Failed lost = failed(calls.call(reset, true));
        assertThat(lost.failure().failureClass()).isEqualTo(FailureClass.CONNECTION_LOST);
        assertThat(lost.partialBody()).isPresent();
        ScriptedVendor unended = calls.vendor((_, exchange) -> {
            exchange.stream();
            exchange.chunk(FIRST);
            return false;
        });
        assertThat(failure(calls.call(unended, true)).failureClass()).isEqualTo(FailureClass.CONNECTION_LOST);
        ScriptedVendor ended = calls.vendor((_, exchange) -> {
            exchange.stream();
            exchange.chunk(FIRST);
            exchange.endChunks();
            return true;
        });
        assertThat(failure(calls.call(ended, true)).failureClass()).isEqualTo(FailureClass.TRUNCATED);
    }

    @Test
    void aStreamThatIsLostOrSilentAfterItsFinishReasonIsCompleteWithAWarning() throws Exception {
        ScriptedVendor lost = calls.vendor((_, exchange) -> {
            exchange.stream();
            exchange.chunk(FIRST + LAST);
            return false;
        });
        assertThat(answered(calls.call(lost, true)).warnings()).hasSize(1);
        ScriptedVendor silent = calls.vendor((_, exchange) -> {
            exchange.stream();
            exchange.chunk(FIRST + LAST);
            return silent(exchange);
        });
        AttemptOutcome outcome = calls.client.call(
                call(silent.baseUrl(), new CallTimeouts(LONG, LONG, LONG, Duration.ofMillis(150), LONG), true),
                TokenSink.NONE);
        assertThat(answered(outcome).warnings()).hasSize(1);
    }

    @Test
    void anUnstreamedAnswerThatIsCutIsLost() throws Exception {
        ScriptedVendor vendor = calls.vendor((_, exchange) -> {
            exchange.raw("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n" + ANSWER);
            return false;
        });
        assertThat(failure(calls.call(vendor, false)).failureClass()).isEqualTo(FailureClass.CONNECTION_LOST);
    }

    @Test
    void interruptingTheThreadClosesTheConnection() throws Exception {
        CountDownLatch begun = new CountDownLatch(2);
        CountDownLatch closed = new CountDownLatch(2);
        ScriptedVendor vendor = calls.vendor((request, exchange) -> {
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
            FutureTask<AttemptOutcome> task = task(() -> calls.call(vendor, streamed));
            long before = begun.getCount();
            Thread thread = Thread.ofVirtual().start(task);
            await().until(() -> begun.getCount() < before || begun.getCount() == 0);
            if (streamed) {
                await().until(() -> !calls.tokens.isEmpty());
            }
            thread.interrupt();
            assertThat(failure(task.get(5, TimeUnit.SECONDS)).failureClass()).isEqualTo(FailureClass.CANCELLED);
        }
        assertThat(closed.await(5, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void aThousandFailingCallsLeakNothing() throws Exception {
        Random random = new Random(1);
        ScriptedVendor vendor = calls.vendor((_, exchange) -> {
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
            FutureTask<AttemptOutcome> task = task(() -> calls.client
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
        assertThat(calls.client.running()).isZero();
        assertThat(calls.client.connections()).isEqualTo(calls.client.idleConnections()).isLessThanOrEqualTo(50);
        await().untilAsserted(
                () -> assertThat(vendor.openConnections()).isLessThanOrEqualTo(calls.client.connections()));
    }

    private static FutureTask<AttemptOutcome> task(Callable<AttemptOutcome> call) {
        return new FutureTask<>(call);
    }
}
