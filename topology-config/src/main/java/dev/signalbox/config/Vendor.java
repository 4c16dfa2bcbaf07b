package dev.signalbox.config;

import java.net.URI;

/**
 * Who serves models.
 *
 * @param name such as {@code anthropic}, {@code openai}, or one of the operator's own for an OpenAI-compatible endpoint
 * @param family the request language it speaks
 * @param baseUrl where, up to and without the family's own path: {@code https://api.openai.com/v1}
 * @param timeouts limits of a call, where the deployment does not say otherwise
 * @param sendsDoneMarker whether its streams end with the family's end marker ({@code [DONE]}); where it does, a stream
 *        without one is complete with a warning
 */
public record Vendor(String name, VendorFamily family, URI baseUrl, CallTimeouts timeouts, boolean sendsDoneMarker) {
}
