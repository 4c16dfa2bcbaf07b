package dev.signalbox.workers.vendor;

import static dev.signalbox.workers.vendor.VendorCalls.ANSWER;
import static dev.signalbox.workers.vendor.VendorCalls.DONE;
import static dev.signalbox.workers.vendor.VendorCalls.FIRST;
import static dev.signalbox.workers.vendor.VendorCalls.LAST;
import static dev.signalbox.workers.vendor.VendorCalls.USAGE;
import static dev.signalbox.workers.vendor.VendorCalls.answered;
import static dev.signalbox.workers.vendor.VendorCalls.failure;
import static dev.signalbox.workers.vendor.VendorCalls.utf8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Answers as vendors send them: whole, streamed, compressed, of the wrong kind, elsewhere. */
@Tag("issue-2")
@Timeout(60)
class HttpVendorAnswersTest {
    private final VendorCalls calls = new VendorCalls();

    @AfterEach
    void close() throws Exception {
        calls.close();
    }

    @Test
    void anUnstreamedAnswerIsTheVendorsOwnBytes() throws Exception {
        ScriptedVendor vendor = calls
                .vendor((_, exchange) -> exchange.whole("200 OK", "application/json", utf8(ANSWER)));
        AttemptOutcome.Answered answered = answered(calls.call(vendor, false));
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
        ScriptedVendor vendor = calls.vendor((_, exchange) -> {
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
            calls.tokens.clear();
            AttemptOutcome.Answered answered = answered(calls.call(vendor, true));
            assertThat(calls.tokens).as("seed %d", seed).containsExactly("TEXT Hel", "TEXT lo");
            assertThat(answered.body()).asString(StandardCharsets.UTF_8).contains("\"content\":\"Hello\"")
                    .contains("\"finish_reason\":\"stop\"");
            assertThat(answered.usage().orElseThrow().getInputTokens()).isEqualTo(5);
            assertThat(answered.warnings()).isEmpty();
        }
        assertThat(vendor.accepted).hasValue(1);
    }

    @Test
    void compressedAnswersAreRead() throws Exception {
        ScriptedVendor vendor = calls.vendor((request, exchange) -> {
            String type = request.header("Accept").contains("event") ? "text/event-stream" : "application/json";
            String body = type.contains("json") ? ANSWER : FIRST + LAST + DONE;
            ByteArrayOutputStream zipped = new ByteArrayOutputStream();
            try (GZIPOutputStream zip = new GZIPOutputStream(zipped)) {
                zip.write(utf8(body));
            }
            return exchange.whole("200 OK", type, zipped.toByteArray(), "Content-Encoding: gzip");
        });
        assertThat(answered(calls.call(vendor, false)).body()).asString(StandardCharsets.UTF_8).isEqualTo(ANSWER);
        answered(calls.call(vendor, true));
        assertThat(calls.tokens).containsExactly("TEXT Hel", "TEXT lo");
    }

    @Test
    void anErrorIsClassifiedByItsBodyAndItsSecretsAreKept() throws Exception {
        ScriptedVendor vendor = calls.vendor((_, exchange) -> exchange.whole("429 Too Many", "application/json",
                utf8("{\"error\":{\"code\":\"rate_limit_exceeded\",\"message\":\"slow, " + Deployments.SECRET
                        + ", try again in 20s\"}}"),
                "retry-after: 1", "retry-after-ms: 0"));
        AttemptFailure failure = failure(calls.call(vendor, true));
        assertThat(failure.failureClass()).isEqualTo(FailureClass.RATE_LIMIT);
        assertThat(failure.httpStatus()).hasValue(429);
        assertThat(failure.retryAfter()).contains(Duration.ofSeconds(20));
        assertThat(failure.message()).doesNotContain(Deployments.SECRET);
    }

    @Test
    void aPageOfHtmlIsTheServersError() throws Exception {
        byte[] page = utf8("<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>");
        ScriptedVendor bad = calls.vendor((_, exchange) -> exchange.whole("502 Bad Gateway", "text/html", page));
        AttemptFailure failure = failure(calls.call(bad, true));
        assertThat(failure.failureClass()).isEqualTo(FailureClass.SERVER_ERROR);
        assertThat(failure.message()).isEqualTo("502 Bad Gateway");
        ScriptedVendor good = calls.vendor((_, exchange) -> exchange.whole("200 OK", "text/html", page));
        AttemptFailure lie = failure(calls.call(good, true));
        assertThat(lie.failureClass()).isEqualTo(FailureClass.SERVER_ERROR);
        assertThat(lie.message()).contains("text/html");
    }

    @Test
    void anUnstreamedAnswerToAStreamedCallIsTaken() throws Exception {
        ScriptedVendor vendor = calls
                .vendor((_, exchange) -> exchange.whole("200 OK", "application/json", utf8(ANSWER)));
        assertThat(answered(calls.call(vendor, true)).body()).asString(StandardCharsets.UTF_8).isEqualTo(ANSWER);
    }

    @Test
    void redirectsAreNotFollowed() throws Exception {
        ScriptedVendor other = calls
                .vendor((_, exchange) -> exchange.whole("200 OK", "application/json", utf8(ANSWER)));
        for (String status : List.of("301 Moved", "302 Found", "307 Temporary", "308 Permanent")) {
            ScriptedVendor vendor = calls.vendor((_, exchange) -> exchange.whole(status, "text/plain", new byte[0],
                    "Location: " + other.baseUrl() + "/chat/completions"));
            assertThat(failure(calls.call(vendor, false)).failureClass())
                    .isEqualTo(FailureClass.ENDPOINT_MISCONFIGURED);
        }
        assertThat(other.accepted).hasValue(0);
    }

    @Test
    void aBusyVendorThatSaysAtOnceIsNotAskedAgainByTheShell() throws Exception {
        for (String status : List.of("503 Busy", "408 Timeout", "421 Misdirected", "401 Who", "407 Who")) {
            ScriptedVendor vendor = calls.vendor(
                    (_, exchange) -> exchange.whole(status, "text/plain", utf8("busy"), "Retry-After: 0"));
            failure(calls.call(vendor, false));
            assertThat(vendor.requests).as(status).hasSize(1);
        }
    }
}
