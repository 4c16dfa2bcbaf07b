package dev.signalbox.workers.vendor.openai;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.workers.vendor.FailureClass;
import dev.signalbox.workers.vendor.VendorError;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Shapes from documentation and public threads (wire facts F20 to F31, F40 to F49, F100 to F107). */
@Tag("issue-3")
class OpenAiFailureClassifierTest {
    private final OpenAiFailureClassifier classifier = new OpenAiFailureClassifier();

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', value = {
            "400 | invalid_request_error | | Missing required parameter | INVALID_REQUEST",
            "400 | invalid_request_error | unsupported_parameter | Unsupported parameter | INVALID_FOR_MODEL",
            "400 | invalid_request_error | unsupported_value | Unsupported value | INVALID_FOR_MODEL",
            "400 | invalid_request_error | context_length_exceeded | too many | CONTEXT_LENGTH",
            "400 | BadRequestError | 400 | This model's maximum context length is 4096 tokens | CONTEXT_LENGTH",
            "404 | invalid_request_error | model_not_found | The model does not exist | MODEL_NOT_FOUND",
            "400 | invalid_request_error | content_policy_violation | no | CONTENT_FILTER_INPUT",
            "400 | | content_filter | The response was filtered | CONTENT_FILTER_INPUT",
            "401 | invalid_request_error | invalid_api_key | Incorrect API key provided | AUTH",
            "401 | | | You must be a member of an organization | AUTH",
            "403 | request_forbidden | unsupported_country_region_territory | Country not supported | REGION_UNSUPPORTED",
            "408 | | | Request timeout | TIMEOUT", "409 | | | Conflict | CONFLICT",
            "429 | requests | rate_limit_exceeded | Rate limit reached | RATE_LIMIT",
            "429 | tokens | rate_limit_exceeded | Limit 30000, Requested 40000 | RATE_LIMIT_NEVER_FITS",
            "429 | tokens | rate_limit_exceeded | Limit 30000, Used 29000, Requested 4000 | RATE_LIMIT",
            "429 | | slow_down | Slow down | RATE_LIMIT",
            "429 | insufficient_quota | insufficient_quota | You exceeded your current quota | QUOTA_EXHAUSTED",
            "429 | | project_spend_limit_exceeded | limit | QUOTA_EXHAUSTED",
            "402 | | | Payment required | QUOTA_EXHAUSTED",
            "429 | | | No deployments available for selected model, Try again in 60 seconds | OVERLOADED",
            "429 | | | The model is experiencing high demand | OVERLOADED",
            "500 | server_error | | The server had an error | SERVER_ERROR",
            "500 | | | EngineDeadError | ENDPOINT_DEAD",
            "503 | | server_is_overloaded | The engine is currently overloaded | OVERLOADED",
            "504 | | | Gateway timeout | TIMEOUT", "404 | | | Not Found | ENDPOINT_MISCONFIGURED",
            "413 | | | Too large | PAYLOAD_TOO_LARGE", "200 | server_error | | in the stream | SERVER_ERROR",
            "200 | | 502 | Provider returned error | SERVER_ERROR"})
    void aTypedErrorHasItsClass(int status, String type, String code, String message, FailureClass expected) {
        String body = "{\"error\":{\"message\":\"" + message + "\",\"type\":" + quoted(type) + ",\"code\":"
                + quoted(code)
                + "}}";
        assertThat(classifier.classify(error(status, body)).failureClass()).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', value = {
            "503 | upstream connect error or disconnect/reset before headers | SERVER_ERROR",
            "503 | no healthy upstream | SERVER_ERROR",
            "502 | <html><head><title>502 Bad Gateway</title></head></html> | SERVER_ERROR",
            "504 | <html><title>504 Gateway Time-out</title></html> | TIMEOUT",
            "400 | {\"error\":\"Incorrect API key provided\"} | AUTH",
            "400 | {\"detail\":\"nope\"} | INVALID_REQUEST", "302 | | ENDPOINT_MISCONFIGURED",
            "418 | nothing | INVALID_REQUEST", "429 | | RATE_LIMIT", "700 | | UNKNOWN"})
    void otherShapes(int status, String body, FailureClass expected) {
        assertThat(classifier.classify(error(status, body == null ? "" : body)).failureClass()).isEqualTo(expected);
    }

    private static String quoted(String text) {
        return text == null ? "null" : "\"" + text + "\"";
    }

    private static VendorError error(int status, String body) {
        return new VendorError(status, Map.of(), body.getBytes(StandardCharsets.UTF_8));
    }
}
