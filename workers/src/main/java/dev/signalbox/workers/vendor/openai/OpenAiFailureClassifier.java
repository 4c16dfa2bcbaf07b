package dev.signalbox.workers.vendor.openai;

import static dev.signalbox.workers.vendor.FailureClass.AUTH;
import static dev.signalbox.workers.vendor.FailureClass.CONFLICT;
import static dev.signalbox.workers.vendor.FailureClass.CONTENT_FILTER_INPUT;
import static dev.signalbox.workers.vendor.FailureClass.CONTENT_FILTER_OUTPUT;
import static dev.signalbox.workers.vendor.FailureClass.CONTEXT_LENGTH;
import static dev.signalbox.workers.vendor.FailureClass.ENDPOINT_DEAD;
import static dev.signalbox.workers.vendor.FailureClass.ENDPOINT_MISCONFIGURED;
import static dev.signalbox.workers.vendor.FailureClass.INVALID_FOR_MODEL;
import static dev.signalbox.workers.vendor.FailureClass.INVALID_REQUEST;
import static dev.signalbox.workers.vendor.FailureClass.MODEL_NOT_FOUND;
import static dev.signalbox.workers.vendor.FailureClass.OVERLOADED;
import static dev.signalbox.workers.vendor.FailureClass.PAYLOAD_TOO_LARGE;
import static dev.signalbox.workers.vendor.FailureClass.PERMISSION;
import static dev.signalbox.workers.vendor.FailureClass.QUOTA_EXHAUSTED;
import static dev.signalbox.workers.vendor.FailureClass.RATE_LIMIT;
import static dev.signalbox.workers.vendor.FailureClass.RATE_LIMIT_NEVER_FITS;
import static dev.signalbox.workers.vendor.FailureClass.REGION_UNSUPPORTED;
import static dev.signalbox.workers.vendor.FailureClass.SERVER_ERROR;
import static dev.signalbox.workers.vendor.FailureClass.TIMEOUT;
import static dev.signalbox.workers.vendor.FailureClass.TOOL_CALL_INVALID;
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
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Failures of OpenAI and of endpoints compatible with it. */
final class OpenAiFailureClassifier {
    private static final Statuses ANY = Statuses.ANY;
    private static final Statuses CALLER = Statuses.orUnsaid(0, 428);
    private static final Statuses SERVER = Statuses.orUnsaid(500, 599);
    private static final Statuses THROTTLED = Statuses.orUnsaid(429, 429);

    private static final FailureTable TABLE = new FailureTable(
            // A vendor that will not come back by itself.
            phrases(SERVER, ENDPOINT_DEAD, "enginedead", "engine dead", "engine core"),
            // Money and quota come as 429, 400, 402 or 403.
            codes(ANY, QUOTA_EXHAUSTED, "insufficient_quota", "credit_balance_exhausted", "billing_hard_limit_reached",
                    "billing_not_active", "insufficient_credits", "insufficient_balance"),
            phrases(ANY, QUOTA_EXHAUSTED, "_spend_limit_exceeded", "_usage_limit_exceeded",
                    "exceeded your current quota",
                    "credit balance", "insufficient balance", "insufficient credit", "requires more credits"),
            status(402, QUOTA_EXHAUSTED),
            // Throttling before length: a 429 may speak of tokens too.
            phrases(THROTTLED, RATE_LIMIT_NEVER_FITS, "request too large"),
            codes(ANY, RATE_LIMIT, "slow_down"),
            phrases(THROTTLED, OVERLOADED, "no deployments available", "experiencing high demand",
                    "temporarily unable", "overloaded"),
            codes(THROTTLED, RATE_LIMIT, "rate_limit_exceeded", "rate_limit_error", "rate_limit", "tokens", "requests"),
            status(429, RATE_LIMIT),
            // What the request is too long for.
            codes(ANY, CONTEXT_LENGTH, "context_length_exceeded", "too_many_prompt_tokens", "too_many_tokens",
                    "exceed_context_size_error"),
            phrases(ANY, CONTEXT_LENGTH, "maximum context length", "context window", "max context length",
                    "prompt is too long", "prompt too long", "input is too long", "exceeds the available context size",
                    "exceeds the maximum number of tokens"),
            status(413, PAYLOAD_TOO_LARGE),
            // Filters.
            codes(ANY, CONTENT_FILTER_INPUT, "content_policy_violation", "content_filter", "moderation_blocked",
                    "responsibleaipolicyviolation"),
            phrases(CALLER, CONTENT_FILTER_INPUT, "content management policy", "safety system", "requires moderation",
                    "flagged by moderation", "flagged as potentially violating"),
            phrases(ANY, CONTENT_FILTER_OUTPUT, "output blocked"),
            codes(ANY, TOOL_CALL_INVALID, "tool_use_failed"),
            // Who may ask.
            codes(ANY, REGION_UNSUPPORTED, "unsupported_country_region_territory"),
            codes(ANY, AUTH, "invalid_api_key", "invalid_authentication", "authentication_error", "account_deactivated",
                    "invalid_organization", "ip_not_authorized"),
            phrases(CALLER, AUTH, "incorrect api key", "invalid api key", "api key not valid",
                    "invalid subscription key",
                    "must be a member of an organization"),
            status(401, AUTH),
            // What is served where.
            phrases(CALLER, ENDPOINT_MISCONFIGURED, "not supported in the v1/"),
            codes(ANY, MODEL_NOT_FOUND, "model_not_found", "deploymentnotfound", "invalid_model",
                    "model_not_available"),
            phrases(CALLER, MODEL_NOT_FOUND, "does not exist or you do not have access", "model does not exist",
                    "model not found", "is not a valid model"),
            status(403, PERMISSION),
            status(404, ENDPOINT_MISCONFIGURED),
            status(405, ENDPOINT_MISCONFIGURED),
            statuses(300, 399, ENDPOINT_MISCONFIGURED),
            // What this model does not take, though another may.
            codes(CALLER, INVALID_FOR_MODEL, "unsupported_parameter", "unsupported_value"),
            phrases(CALLER, INVALID_FOR_MODEL, "not supported with this model", "does not support",
                    "is not supported by"),
            status(408, TIMEOUT),
            status(409, CONFLICT),
            // The vendor's own trouble.
            phrases(SERVER, SERVER_ERROR, "upstream connect error", "no healthy upstream"),
            codes(SERVER, OVERLOADED, "server_is_overloaded", "overloaded_error", "overloaded"),
            phrases(SERVER, OVERLOADED, "overloaded", "high demand"),
            status(504, TIMEOUT),
            status(529, OVERLOADED),
            codes(SERVER, TIMEOUT, "timeout", "timeout_error"),
            statuses(499, 599, SERVER_ERROR),
            codes(ANY, SERVER_ERROR, "server_error", "api_error", "internal_error", "internal_server_error"),
            codes(ANY, INVALID_REQUEST, "invalid_request_error", "invalid_request"),
            statuses(400, 498, INVALID_REQUEST));

    private static final Pattern LIMIT_AND_REQUESTED = Pattern.compile("Limit:? (\\d+).{0,60}?Requested:? (\\d+)");

    AttemptFailure classify(VendorError error) {
        ErrorBody body = ErrorBody.parse(error.body());
        boolean inAnswer = error.status() < 300;
        int status = inAnswer && body.status() > 0 ? body.status() : error.status();
        FailureClass failureClass = classOf(status, body);
        String message = ErrorText.of(body.message());
        return new AttemptFailure(failureClass, OptionalInt.of(error.status()),
                message.isEmpty() ? "HTTP status " + error.status() : message,
                RetryDelay.of(inAnswer ? Map.of() : error.headers(), body.message(), body.resetEpochMillis()));
    }

    private static FailureClass classOf(int status, ErrorBody body) {
        FailureClass found = TABLE.find(status, List.of(body.code(), body.type()), body.message())
                .orElse(status < 300 ? SERVER_ERROR : UNKNOWN);
        if (found == RATE_LIMIT && neverFits(body.message())) {
            return RATE_LIMIT_NEVER_FITS;
        }
        // A 503 without words is a busy vendor if the vendor itself says it, else a proxy's.
        return found == SERVER_ERROR && status == 503 && body.json() ? OVERLOADED : found;
    }

    private static boolean neverFits(String message) {
        Matcher numbers = LIMIT_AND_REQUESTED.matcher(message);
        return numbers.find() && numbers.group(1).length() < 18 && numbers.group(2).length() < 18
                && Long.parseLong(numbers.group(2)) > Long.parseLong(numbers.group(1));
    }
}
