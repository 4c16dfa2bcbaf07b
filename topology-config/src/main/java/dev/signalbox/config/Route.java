package dev.signalbox.config;

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * What serves a (model, environment, use case).
 *
 * @param name {@code <model>/<environment>/<use case>}, for decisions, metrics and logs
 * @param strategy how a deployment is chosen
 * @param fallbackModels logical models tried in order, each by its own route, when no deployment of this route can serve
 * @param allow where its requests may be served
 * @param call whether the vendor is called streamed
 * @param contextWindowFallbacks models tried in order when the request does not fit the context window
 * @param contentFilterFallbacks models tried in order when the vendor's content filter refused the request
 * @param hedgeAfter second call for an interactive request whose first token did not come in that time; empty: never
 * @param spillAfter part of a request's time to live for which it waits for a cheaper deployment that is merely busy before it
 *        goes to a dearer one, 0 to 1; 0: it does not wait. Of routes by price only
 */
public record Route(String name, Strategy strategy, List<FallbackModel> fallbackModels, Residency allow, CallMode call,
        List<FallbackModel> contextWindowFallbacks, List<FallbackModel> contentFilterFallbacks,
        Optional<Duration> hedgeAfter, double spillAfter) {

    /** A route without rules of its own for context window, content filter, hedging and spilling. */
    public Route(String name, Strategy strategy, List<FallbackModel> fallbackModels, Residency allow, CallMode call) {
        this(name, strategy, fallbackModels, allow, call, List.of(), List.of(), Optional.empty(), 0);
    }

    /**
     * A model to fall back to, with what it changes in the request.
     *
     * @param overrides top-level parameters of the request body and the values they get, as JSON values
     * @param prompt variant of the prompt template that this model needs
     * @param overflow part of the requests that go to it while the first model's capacity is short, 0 to 1
     */
    public record FallbackModel(String model, Map<String, Object> overrides, Optional<PromptVariant> prompt,
            double overflow) {
        public FallbackModel(String model, Map<String, Object> overrides) {
            this(model, overrides, Optional.empty(), 0);
        }
    }

    /** A prompt template and its version, as in the request. */
    public record PromptVariant(String template, String version) {
    }

    /** Whether the vendor is called streamed, whatever the caller gets. */
    public enum CallMode {
        AS_ASKED,
        STREAMED,
        UNARY;

        /** The name in the configuration: lower case. */
        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }
}
