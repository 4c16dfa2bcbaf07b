package dev.signalbox.config;

import java.net.URI;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Who serves models.
 *
 * @param name such as {@code anthropic}, {@code openai}, or one of the operator's own for an OpenAI-compatible endpoint
 * @param family the request language it speaks
 * @param baseUrl where, up to and without the family's own path: {@code https://api.openai.com/v1}; empty where only
 *        its deployments know, by their own base URL or by their region
 * @param timeouts limits of a call, where the deployment does not say otherwise
 * @param sendsDoneMarker whether its streams end with the family's end marker ({@code [DONE]}); where it does, a stream
 *        without one is complete with a warning
 * @param httpProxy proxy that its calls go through
 * @param caFile PEM file of the authorities trusted for it, instead of the JVM's own
 * @param hidesVendors whether it is a gateway whose own upstreams are not known here: one failure domain
 * @param propagatesTrace whether its calls carry the trace's context, for a gateway of one's own that records spans
 */
public record Vendor(String name, VendorFamily family, Optional<URI> baseUrl, CallTimeouts timeouts,
        boolean sendsDoneMarker, Optional<URI> httpProxy, Optional<Path> caFile, boolean hidesVendors,
        boolean propagatesTrace) {

    /** An endpoint that is told of no trace. */
    public Vendor(String name, VendorFamily family, Optional<URI> baseUrl, CallTimeouts timeouts,
            boolean sendsDoneMarker, Optional<URI> httpProxy, Optional<Path> caFile, boolean hidesVendors) {
        this(name, family, baseUrl, timeouts, sendsDoneMarker, httpProxy, caFile, hidesVendors, false);
    }

    /** An endpoint that is called directly, with the JVM's own authorities. */
    public Vendor(String name, VendorFamily family, URI baseUrl, CallTimeouts timeouts, boolean sendsDoneMarker) {
        this(name, family, Optional.of(baseUrl), timeouts, sendsDoneMarker, Optional.empty(), Optional.empty(), false);
    }
}
