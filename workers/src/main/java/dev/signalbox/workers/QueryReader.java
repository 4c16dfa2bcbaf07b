package dev.signalbox.workers;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.Deployment;
import dev.signalbox.config.Residency;
import dev.signalbox.config.VendorFamily;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.avro.ResidencyRule;
import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.router.RoutingQuery;
import dev.signalbox.workers.router.RoutingQuery.Needs;
import dev.signalbox.workers.vendor.BodyNeeds;
import dev.signalbox.workers.vendor.translation.Translation;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;

/**
 * Reads from a request what the router must know. The body is looked into only if a deployment could be unfit for it or
 * counts its tokens, or a budget is configured; else its input is estimated by its length.
 */
public final class QueryReader {
    private static final int BYTES_PER_TOKEN = 4;
    private static final long MILLIS_A_DAY = 86_400_000;

    private final Configuration configuration;
    private final LongSupplier brokerMillis;
    private final boolean looksIntoBody;
    /** Those of the configured deployments that a body can be carried to at all. */
    private final Set<VendorFamily> families;

    /** @param brokerMillis the fleet's clock: which day's prices hold */
    public QueryReader(Configuration configuration, LongSupplier brokerMillis) {
        this.configuration = configuration;
        this.brokerMillis = brokerMillis;
        this.looksIntoBody = !configuration.budgets().isEmpty()
                || configuration.deployments().values().stream().anyMatch(QueryReader::looksIntoBody);
        this.families = configuration.deployments().values().stream()
                .map(deployment -> deployment.vendor().family())
                .filter(family -> Translation.language(family).isPresent()).collect(Collectors.toSet());
    }

    private static boolean looksIntoBody(Deployment deployment) {
        Deployment.Capabilities can = deployment.capabilities();
        return !can.images() || !can.tools() || !can.documents() || can.contextWindowTokens().isPresent()
                || can.maxOutputTokens().isPresent() || deployment.limits().inputTokensPerMinute().isPresent()
                || deployment.limits().outputTokensPerMinute().isPresent();
    }

    RoutingQuery query(InboundRequest inbound) {
        return query(inbound.lane().pool(), inbound.lane().priority(), inbound.request());
    }

    /** @param pool whose lane the request is in */
    public RoutingQuery query(PoolName pool, LlmRequest request) {
        return query(pool, Priority.STANDARD, request);
    }

    private RoutingQuery query(PoolName pool, Priority priority, LlmRequest request) {
        Needs needs;
        if (looksIntoBody) {
            BodyNeeds found = BodyNeeds.of(request.getBodyFormat(), request.getBody());
            needs = new Needs(found.images(), found.tools(), found.documents(), found.inputTokens(),
                    found.maxOutputTokens(), untranslatable(request));
        } else {
            needs = new Needs(false, false, false, Math.max(1, request.getBody().remaining() / BYTES_PER_TOKEN),
                    OptionalInt.empty(), untranslatable(request));
        }
        return new RoutingQuery(pool, priority, request.getModel(), request.getUseCase(),
                allow(pool, request), needs,
                LocalDate.ofEpochDay(Math.floorDiv(brokerMillis.getAsLong(), MILLIS_A_DAY)), key(request.getId()));
    }

    /** The body is read for it only if some deployment speaks another language than the caller. */
    private Map<VendorFamily, String> untranslatable(LlmRequest request) {
        Map<VendorFamily, String> reasons = new EnumMap<>(VendorFamily.class);
        for (VendorFamily family : families) {
            List<String> found = Translation.fitness(request.getBodyFormat(), family, request.getBody());
            if (!found.isEmpty()) {
                reasons.put(family, String.join("; ", found));
            }
        }
        return reasons;
    }

    /** Spread evenly over all 64 bits: FNV-1a, then the finalizer of SplitMix64. */
    private static long key(String id) {
        long hash = 0xcbf29ce484222325L;
        for (int i = 0; i < id.length(); i++) {
            hash = (hash ^ id.charAt(i)) * 0x100000001b3L;
        }
        hash = (hash ^ (hash >>> 30)) * 0xBF58476D1CE4E5B9L;
        hash = (hash ^ (hash >>> 27)) * 0x94D049BB133111EBL;
        return hash ^ (hash >>> 31);
    }

    private List<Residency> allow(PoolName pool, LlmRequest request) {
        List<Residency> rules = new ArrayList<>(0);
        configuration.pool(pool).ifPresent(found -> rules.add(found.allow()));
        rules.add(configuration.tenant(request.getTenant()).allow());
        ResidencyRule own = request.getResidency();
        if (own != null) {
            rules.add(new Residency(Set.copyOf(own.getVendors()), Set.copyOf(own.getRegions()),
                    Set.copyOf(own.getAccounts())));
        }
        rules.removeIf(Residency.ANYWHERE::equals);
        return rules;
    }
}
