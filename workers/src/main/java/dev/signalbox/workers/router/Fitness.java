package dev.signalbox.workers.router;

import dev.signalbox.config.Deployment;
import dev.signalbox.config.Residency;
import java.util.Optional;

/** Whether a deployment could serve a request at all, by configuration alone. */
final class Fitness {
    static final String CONTEXT_WINDOW = "context window of ";

    private Fitness() {
    }

    /** Why it could not; empty if it could. */
    static Optional<String> unfit(Deployment deployment, RoutingQuery query, Residency routeAllows) {
        if (!deployment.serves(query.pool())) {
            return Optional.of("no capacity for pool " + query.pool());
        }
        if (!routeAllows.allows(deployment)) {
            return Optional.of("not allowed by the route's residency rule");
        }
        for (Residency rule : query.allow()) {
            if (!rule.allows(deployment)) {
                return Optional.of("not allowed by the residency rule of pool, tenant or request");
            }
        }
        return incapable(deployment.capabilities(), query.needs())
                .or(() -> Optional.ofNullable(query.needs().untranslatable().get(deployment.vendor().family()))
                        .map(why -> "cannot be translated: " + why));
    }

    private static Optional<String> incapable(Deployment.Capabilities can, RoutingQuery.Needs needs) {
        if (needs.images() && !can.images()) {
            return Optional.of("takes no images");
        }
        if (needs.tools() && !can.tools()) {
            return Optional.of("takes no tools");
        }
        if (needs.documents() && !can.documents()) {
            return Optional.of("takes no documents");
        }
        int output = needs.maxOutputTokens().orElse(0);
        if (can.maxOutputTokens().isPresent() && output > can.maxOutputTokens().getAsInt()) {
            return Optional.of("gives at most " + can.maxOutputTokens().getAsInt() + " tokens, not " + output);
        }
        if (can.contextWindowTokens().isPresent()
                && needs.inputTokens() + output > can.contextWindowTokens().getAsInt()) {
            return Optional.of(CONTEXT_WINDOW + can.contextWindowTokens().getAsInt() + " tokens, needs about "
                    + (needs.inputTokens() + output));
        }
        return Optional.empty();
    }
}
