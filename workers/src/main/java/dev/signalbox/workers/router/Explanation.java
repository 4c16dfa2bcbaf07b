package dev.signalbox.workers.router;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.DeploymentName;
import dev.signalbox.workers.router.RouteDecision.Routed;
import dev.signalbox.workers.router.RouteDecision.Unroutable;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.random.RandomGenerator;

/**
 * Which deployments would serve a request, in which order, and why: the decision that a worker would make, by the same
 * code.
 */
public record Explanation(RouteDecision decision) {

    /**
     * What the fleet knows, at 0 on a monotonic clock.
     *
     * @param views the dispatcher's, of deployments of the configuration
     * @param orders operators', the same
     */
    public record Fleet(Map<DeploymentName, FleetView> views, Map<DeploymentName, OperatorOrder> orders) {
        public static final Fleet UNKNOWN = new Fleet(Map.of(), Map.of());

        public Fleet {
            views = Map.copyOf(views);
            orders = Map.copyOf(orders);
        }
    }

    /** What a worker that has just started, and knows nothing of health and load, would decide. */
    public static Explanation of(Configuration configuration, RoutingQuery query) {
        return of(configuration, query, Fleet.UNKNOWN);
    }

    /** What a worker that has just started, and read what the fleet knows, would decide. */
    public static Explanation of(Configuration configuration, RoutingQuery query, Fleet fleet) {
        DeploymentStates states = new DeploymentStates(configuration);
        fleet.views().forEach((name, view) -> states.of(name).fleet().told(view));
        fleet.orders().forEach((name, order) -> states.of(name).order(order));
        Router router = new Router(configuration, states, RandomGenerator.of("L64X128MixRandom"));
        return new Explanation(router.decide(query, CallAsk.FIRST, null, 0));
    }

    /** One sentence for a person: why that candidate of the decision was chosen. */
    public static String reason(Routed routed, Candidate chosen) {
        StringBuilder reason = new StringBuilder(chosen.deployment().name().toString());
        switch (routed.rule()) {
            case STRATEGY -> reason.append(" by ").append(routed.strategy());
            case FALLBACK_MODELS -> reason.append(" as fallback model");
            case CONTEXT_WINDOW -> reason.append(" for its context window");
            case CONTENT_FILTER -> reason.append(" as the first model's content filter refused it");
        }
        reason.append(" of route ").append(routed.route().name());
        if (routed.panic()) {
            reason.append(
                    "; panic: all that could serve are ejected, and what ejected them does not mend itself, so they are used in order");
        }
        chosen.why().ifPresent(why -> reason.append("; ").append(why));
        return reason.toString();
    }

    /** A line for the decision and one for each candidate. */
    public List<String> lines() {
        return switch (decision) {
            case Unroutable unroutable -> List.of(unroutable.code() + ": " + unroutable.message());
            case Routed routed -> java.util.stream.Stream.concat(
                    java.util.stream.Stream.of("route " + routed.route().name() + ", " + routed.strategy()
                            + (routed.rule() == RouteDecision.Rule.STRATEGY
                                    ? ""
                                    : ", by " + routed.rule().name().toLowerCase(Locale.ROOT))
                            + (routed.panic() ? ", panic: all are ejected" : "")),
                    routed.candidates().stream().map(Explanation::line)).toList();
        };
    }

    private static String line(Candidate candidate) {
        return String.format(Locale.ROOT, "%-8s %s (score %.6g)%s%s", candidate.standing(),
                candidate.deployment().name(), candidate.score(),
                candidate.change().map(change -> ", model " + change.model()).orElse(""),
                candidate.why().map(why -> ": " + why).orElse(""));
    }
}
