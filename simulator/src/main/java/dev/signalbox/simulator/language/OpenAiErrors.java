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

/** OpenAI's errors, and those of what stands before it, as recorded or as told in public threads. */
final class OpenAiErrors {
    HttpAnswer answer(ErrorKind kind, ErrorDetail detail) {
        List<Header> headers = new ArrayList<>();
        if (detail.retryAfterSeconds() >= 0) {
            headers.add(new Header("retry-after", Long.toString((long) Math.ceil(detail.retryAfterSeconds()))));
            headers.add(new Header("retry-after-ms", Long.toString(Math.round(detail.retryAfterSeconds() * 1000))));
        }
        if (ProxyPages.covers(kind)) {
            return ProxyPages.answer(kind, "api.openai.com", headers);
        }
        headers.add(new Header("content-type", "application/json"));
        return new HttpAnswer(kind.status(), headers, json(kind, detail));
    }

    /** On one line, so that it fits an event. */
    byte[] json(ErrorKind kind, ErrorDetail detail) {
        Form form = form(kind, detail);
        ObjectNode error = JsonNodeFactory.instance.objectNode();
        error.put("message", detail.message().isEmpty() ? form.message : detail.message());
        error.put("type", form.type);
        String param = detail.param().isEmpty() ? form.param : detail.param();
        error.put("param", param.isEmpty() ? null : param);
        error.put("code", form.code.isEmpty() ? null : form.code);
        return JsonNodeFactory.instance.objectNode().set("error", error).toString().getBytes(UTF_8);
    }

    private record Form(String type, String code, String param, String message) {
    }

    private static Form form(ErrorKind kind, ErrorDetail detail) {
        String model = FaultSyntax.baseModel(detail.model());
        return switch (kind) {
            case INVALID_REQUEST -> new Form("invalid_request_error", "", "", "Invalid request.");
            case CONTEXT_LENGTH -> {
                int window = detail.contextWindowTokens() > 0
                        ? detail.contextWindowTokens()
                        : Math.max(1, detail.promptTokens() / 2);
                yield new Form("invalid_request_error", "context_length_exceeded", "messages",
                        "This model's maximum context length is " + window
                                + " tokens. However, your messages resulted in " + detail.promptTokens()
                                + " tokens. Please reduce the length of the messages.");
            }
            case CONTENT_FILTER -> new Form("invalid_request_error", "content_policy_violation", "",
                    "Your request was rejected as a result of our safety system. Your prompt may contain text that is "
                            + "not allowed by our safety system.");
            case AUTH -> new Form("invalid_request_error", "invalid_api_key", "", "Incorrect API key provided. You can "
                    + "find your API key at https://platform.openai.com/account/api-keys.");
            case PERMISSION -> new Form("invalid_request_error", "model_not_available", "",
                    "Project `proj_simulated` does not have access to model `" + model + "`");
            case REGION -> new Form("request_forbidden", "unsupported_country_region_territory", "",
                    "Country, region, or territory not supported");
            case MODEL_NOT_FOUND -> new Form("invalid_request_error", "model_not_found", "",
                    "The model `" + model + "` does not exist or you do not have access to it.");
            case TIMEOUT -> new Form("server_error", "timeout", "", "Request timed out.");
            case CONFLICT -> new Form("invalid_request_error", "conflict", "",
                    "The request conflicts with another one.");
            case PAYLOAD_TOO_LARGE -> new Form("invalid_request_error", "request_too_large", "",
                    "The request body is too large.");
            case RATE_LIMIT, TOKEN_LIMIT, NEVER_FITS -> limit(kind, model, detail);
            case QUOTA -> new Form("insufficient_quota", "insufficient_quota", "", "You exceeded your current quota, "
                    + "please check your plan and billing details. For more information on this error, read the docs: "
                    + "https://platform.openai.com/docs/guides/error-codes/api-errors.");
            case SLOW_DOWN -> new Form("rate_limit_error", "slow_down", "", "Slow down: your rate of requests rises "
                    + "too fast. Reduce it and raise it gradually.");
            case OVERLOADED, UPSTREAM -> new Form("service_unavailable_error", "server_is_overloaded", "",
                    "Our servers are currently overloaded. Please try again later.");
            case OVERLOADED_529 -> new Form("overloaded_error", "overloaded", "", "Overloaded");
            case SERVER_ERROR, BAD_GATEWAY, GATEWAY_TIMEOUT, CDN -> new Form("server_error", "", "", "The server had "
                    + "an error while processing your request. Sorry about that!");
        };
    }

    private static Form limit(ErrorKind kind, String model, ErrorDetail detail) {
        double seconds = detail.retryAfterSeconds() >= 0 ? detail.retryAfterSeconds() : 1.2;
        Limiter.Exceeded exceeded = detail.exceeded().orElseGet(() -> switch (kind) {
            case TOKEN_LIMIT -> new Limiter.Exceeded(Bound.TOKENS, 30_000, 29_500, 800, 0);
            case NEVER_FITS -> new Limiter.Exceeded(Bound.TOKENS, 30_000, 0, 35_364, 0);
            default -> new Limiter.Exceeded(Bound.REQUESTS, 500, 500, 1, 0);
        });
        String on = switch (exceeded.bound()) {
            case CONCURRENCY -> "concurrent requests";
            case REQUESTS -> "requests per min (RPM)";
            case TOKENS -> "tokens per min (TPM)";
            case INPUT_TOKENS -> "input tokens per min (ITPM)";
            case OUTPUT_TOKENS -> "output tokens per min (OTPM)";
        };
        String where = " for " + model + " in organization org-simulated on " + on + ": Limit " + exceeded.limit();
        String type = switch (exceeded.bound()) {
            case CONCURRENCY, REQUESTS -> "requests";
            case TOKENS, INPUT_TOKENS, OUTPUT_TOKENS -> "tokens";
        };
        String message = exceeded.neverFits()
                ? "Request too large" + where + ", Requested " + exceeded.requested()
                        + ". The input or output tokens must be reduced in order to run successfully."
                : "Rate limit reached" + where + ", Used " + exceeded.used() + ", Requested " + exceeded.requested()
                        + ". Please try again in " + duration(seconds * 1000)
                        + ". Visit https://platform.openai.com/account/rate-limits to learn more.";
        return new Form(type, "rate_limit_exceeded", "", message);
    }

    /** As OpenAI writes durations: {@code 6ms}, {@code 18.642s}, {@code 1m2s}. */
    static String duration(double millis) {
        long whole = Math.round(millis);
        if (whole == 0) {
            return "0s";
        }
        if (whole < 1000) {
            return whole + "ms";
        }
        String seconds = whole % 1000 == 0
                ? Long.toString(whole / 1000 % 60)
                : String.format(Locale.ROOT, "%.3f", whole % 60_000 / 1000.0);
        return (whole < 60_000 ? "" : whole / 60_000 + "m") + seconds + "s";
    }
}
