package dev.signalbox.workers.router;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.DeploymentName;
import dev.signalbox.config.Residency;
import dev.signalbox.config.Route;
import dev.signalbox.config.Route.FallbackModel;
import dev.signalbox.config.Strategy;
import dev.signalbox.workers.router.Candidate.Standing;
import dev.signalbox.workers.router.RouteDecision.Routed;
import dev.signalbox.workers.router.RouteDecision.Rule;
import dev.signalbox.workers.router.RouteDecision.Unroutable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Resolves a request's route and orders its deployments: those that can be called now by the route's strategy, then those
 * that are busy, ejected or unfit, each with the reason. Its own state is whose turn it is in each load balance; what it
 * knows of deployments is in {@link DeploymentStates}. A pure model, for one caller at a time.
 */
public final class Router {
    private static final Comparator<Candidate> BY_STANDING = Comparator.comparingInt(Router::rank);

    private final Configuration configuration;
    private final DeploymentStates states;
    private final RandomGenerator random;
    private final MemberOrder orders;
    private final IdentityHashMap<Strategy.LoadBalanced, WeightedTurns> turns = new IdentityHashMap<>();

    Router(Configuration configuration, DeploymentStates states, RandomGenerator random) {
        this.configuration = configuration;
        this.states = states;
        this.random = random;
        this.orders = new MemberOrder(states, configuration.prices(), random);
        for (var routes : configuration.routes().values()) {
            for (var byUseCase : routes.byEnvironment().values()) {
                byUseCase.values().forEach(route -> prepare(route.strategy()));
            }
        }
    }

    /** One question and what is constant while it is answered. */
    private record Question(RoutingQuery query, CallAsk ask, @Nullable Waiter asking, long nowNanos) {
    }

    DeploymentStates states() {
        return states;
    }

    /**
     * Which deployments would serve the request's next call, in which order, and why; takes a turn in the route's load
     * balances.
     *
     * @param asking who asks, if he waits already: the first who waits goes before newcomers
     */
    RouteDecision decide(RoutingQuery query, CallAsk ask, @Nullable Waiter asking, long nowNanos) {
        Optional<Route> resolved = configuration.route(query.model(), query.useCase());
        if (resolved.isEmpty()) {
            return new Unroutable("NO_ROUTE",
                    "no route serves model \"%s\" for use case \"%s\" in environment \"%s\"".formatted(query.model(),
                            query.useCase(), configuration.environment()),
                    List.of());
        }
        Route route = resolved.get();
        Question question = new Question(query, ask, asking, nowNanos);
        return switch (ask.rule()) {
            case STRATEGY -> byStrategy(route, question);
            case FALLBACK_MODELS, CONTEXT_WINDOW, CONTENT_FILTER ->
                byModels(route, ask.rule(), List.of(), question);
        };
    }

    private RouteDecision byStrategy(Route route, Question question) {
        List<Candidate> candidates = ordered(route, question);
        Standing best = candidates.getFirst().standing();
        return switch (best) {
            case READY, TRIAL, EASING -> routed(route, Rule.STRATEGY, false, candidates);
            case BUSY, SPARED -> candidates.stream().anyMatch(each -> each.standing() == Standing.SPARED)
                    ? routed(route, Rule.STRATEGY, false, candidates)
                    : overflowing(route, candidates, question);
            case EJECTED, WITHDRAWN -> {
                RouteDecision other = byModels(route, Rule.FALLBACK_MODELS, candidates, question);
                yield other instanceof Routed routed && !routed.panic()
                        ? routed
                        : routed(route, Rule.STRATEGY, best == Standing.EJECTED, candidates);
            }
            case UNFIT -> byModels(route, tooLong(candidates) ? Rule.CONTEXT_WINDOW : Rule.FALLBACK_MODELS, candidates,
                    question);
        };
    }

    /**
     * While a route's own deployments are busy, a part of its requests goes to those fallback models that take it, and waits
     * for theirs as well while those are busy too.
     */
    private RouteDecision overflowing(Route route, List<Candidate> candidates, Question question) {
        double place = (question.query.key() >>> 11) * 0x1.0p-53;
        List<Candidate> awaited = candidates;
        for (FallbackModel model : route.fallbackModels()) {
            if (place < model.overflow()) {
                List<Candidate> other = ofModel(model, question);
                if (!other.isEmpty() && other.getFirst().usable()) {
                    return routed(route, Rule.FALLBACK_MODELS, false, joined(other, awaited));
                }
                awaited = joined(awaited, other.stream().filter(Router::awaitsRoom).toList());
            }
        }
        return routed(route, Rule.STRATEGY, false, awaited);
    }

    private static boolean awaitsRoom(Candidate candidate) {
        return candidate.standing() == Standing.BUSY || candidate.standing() == Standing.SPARED;
    }

    private RouteDecision byModels(Route route, Rule rule, List<Candidate> before, Question question) {
        List<FallbackModel> models = switch (rule) {
            case STRATEGY -> List.of();
            case FALLBACK_MODELS -> route.fallbackModels();
            case CONTEXT_WINDOW -> route.contextWindowFallbacks();
            case CONTENT_FILTER -> route.contentFilterFallbacks();
        };
        List<Candidate> candidates = new ArrayList<>();
        models.forEach(model -> candidates.addAll(ofModel(model, question)));
        candidates.addAll(before);
        candidates.sort(BY_STANDING);
        if (candidates.stream().noneMatch(Candidate::fit)) {
            return new Unroutable("NO_FIT_DEPLOYMENT", unfitMessage(route, candidates), candidates);
        }
        boolean panic = candidates.getFirst().standing() == Standing.EJECTED;
        return routed(route, rule, panic, distinct(candidates));
    }

    private List<Candidate> ofModel(FallbackModel model, Question question) {
        return configuration.route(model.model(), question.query.useCase())
                .map(route -> ordered(route, question).stream().map(candidate -> candidate.changed(model)).toList())
                .orElse(List.of());
    }

    private static boolean tooLong(List<Candidate> candidates) {
        return candidates.stream().anyMatch(candidate -> candidate.why().orElse("").startsWith(Fitness.CONTEXT_WINDOW));
    }

    private static Routed routed(Route route, Rule rule, boolean panic, List<Candidate> candidates) {
        return new Routed(route, rule, route.strategy().label(), panic, candidates);
    }

    private static List<Candidate> joined(List<Candidate> first, List<Candidate> second) {
        List<Candidate> all = new ArrayList<>(first);
        all.addAll(second);
        return distinct(all);
    }

    /** A route's candidates: by standing, then those that the request has not called yet, then by strategy. */
    private List<Candidate> ordered(Route route, Question question) {
        List<Candidate> candidates = distinct(order(route.strategy(), route.allow(), question));
        if (candidates.size() > 1) {
            candidates = spared(route, candidates, question);
            candidates.sort(BY_STANDING);
            if (question.ask.retry()) {
                usableFirst(candidates, question);
            }
        }
        return candidates;
    }

    private List<Candidate> spared(Route route, List<Candidate> candidates, Question question) {
        if (route.spillAfter() == 0 || question.ask.retry()) {
            return candidates;
        }
        return new ArrayList<>(Thrift.spare(candidates,
                each -> Thrift.slackNanos(question.ask.time(), route.spillAfter(),
                        orders.expectedMillis(each.deployment(), question.query, question.nowNanos)),
                question.nowNanos));
    }

    /** Of those that may be called now: where the request should stay, unless other workers are to try that, then those that it has not called, then the others. */
    private void usableFirst(List<Candidate> candidates, Question question) {
        CallAsk ask = question.ask;
        List<Candidate> usable = new ArrayList<>(candidates.stream().filter(Candidate::usable).toList());
        usable.sort(Comparator.comparingInt(candidate -> {
            DeploymentName name = candidate.deployment().name();
            boolean stays = ask.stay().filter(name::equals).isPresent()
                    && !states.of(name).fleet().view().othersFirst(question.nowNanos);
            return stays ? 0 : ask.tried().contains(name) ? 2 : 1;
        }));
        for (int i = 0; i < usable.size(); i++) {
            candidates.set(i, usable.get(i));
        }
    }

    private static int rank(Candidate candidate) {
        return switch (candidate.standing()) {
            case READY, TRIAL -> 0;
            case EASING -> 1;
            case BUSY -> 2;
            case SPARED -> 3;
            case EJECTED -> 4;
            case WITHDRAWN -> 5;
            case UNFIT -> 6;
        };
    }

    private List<Candidate> order(Strategy strategy, Residency allow, Question question) {
        return switch (strategy) {
            case Strategy.One one -> List.of(candidate(one, allow, question));
            case Strategy.Sequence sequence -> inSequence(members(sequence.members(), allow, question));
            case Strategy.LoadBalanced balanced -> byTurn(balanced, allow, question);
            case Strategy.LatencyBased latency ->
                orders.byLatency(members(latency.members(), allow, question), question.query, question.nowNanos);
            case Strategy.Cheapest cheapest ->
                orders.byPrice(members(cheapest.members(), allow, question), question.query);
        };
    }

    private List<List<Candidate>> members(List<Strategy> members, Residency allow, Question question) {
        List<List<Candidate>> lists = new ArrayList<>(members.size());
        for (Strategy member : members) {
            lists.add(byStanding(order(member, allow, question)));
        }
        return lists;
    }

    private static List<Candidate> byStanding(List<Candidate> member) {
        if (member.size() < 2) {
            return member;
        }
        List<Candidate> sorted = new ArrayList<>(member);
        sorted.sort(BY_STANDING);
        return sorted;
    }

    private static List<Candidate> inSequence(List<List<Candidate>> members) {
        List<Candidate> sequence = new ArrayList<>(members.size());
        for (List<Candidate> member : members) {
            for (Candidate candidate : member) {
                sequence.add(candidate.scored(sequence.size()));
            }
        }
        return sequence;
    }

    /** The member whose turn it is goes first, the others follow by weight. */
    private List<Candidate> byTurn(Strategy.LoadBalanced balanced, Residency allow, Question question) {
        List<Strategy.Weighted> weighted = balanced.members();
        List<List<Candidate>> members = members(weighted.stream().map(Strategy.Weighted::member).toList(), allow,
                question);
        boolean[] eligible = new boolean[members.size()];
        Integer[] places = new Integer[members.size()];
        for (int i = 0; i < eligible.length; i++) {
            Candidate best = members.get(i).getFirst();
            eligible[i] = best.usable() && best.standing() != Standing.EASING
                    && !question.ask.tried().contains(best.deployment().name());
            places[i] = i;
        }
        int first = Objects.requireNonNull(turns.get(balanced), "every load balance was prepared").next(eligible);
        java.util.Arrays.sort(places, Comparator.<Integer>comparingInt(i -> i == first ? 0 : 1)
                .thenComparingDouble(i -> -weighted.get(i).weight()));
        List<Candidate> ordered = new ArrayList<>(members.size());
        for (int place : places) {
            double weight = weighted.get(place).weight();
            members.get(place).forEach(candidate -> ordered.add(candidate.scored(weight)));
        }
        return ordered;
    }

    private Candidate candidate(Strategy.One one, Residency allow, Question question) {
        DeploymentState state = states.of(one.deployment());
        RoutingQuery query = question.query;
        if (state.isGone()) {
            return new Candidate(state.deployment(), Standing.UNFIT, "the configuration has it no more");
        }
        Optional<String> unfit = Fitness.unfit(state.deployment(), query, allow);
        if (unfit.isEmpty() && !question.ask.confined().isEmpty()
                && !question.ask.confined().contains(one.deployment())) {
            unfit = Optional.of("the request failed elsewhere where others are served");
        }
        if (unfit.isPresent()) {
            return new Candidate(state.deployment(), Standing.UNFIT, unfit.get());
        }
        Optional<OperatorOrder> order = state.order(question.nowNanos);
        if (order.isPresent()) {
            return ordered(order.get(), state, question.nowNanos);
        }
        LimitVerdict verdict = state.access(query.pool()).check(state.need(query), question.asking,
                question.nowNanos);
        return switch (verdict) {
            case LimitVerdict.Never(String why) -> new Candidate(state.deployment(), Standing.UNFIT, why);
            case LimitVerdict.OnRelease release ->
                unlessEjected(state, question,
                        new Candidate(state.deployment(), Standing.BUSY, "all calls at once run"));
            case LimitVerdict.At(long nanos, String why) -> unlessEjected(state, question,
                    new Candidate(state.deployment(), 0, Standing.BUSY, Optional.of(why), Optional.empty(), nanos));
            case LimitVerdict.Now now -> admitted(state, question);
        };
    }

    private static Candidate ordered(OperatorOrder order, DeploymentState state, long nowNanos) {
        String reason = order.reason(nowNanos);
        return switch (order.action()) {
            case EJECT -> new Candidate(state.deployment(), 0, Standing.WITHDRAWN, Optional.of(reason),
                    Optional.empty(), order.untilNanos());
            case DRAIN -> new Candidate(state.deployment(), Standing.EJECTED, reason);
        };
    }

    private Candidate unlessEjected(DeploymentState state, Question question, Candidate busy) {
        Candidate admitted = admitted(state, question);
        return admitted.standing() == Standing.EJECTED ? admitted : busy;
    }

    private Candidate admitted(DeploymentState state, Question question) {
        return switch (state.health(question.nowNanos)) {
            case CLOSED -> new Candidate(state.deployment(), Standing.READY);
            case RECOVERING -> random.nextDouble() < state.share(question.nowNanos)
                    ? new Candidate(state.deployment(), Standing.READY)
                    : easing(state, question);
            case HALF_OPEN -> !state.trialFree(question.nowNanos)
                    ? ejected(state, question)
                    : state.fleet().view().othersFirst(question.nowNanos)
                            ? easing(state, question)
                            : new Candidate(state.deployment(), Standing.TRIAL, "was ejected: this call tries it");
            case OPEN -> ejected(state, question);
        };
    }

    private static Candidate easing(DeploymentState state, Question question) {
        return new Candidate(state.deployment(), Standing.EASING,
                state.fleet().view().othersFirst(question.nowNanos)
                        ? "failed here only: another worker is to try it"
                        : "recovers: others go first this time");
    }

    private static Candidate ejected(DeploymentState state, Question question) {
        return new Candidate(state.deployment(), 0, Standing.EJECTED,
                Optional.of(state.whyEjected(question.nowNanos)), Optional.empty(),
                state.triedAgainNanos(question.nowNanos));
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
        List<Candidate> distinct = new ArrayList<>(candidates.size());
        for (Candidate candidate : candidates) {
            if (seen.add(candidate.deployment().name())) {
                distinct.add(candidate);
            }
        }
        return distinct;
    }

    private static String unfitMessage(Route route, List<Candidate> candidates) {
        StringBuilder message = new StringBuilder("no deployment of route ").append(route.name())
                .append(" can serve it:");
        candidates.forEach(candidate -> message.append(' ').append(candidate.deployment().name()).append(' ')
                .append(candidate.why().orElse("can")).append(';'));
        return message.toString();
    }
}
