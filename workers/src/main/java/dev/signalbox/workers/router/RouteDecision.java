package dev.signalbox.workers.router;

import dev.signalbox.config.Deployment;
import dev.signalbox.config.Route;
import java.util.List;

/** Which deployments would serve a request, in which order, and why. */
public sealed interface RouteDecision {
    /**
     * @param route the route that was resolved
     * @param strategy label of the strategy that ordered the candidates
     * @param candidates all that were considered, in order of preference; at least one is fit
     */
    record Routed(Route route, String strategy, List<Candidate> candidates) implements RouteDecision {
        public Routed {
            candidates = List.copyOf(candidates);
        }

        /** The deployments to try, in order. */
        public List<Deployment> fit() {
            return candidates.stream().filter(Candidate::fit).map(Candidate::deployment).toList();
        }
    }

    /**
     * Nothing can serve it.
     *
     * @param code {@code NO_ROUTE} where the configuration has none for it, {@code NO_FIT_DEPLOYMENT} where every
     *        candidate is unfit
     * @param message for a person: each candidate with its reason
     */
    record Unroutable(String code, String message, List<Candidate> candidates) implements RouteDecision {
        public Unroutable {
            candidates = List.copyOf(candidates);
        }
    }
}
