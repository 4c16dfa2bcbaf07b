package dev.signalbox.config;

import dev.signalbox.schemas.Amounts;
import dev.signalbox.schemas.PoolName;
import java.net.URI;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
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
 * @param poolShares pools that may use it and their part of its capacity, 0 to 1, in the file's order; empty: every pool
 * @param failureDomains what it fails together with, beyond its vendor and region
 * @param timeouts limits of a call
 * @param capabilities what a request may ask of it
 * @param throughput how its capacity is paid for
 * @param headers sent with each call, such as {@code anthropic-beta}; never a credential, and none that a call sets itself
 */
public record Deployment(DeploymentName name, Vendor vendor, URI baseUrl, String modelId, Optional<String> region,
        Optional<String> account, List<Secret> credentials, Limits limits, Map<PoolName, Double> poolShares,
        List<String> failureDomains, CallTimeouts timeouts, Capabilities capabilities, Throughput throughput,
        Map<String, String> headers) {

    public Deployment {
        credentials = List.copyOf(credentials);
        poolShares = Collections.unmodifiableMap(new LinkedHashMap<>(poolShares));
        failureDomains = List.copyOf(failureDomains);
        headers = Map.copyOf(headers);
    }

    /** An on-demand deployment. */
    public Deployment(DeploymentName name, Vendor vendor, URI baseUrl, String modelId, Optional<String> region,
            Optional<String> account, List<Secret> credentials, Limits limits, Map<PoolName, Double> poolShares,
            List<String> failureDomains, CallTimeouts timeouts, Capabilities capabilities) {
        this(name, vendor, baseUrl, modelId, region, account, credentials, limits, poolShares, failureDomains, timeouts,
                capabilities, Throughput.ON_DEMAND, Map.of());
    }

    /** The vendor's limits; an empty one is unlimited as far as the configuration knows. */
    public record Limits(OptionalInt concurrency, OptionalInt requestsPerMinute, OptionalInt inputTokensPerMinute,
            OptionalInt outputTokensPerMinute) {
        public static final Limits NONE = new Limits(OptionalInt.empty(), OptionalInt.empty(), OptionalInt.empty(),
                OptionalInt.empty());

        /** The same as amounts. */
        public Amounts amounts() {
            return new Amounts(amount(concurrency), amount(requestsPerMinute), amount(inputTokensPerMinute),
                    amount(outputTokensPerMinute));
        }

        private static long amount(OptionalInt limit) {
            return limit.isPresent() ? limit.getAsInt() : Amounts.UNLIMITED;
        }
    }

    /**
     * @param contextWindowTokens input and output together; empty: not known, never a reason to be unfit
     * @param images whether it takes images
     * @param tools whether it takes tools
     * @param streaming whether it can stream
     * @param documents whether it takes documents such as PDF
     * @param prefill whether it goes on from a text that stands as the assistant's last message, so that it can finish
     *        an answer that was cut elsewhere
     * @param maxOutputTokens the longest answer; empty: not known, never a reason to be unfit
     */
    public record Capabilities(OptionalInt contextWindowTokens, boolean images, boolean tools, boolean streaming,
            boolean documents, boolean prefill, OptionalInt maxOutputTokens) {
        /** All of what today's chat models can, no limits known, no prefill. */
        public static final Capabilities DEFAULT = new Capabilities(OptionalInt.empty(), true, true, true);

        public Capabilities(OptionalInt contextWindowTokens, boolean images, boolean tools, boolean streaming) {
            this(contextWindowTokens, images, tools, streaming, true, false, OptionalInt.empty());
        }
    }

    /** How capacity is paid for. */
    public enum Throughput {
        /** By use. */
        ON_DEMAND,
        /** Reserved: paid for whether used or not, so {@code cheapest} uses it first. */
        PROVISIONED;

        /** The name in the configuration: lower case. */
        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Whether requests of that pool may use it at all. */
    public boolean serves(PoolName pool) {
        return poolShares.isEmpty() || poolShares.getOrDefault(pool, 0.0) > 0;
    }
}
