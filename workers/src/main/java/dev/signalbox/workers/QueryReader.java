package dev.signalbox.workers;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.Residency;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.avro.ResidencyRule;
import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.router.RoutingQuery;
import dev.signalbox.workers.router.RoutingQuery.Needs;
import dev.signalbox.workers.vendor.BodyNeeds;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Reads from a request what the router must know. The body is looked into only if some deployment could be unfit for it. */
final class QueryReader {
    private final Configuration configuration;
    private final boolean looksIntoBody;

    QueryReader(Configuration configuration) {
        this.configuration = configuration;
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
                allow(inbound.lane().pool(), request), needs);
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
