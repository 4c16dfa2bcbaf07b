package dev.signalbox.workers.vendor.anthropic;

import static dev.signalbox.workers.vendor.FailureClass.AUTH;
import static dev.signalbox.workers.vendor.FailureClass.CONFLICT;
import static dev.signalbox.workers.vendor.FailureClass.CONTENT_FILTER_INPUT;
import static dev.signalbox.workers.vendor.FailureClass.CONTENT_FILTER_OUTPUT;
import static dev.signalbox.workers.vendor.FailureClass.CONTEXT_LENGTH;
import static dev.signalbox.workers.vendor.FailureClass.ENDPOINT_MISCONFIGURED;
import static dev.signalbox.workers.vendor.FailureClass.INVALID_FOR_MODEL;
import static dev.signalbox.workers.vendor.FailureClass.INVALID_REQUEST;
import static dev.signalbox.workers.vendor.FailureClass.MODEL_NOT_FOUND;
import static dev.signalbox.workers.vendor.FailureClass.OVERLOADED;
import static dev.signalbox.workers.vendor.FailureClass.PAYLOAD_TOO_LARGE;
import static dev.signalbox.workers.vendor.FailureClass.PERMISSION;
import static dev.signalbox.workers.vendor.FailureClass.QUOTA_EXHAUSTED;
import static dev.signalbox.workers.vendor.FailureClass.RATE_LIMIT;
import static dev.signalbox.workers.vendor.FailureClass.REGION_UNSUPPORTED;
import static dev.signalbox.workers.vendor.FailureClass.SERVER_ERROR;
import static dev.signalbox.workers.vendor.FailureClass.TIMEOUT;
import static dev.signalbox.workers.vendor.FailureClass.UNKNOWN;
import static dev.signalbox.workers.vendor.FailureTable.codes;
import static dev.signalbox.workers.vendor.FailureTable.phrases;
import static dev.signalbox.workers.vendor.FailureTable.status;
import static dev.signalbox.workers.vendor.FailureTable.statuses;

import dev.signalbox.workers.vendor.AttemptFailure;
import dev.signalbox.workers.vendor.ErrorText;
import dev.signalbox.workers.vendor.FailureClass;
import dev.signalbox.workers.vendor.FailureTable;
import dev.signalbox.workers.vendor.FailureTable.Statuses;
import dev.signalbox.workers.vendor.RetryDelay;
import dev.signalbox.workers.vendor.VendorError;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** Failures of Anthropic and of endpoints that speak its language. */
final class AnthropicFailureClassifier {
    private static final Statuses ANY = Statuses.ANY;
    private static final Statuses CALLER = Statuses.orUnsaid(0, 428);
    private static final Statuses SERVER = Statuses.orUnsaid(500, 599);

    private static final FailureTable TABLE = new FailureTable(
            // Money comes as 400, 402 or 429.
            codes(ANY, QUOTA_EXHAUSTED, "billing_error", "enforced_spend_limit_reached", "credit_balance_exhausted"),
            phrases(ANY, QUOTA_EXHAUSTED, "credit balance is too low", "enforced_spend_limit",
                    "reached your specified api usage limits", "spend limit"),
            status(402, QUOTA_EXHAUSTED),
            // The vendor's own trouble, also under another type's name.
            codes(ANY, OVERLOADED, "overloaded_error"),
            phrases(SERVER, OVERLOADED, "overloaded"),
            status(529, OVERLOADED),
            // Throttling.
            codes(ANY, RATE_LIMIT, "rate_limit_error"),
            status(429, RATE_LIMIT),
            // What the request is too long for.
            phrases(CALLER, CONTEXT_LENGTH, "prompt is too long", "exceed context limit",
                    "maximum number of tokens allowed", "context window"),
            codes(ANY, PAYLOAD_TOO_LARGE, "request_too_large"),
            status(413, PAYLOAD_TOO_LARGE),
            // Filters.
            phrases(ANY, CONTENT_FILTER_OUTPUT, "output blocked"),
            phrases(CALLER, CONTENT_FILTER_INPUT, "input blocked", "blocked by content filtering"),
            // Who may ask.
            codes(ANY, AUTH, "authentication_error"),
            status(401, AUTH),
            phrases(CALLER, REGION_UNSUPPORTED, "not available in your country", "not available in your region",
                    "unsupported country"),
            codes(ANY, PERMISSION, "permission_error"),
            status(403, PERMISSION),
            // What is served where: a model's name, or a path that nobody serves.
            phrases(new Statuses(404, 404, true), MODEL_NOT_FOUND, "model:", "model "),
            codes(ANY, ENDPOINT_MISCONFIGURED, "not_found_error"),
            status(404, ENDPOINT_MISCONFIGURED),
            status(405, ENDPOINT_MISCONFIGURED),
            statuses(300, 399, ENDPOINT_MISCONFIGURED),
            // What this model does not take, though another may.
            phrases(CALLER, INVALID_FOR_MODEL, "this model does not support", "is not supported by this model",
                    "not supported for this model", "does not support", "maximum allowed number of output tokens",
                    "is not supported on this model", "unexpected value(s) for the `anthropic-beta`"),
            codes(ANY, TIMEOUT, "timeout_error"),
            status(408, TIMEOUT),
            status(504, TIMEOUT),
            codes(ANY, CONFLICT, "conflict_error"),
            status(409, CONFLICT),
            codes(ANY, SERVER_ERROR, "api_error"),
            statuses(499, 599, SERVER_ERROR),
            codes(ANY, INVALID_REQUEST, "invalid_request_error"),
            statuses(400, 498, INVALID_REQUEST));

    AttemptFailure classify(VendorError error) {
        AnthropicError body = AnthropicError.parse(error.body());
        boolean inAnswer = error.status() < 300;
        String message = ErrorText.of(body.message());
        Map<String, String> headers = inAnswer ? Map.of() : error.headers();
        return new AttemptFailure(classOf(error.status(), body), OptionalInt.of(error.status()),
                message.isEmpty() ? "HTTP status " + error.status() : message,
                RetryDelay.of(headers, body.message(), 0), shouldRetry(headers));
    }

    private static FailureClass classOf(int status, AnthropicError body) {
        FailureClass found = TABLE.find(status, List.of(body.type(), body.code()), body.message())
                .orElse(status < 300 ? SERVER_ERROR : UNKNOWN);
        // A 503 is a busy vendor if the vendor itself says it, else a proxy's.
        return found == SERVER_ERROR && status == 503 && body.json() ? OVERLOADED : found;
    }

    private static Optional<Boolean> shouldRetry(Map<String, String> headers) {
        return switch (headers.getOrDefault("x-should-retry", "")) {
            case "true" -> Optional.of(true);
            case "false" -> Optional.of(false);
            default -> Optional.empty();
        };
    }
}
