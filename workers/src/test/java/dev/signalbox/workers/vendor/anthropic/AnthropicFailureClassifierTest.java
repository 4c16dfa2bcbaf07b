package dev.signalbox.workers.vendor.anthropic;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.workers.vendor.AttemptFailure;
import dev.signalbox.workers.vendor.FailureClass;
import dev.signalbox.workers.vendor.FailureClass.Same;
import dev.signalbox.workers.vendor.VendorError;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Failure shapes from the vendor's documentation and public threads (wire facts F01 to F13) that no recording holds. */
@Tag("issue-3")
class AnthropicFailureClassifierTest {
    private final AnthropicFailureClassifier classifier = new AnthropicFailureClassifier();

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "529 | overloaded_error | Overloaded | OVERLOADED",
            "200 | overloaded_error | Overloaded | OVERLOADED",
            "500 | api_error | Internal server error | SERVER_ERROR",
            "200 | api_error | Internal server error | SERVER_ERROR",
            "500 | api_error | Overloaded | OVERLOADED",
            "503 | api_error | Service unavailable | OVERLOADED",
            "429 | rate_limit_error | This request would exceed the rate limit for your organization of 40000 input tokens per minute | RATE_LIMIT",
            "429 | rate_limit_error | Your account has hit an acceleration limit | RATE_LIMIT",
            "200 | rate_limit_error | slow | RATE_LIMIT",
            "400 | invalid_request_error | Your credit balance is too low to access the API | QUOTA_EXHAUSTED",
            "402 | billing_error | Payment required | QUOTA_EXHAUSTED",
            "429 | enforced_spend_limit_reached | Spend limit reached | QUOTA_EXHAUSTED",
            "400 | invalid_request_error | Output blocked by content filtering policy | CONTENT_FILTER_OUTPUT",
            "200 | invalid_request_error | Output blocked by content filtering policy | CONTENT_FILTER_OUTPUT",
            "413 | request_too_large | Request exceeds the maximum size | PAYLOAD_TOO_LARGE",
            "400 | invalid_request_error | prompt is too long: 210000 tokens > 200000 maximum | CONTEXT_LENGTH",
            "400 | invalid_request_error | input length and `max_tokens` exceed context limit: 199000 + 8000 > 200000 | CONTEXT_LENGTH",
            "504 | timeout_error | The request timed out while processing | TIMEOUT",
            "409 | conflict_error | Conflict | CONFLICT",
            "401 | authentication_error | invalid x-api-key | AUTH",
            "403 | permission_error | Your API key does not have permission | PERMISSION",
            "404 | not_found_error | model: claude-sonet | MODEL_NOT_FOUND",
            "404 | not_found_error | Not Found | ENDPOINT_MISCONFIGURED",
            "400 | invalid_request_error | max_tokens: 99999 > 8192, which is the maximum allowed number of output tokens for claude-3 | INVALID_FOR_MODEL",
            "400 | invalid_request_error | messages: at least one message is required | INVALID_REQUEST",
            "418 | teapot | short and stout | INVALID_REQUEST"})
    void aTypedErrorHasItsClass(int status, String type, String message, FailureClass expected) {
        AttemptFailure failure = classifier.classify(error(status, type, message, Map.of()));
        assertThat(failure.failureClass()).isEqualTo(expected);
        assertThat(failure.httpStatus()).hasValue(status);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "502 | <html><head><title>502 Bad Gateway</title></head></html> | SERVER_ERROR | 502 Bad Gateway",
            "503 | upstream connect error | SERVER_ERROR | upstream connect error",
            "413 | <html>too large</html> | PAYLOAD_TOO_LARGE | an HTML page",
            "404 | nothing here | ENDPOINT_MISCONFIGURED | nothing here",
            "529 | {\"type\":\"err | OVERLOADED | …"})
    void whatStandsBeforeTheVendorIsClassifiedByStatus(int status, String body, FailureClass expected, String message) {
        AttemptFailure failure = classifier
                .classify(new VendorError(status, Map.of(), body.getBytes(StandardCharsets.UTF_8)));
        assertThat(failure.failureClass()).isEqualTo(expected);
        assertThat(failure.message()).isEqualTo(message);
    }

    @Test
    void theVendorsWordOnRetriesOverridesThatColumnOnly() {
        AttemptFailure never = classifier
                .classify(error(529, "overloaded_error", "x", Map.of("x-should-retry", "false")));
        assertThat(never.same()).isEqualTo(Same.NO);
        assertThat(never.failureClass()).isEqualTo(FailureClass.OVERLOADED);
        AttemptFailure once = classifier.classify(error(401, "authentication_error", "x",
                Map.of("x-should-retry", "true")));
        assertThat(once.same()).isEqualTo(Same.ONCE);
        assertThat(classifier.classify(error(529, "overloaded_error", "x", Map.of())).same()).isEqualTo(Same.ONCE);
        assertThat(classifier.classify(error(429, "rate_limit_error", "x", Map.of("x-should-retry", "true"))).same())
                .isEqualTo(Same.YES);
    }

    @Test
    void withoutRetryAfterTheLatestResetOfAnEmptyBucketIsTheDelay() {
        Map<String, String> headers = Map.of("date", "Tue, 29 Jul 2025 17:03:29 GMT",
                "anthropic-ratelimit-requests-remaining", "0", "anthropic-ratelimit-requests-reset",
                "2025-07-29T17:03:39Z", "anthropic-ratelimit-input-tokens-remaining", "0",
                "anthropic-ratelimit-input-tokens-reset", "2025-07-29T17:03:49Z",
                "anthropic-ratelimit-output-tokens-remaining", "8000", "anthropic-ratelimit-output-tokens-reset",
                "2025-07-29T17:05:29Z");
        assertThat(classifier.classify(error(429, "rate_limit_error", "x", headers)).retryAfter())
                .contains(Duration.ofSeconds(20));
        Map<String, String> both = new java.util.HashMap<>(headers);
        both.put("retry-after", "7");
        assertThat(classifier.classify(error(429, "rate_limit_error", "x", both)).retryAfter())
                .contains(Duration.ofSeconds(7));
    }

    private static VendorError error(int status, String type, String message, Map<String, String> headers) {
        return new VendorError(status, headers, ("{\"type\":\"error\",\"error\":{\"details\":null,\"type\":\"" + type
                + "\",\"message\":\"" + message + "\"},\"request_id\":null}").getBytes(StandardCharsets.UTF_8));
    }
}
