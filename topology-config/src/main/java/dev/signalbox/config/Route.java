package dev.signalbox.config;

import java.util.List;

/**
 * What serves a (model, environment, use case).
 *
 * @param name {@code <model>/<environment>/<use case>}, for decisions, metrics and logs
 * @param strategy how a deployment is chosen
 * @param fallbackModels logical models tried in order, each by its own route, when no deployment of this route can serve
 * @param allow where its requests may be served
 * @param call whether the vendor is called streamed
 */
public record Route(String name, Strategy strategy, List<FallbackModel> fallbackModels, Residency allow,
        CallMode call) {

    /** A model to fall back to, with what it changes in the request. */
    public record FallbackModel(String model, java.util.Map<String, Object> overrides) {
    }

    /** Whether the vendor is called streamed, whatever the caller gets. */
    public enum CallMode {
        AS_ASKED, STREAMED, UNARY
    }
}
