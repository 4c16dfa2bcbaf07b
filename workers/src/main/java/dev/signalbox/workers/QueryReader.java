package dev.signalbox.workers;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.Residency;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.avro.ResidencyRule;
import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.router.RoutingQuery;
import dev.signalbox.workers.router.RoutingQuery.Needs;
import dev.signalbox.workers.vendor.BodyNeeds;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads from a request what the router must know. The body is looked into only if some deployment could be unfit for it. */
final class QueryReader {
    private final boolean looksIntoBody;

    QueryReader(Configuration configuration) {
        this.looksIntoBody = configuration.deployments().values().stream()
                .anyMatch(deployment -> !deployment.capabilities().images() || !deployment.capabilities().tools());
    }

    RoutingQuery query(InboundRequest inbound) {
        LlmRequest request = inbound.request();
        Needs needs = Needs.NONE;
        if (looksIntoBody) {
            BodyNeeds found = BodyNeeds.of(request.getBodyFormat(), request.getBody());
            needs = new Needs(found.images(), found.tools());
        }
        return new RoutingQuery(inbound.lane().pool(), request.getModel(), request.getUseCase(),
                residency(request.getResidency()), needs);
    }

    private static Residency residency(@Nullable ResidencyRule rule) {
        return rule == null
                ? Residency.ANYWHERE
                : new Residency(Set.copyOf(rule.getVendors()), Set.copyOf(rule.getRegions()),
                        Set.copyOf(rule.getAccounts()));
    }
}
