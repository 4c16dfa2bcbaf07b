package dev.signalbox.workers.router;

import dev.signalbox.config.Deployment;
import dev.signalbox.config.Route;
import java.util.List;
import java.util.OptionalLong;

/** Which deployments would serve a request, in which order, and why. */
public sealed interface RouteDecision {
    /** All that were considered, in order of preference. */
    List<Candidate> candidates();

    /** Which of a route's rules the candidates come by. */
    enum Rule {
        /** The route's strategy. */
        STRATEGY,
        /** {@code fallback_models}. */
        FALLBACK_MODELS,
        /** {@code on_context_window}. */
        CONTEXT_WINDOW,
        /** {@code on_content_filter}. */
        CONTENT_FILTER
    }

    /**
     * @param route the route of the model asked for
     * @param rule by which the candidates come
     * @param strategy label of the strategy that ordered them
     * @param panic whether all that could serve are ejected: those that nobody can tell when to try again are used all the same
     * @param candidates in order of preference; at least one is fit
     */
    record Routed(Route route, Rule rule, String strategy, boolean panic,
            List<Candidate> candidates) implements RouteDecision {
        public Routed {
            candidates = List.copyOf(candidates);
        }

        /** The deployments to try, in order. */
        public List<Deployment> fit() {
            return candidates.stream().filter(Candidate::fit).map(Candidate::deployment).toList();
        }

        /** Whether a call may be made to that candidate now. */
        public boolean usable(Candidate candidate) {
            return candidate.usable()
                    || (panic && candidate.standing() == Candidate.Standing.EJECTED && candidate.retryNanos() == 0);
        }

        /** Whether the request waits for that candidate when it is refused a permit: it could serve, but for its limits or an order, or it is all that is left and will be tried. */
        public boolean isAwaited(Candidate candidate) {
            return candidate.standing() == Candidate.Standing.BUSY
                    || candidate.standing() == Candidate.Standing.WITHDRAWN || usable(candidate)
                    || (panic && candidate.standing() == Candidate.Standing.EJECTED);
        }

        /** When the request goes to a deployment that is spared now, monotonic ns; empty if none is. */
        public OptionalLong sparedUntilNanos() {
            return candidates.stream().filter(each -> each.standing() == Candidate.Standing.SPARED)
                    .mapToLong(Candidate::retryNanos).reduce((a, b) -> a - b < 0 ? a : b);
        }

        /** Whether any call may be made now. */
        public boolean usable() {
            return candidates.stream().anyMatch(this::usable);
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
