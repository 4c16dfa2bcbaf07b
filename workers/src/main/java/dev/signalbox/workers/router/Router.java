package dev.signalbox.workers.router;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.Deployment;
import dev.signalbox.config.DeploymentName;
import dev.signalbox.config.Residency;
import dev.signalbox.config.Route;
import dev.signalbox.config.Strategy;
import dev.signalbox.workers.router.RouteDecision.Routed;
import dev.signalbox.workers.router.RouteDecision.Unroutable;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * Resolves a request's route and orders its deployments by the route's strategy: the fit ones first, each unfit one with
 * the reason. Its only state is whose turn it is in each load balance. Thread-safe.
 */
public final class Router {
    private final Configuration configuration;
    private final IdentityHashMap<Strategy.LoadBalanced, WeightedTurns> turns;

    public Router(Configuration configuration) {
        this.configuration = configuration;
        this.turns = new IdentityHashMap<>();
        for (var routes : configuration.routes().values()) {
            for (var byUseCase : routes.byEnvironment().values()) {
                byUseCase.values().forEach(route -> prepare(route.strategy()));
            }
        }
    }

    /** Which deployments would serve it, in which order, and why; takes a turn in the route's load balances. */
    public RouteDecision decide(RoutingQuery query) {
        Optional<Route> resolved = configuration.route(query.model(), query.useCase());
        if (resolved.isEmpty()) {
            return new Unroutable("NO_ROUTE",
                    "no route serves model \"%s\" for use case \"%s\" in environment \"%s\"".formatted(query.model(),
                            query.useCase(), configuration.environment()),
                    List.of());
        }
        Route route = resolved.get();
        List<Candidate> candidates = new ArrayList<>();
        order(route.strategy(), query, route.allow(), candidates);
        if (candidates.stream().noneMatch(Candidate::fit)) {
            return new Unroutable("NO_FIT_DEPLOYMENT", unfitMessage(route, candidates), candidates);
        }
        return new Routed(route, route.strategy().label(), distinct(candidates));
    }

    private void order(Strategy strategy, RoutingQuery query, Residency allow, List<Candidate> into) {
        switch (strategy) {
            case Strategy.One one -> into.add(candidate(one, query, allow, into.size()));
            case Strategy.Sequence sequence -> sequence.members().forEach(m -> order(m, query, allow, into));
            case Strategy.LoadBalanced balanced -> orderByTurn(balanced, query, allow, into);
            case Strategy.LatencyBased latency -> latency.members().forEach(m -> order(m, query, allow, into));
            case Strategy.Cheapest cheapest -> cheapest.members().forEach(m -> order(m, query, allow, into));
        }
    }

    /** The member whose turn it is goes first, the others follow by weight. */
    private void orderByTurn(Strategy.LoadBalanced balanced, RoutingQuery query, Residency allow,
            List<Candidate> into) {
        List<List<Candidate>> members = new ArrayList<>();
        boolean[] eligible = new boolean[balanced.members().size()];
        for (int i = 0; i < eligible.length; i++) {
            List<Candidate> member = new ArrayList<>();
            order(balanced.members().get(i).member(), query, allow, member);
            double weight = balanced.members().get(i).weight();
            members.add(member.stream().map(c -> new Candidate(c.deployment(), weight, c.unfit())).toList());
            eligible[i] = member.stream().anyMatch(Candidate::fit);
        }
        int first = Objects.requireNonNull(turns.get(balanced), "every load balance was prepared").next(eligible);
        if (first >= 0) {
            into.addAll(members.get(first));
        }
        List<Integer> others = new ArrayList<>();
        for (int i = 0; i < eligible.length; i++) {
            if (i != first) {
                others.add(i);
            }
        }
        others.sort((a, b) -> Double.compare(balanced.members().get(b).weight(), balanced.members().get(a).weight()));
        others.forEach(i -> into.addAll(members.get(i)));
    }

    private Candidate candidate(Strategy.One one, RoutingQuery query, Residency allow, int place) {
        Deployment deployment = Objects.requireNonNull(configuration.deployments().get(one.deployment()),
                "the reader has resolved every name");
        return new Candidate(deployment, place, unfit(deployment, query, allow));
    }

    private static Optional<String> unfit(Deployment deployment, RoutingQuery query, Residency allow) {
        if (!deployment.serves(query.pool())) {
            return Optional.of("no capacity for pool " + query.pool());
        }
        if (!allow.allows(deployment)) {
            return Optional.of("not allowed by the route's residency rule");
        }
        for (Residency rule : query.allow()) {
            if (!rule.allows(deployment)) {
                return Optional.of("not allowed by the residency rule of pool, tenant or request");
            }
        }
        if (query.needs().images() && !deployment.capabilities().images()) {
            return Optional.of("takes no images");
        }
        if (query.needs().tools() && !deployment.capabilities().tools()) {
            return Optional.of("takes no tools");
        }
        return Optional.empty();
    }

    private void prepare(Strategy strategy) {
        switch (strategy) {
            case Strategy.One one -> {
            }
            case Strategy.Sequence sequence -> sequence.members().forEach(this::prepare);
            case Strategy.LatencyBased latency -> latency.members().forEach(this::prepare);
            case Strategy.Cheapest cheapest -> cheapest.members().forEach(this::prepare);
            case Strategy.LoadBalanced balanced -> {
                turns.put(balanced,
                        new WeightedTurns(balanced.members().stream().map(Strategy.Weighted::weight).toList()));
                balanced.members().forEach(member -> prepare(member.member()));
            }
        }
    }

    /** A deployment that several nested strategies name is tried once, at its first place. */
    private static List<Candidate> distinct(List<Candidate> candidates) {
        if (candidates.size() == 1) {
            return candidates;
        }
        Set<DeploymentName> seen = new HashSet<>();
        return candidates.stream().filter(candidate -> seen.add(candidate.deployment().name())).toList();
    }

    private static String unfitMessage(Route route, List<Candidate> candidates) {
        StringBuilder message = new StringBuilder("no deployment of route ").append(route.name())
                .append(" can serve it:");
        candidates.forEach(candidate -> message.append(' ').append(candidate.deployment().name()).append(' ')
                .append(candidate.unfit().orElse("can")).append(';'));
        return message.toString();
    }
}
