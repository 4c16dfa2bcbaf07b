package dev.signalbox.config;

import dev.signalbox.schemas.PoolName;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * One model at one vendor, region and account.
 *
 * @param vendor its vendor, resolved
 * @param baseUrl where it is: its own, or its vendor's
 * @param modelId the vendor's name of the model; nothing guesses it
 * @param credentials secrets by reference; empty for an endpoint that asks for none
 * @param limits what the vendor allows
 * @param poolShares pools that may use it and their part of its capacity, 0 to 1; empty: every pool
 * @param failureDomains what it fails together with, beyond its vendor and region
 * @param timeouts limits of a call
 * @param capabilities what a request may ask of it
 */
public record Deployment(DeploymentName name, Vendor vendor, URI baseUrl, String modelId, Optional<String> region,
        Optional<String> account, List<Secret> credentials, Limits limits, Map<PoolName, Double> poolShares,
        List<String> failureDomains, CallTimeouts timeouts, Capabilities capabilities) {

    /** The vendor's limits; an empty one is unlimited as far as the configuration knows. */
    public record Limits(OptionalInt concurrency, OptionalInt requestsPerMinute, OptionalInt inputTokensPerMinute,
            OptionalInt outputTokensPerMinute) {
    }

    /**
     * @param contextWindowTokens input and output together; empty: not known, never a reason to be unfit
     * @param images whether it takes images
     * @param tools whether it takes tools
     * @param streaming whether it can stream
     */
    public record Capabilities(OptionalInt contextWindowTokens, boolean images, boolean tools, boolean streaming) {
    }

    /** Whether requests of that pool may use it at all. */
    public boolean serves(PoolName pool) {
        return poolShares.isEmpty() || poolShares.getOrDefault(pool, 0.0) > 0;
    }
}
