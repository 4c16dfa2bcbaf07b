package dev.signalbox.simulator.language;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.signalbox.simulator.fault.ErrorKind;
import dev.signalbox.simulator.fault.FaultSyntax;
import dev.signalbox.simulator.language.HttpAnswer.Header;
import dev.signalbox.simulator.language.VendorLanguage.ErrorDetail;
import dev.signalbox.simulator.meter.Limiter;
import dev.signalbox.simulator.meter.Limiter.Bound;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Anthropic's errors, as recorded or as told in public threads. */
final class AnthropicErrors {
    private AnthropicErrors() {
    }

    static HttpAnswer answer(ErrorKind kind, ErrorDetail detail, String vendorRequestId) {
        List<Header> headers = new ArrayList<>();
        if (detail.retryAfterSeconds() >= 0) {
            headers.add(new Header("retry-after", Long.toString((long) Math.ceil(detail.retryAfterSeconds()))));
        }
        if (ProxyPages.covers(kind)) {
            return ProxyPages.answer(kind, "api.anthropic.com", headers);
        }
        headers.add(new Header("content-type", "application/json"));
        headers.add(new Header("x-should-retry", Boolean.toString(shouldRetry(kind))));
        Form form = form(kind, detail);
        ObjectNode body = JsonNodeFactory.instance.objectNode().put("type", "error");
        body.putObject("error").put("type", form.type)
                .put("message", detail.message().isEmpty() ? form.message : detail.message());
        if (!vendorRequestId.isEmpty()) {
            body.put("request_id", vendorRequestId);
        }
        return new HttpAnswer(form.status, headers, body.toString().getBytes(UTF_8));
    }

    /** The data of an {@code error} event, on one line. */
    static String event(ErrorKind kind, ErrorDetail detail, String vendorRequestId) {
        Form form = form(kind, detail);
        ObjectNode body = JsonNodeFactory.instance.objectNode().put("type", "error");
        body.putObject("error").putNull("details").put("type", form.type).put("message", form.message);
        return body.put("request_id", vendorRequestId).toString();
    }

    private static boolean shouldRetry(ErrorKind kind) {
        return switch (kind) {
            case TIMEOUT, CONFLICT, RATE_LIMIT, TOKEN_LIMIT, SLOW_DOWN, SERVER_ERROR, OVERLOADED, OVERLOADED_529,
                    BAD_GATEWAY, UPSTREAM, GATEWAY_TIMEOUT, CDN ->
                true;
            case INVALID_REQUEST, CONTEXT_LENGTH, CONTENT_FILTER, AUTH, PERMISSION, REGION, MODEL_NOT_FOUND,
                    PAYLOAD_TOO_LARGE, NEVER_FITS, QUOTA ->
                false;
        };
    }

    private record Form(int status, String type, String message) {
    }

    private static Form form(ErrorKind kind, ErrorDetail detail) {
        return switch (kind) {
            case INVALID_REQUEST -> invalid("Invalid request.");
            case CONTEXT_LENGTH -> {
                int window = detail.contextWindowTokens() > 0
                        ? detail.contextWindowTokens()
                        : Math.max(1, detail.promptTokens() / 2);
                yield invalid("prompt is too long: " + detail.promptTokens() + " tokens > " + window + " maximum");
            }
            case CONTENT_FILTER -> invalid("Output blocked by content filtering policy");
            case QUOTA -> invalid("Your credit balance is too low to access the Anthropic API. Please go to Plans & "
                    + "Billing to upgrade or purchase credits.");
            case AUTH -> new Form(401, "authentication_error", "invalid x-api-key");
            case PERMISSION -> new Form(403, "permission_error",
                    "Your API key does not have permission to use the specified resource.");
            case REGION -> new Form(403, "forbidden", "Request not allowed");
            case MODEL_NOT_FOUND ->
                new Form(404, "not_found_error", "model: " + FaultSyntax.baseModel(detail.model()));
            case TIMEOUT -> new Form(504, "timeout_error", "Request timed out while processing");
            case CONFLICT -> new Form(409, "conflict_error",
                    "The request conflicts with the current state of the resource.");
            case PAYLOAD_TOO_LARGE -> new Form(413, "request_too_large", "Request exceeds the maximum size");
            case RATE_LIMIT, TOKEN_LIMIT, NEVER_FITS -> new Form(429, "rate_limit_error", limit(kind, detail));
            case SLOW_DOWN -> new Form(429, "rate_limit_error", "This request would exceed your organization's "
                    + "maximum usage increase rate for input tokens per minute. Please scale up your input tokens "
                    + "usage more gradually to stay within the acceleration limit. For more information, refer to: "
                    + "https://docs.claude.com/en/api/rate-limits");
            case SERVER_ERROR -> new Form(500, "api_error", "Internal server error");
            case OVERLOADED, OVERLOADED_529 -> new Form(529, "overloaded_error", "Overloaded");
            case BAD_GATEWAY, UPSTREAM, GATEWAY_TIMEOUT, CDN ->
                new Form(kind.status(), "api_error", "Internal server error");
        };
    }

    private static Form invalid(String message) {
        return new Form(400, "invalid_request_error", message);
    }

    private static String limit(ErrorKind kind, ErrorDetail detail) {
        Limiter.Exceeded exceeded = detail.exceeded().orElseGet(() -> kind == ErrorKind.RATE_LIMIT
                ? new Limiter.Exceeded(Bound.REQUESTS, 50, 50, 1, 0)
                : new Limiter.Exceeded(Bound.INPUT_TOKENS, 30_000, 29_500, 800, 0));
        if (exceeded.bound() == Bound.CONCURRENCY) {
            return "Number of concurrent connections has exceeded your rate limit. Please try again later or contact "
                    + "sales at https://www.anthropic.com/contact-sales to discuss your options for a rate limit "
                    + "increase.";
        }
        String unit = switch (exceeded.bound()) {
            case CONCURRENCY, REQUESTS -> "requests";
            case TOKENS -> "tokens";
            case INPUT_TOKENS -> "input tokens";
            case OUTPUT_TOKENS -> "output tokens";
        };
        return "This request would exceed the rate limit for your organization (00000000-0000-4000-8000-000000000000) "
                + "of " + String.format(Locale.ROOT, "%,d", exceeded.limit()) + " " + unit + " per minute. For "
                + "details, refer to: https://docs.claude.com/en/api/rate-limits. You can see the response headers "
                + "for current usage. Please reduce the prompt length or the maximum tokens requested, or try again "
                + "later.";
    }
}
