package dev.signalbox.workers.router;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.Deployment;
import dev.signalbox.config.DeploymentName;
import dev.signalbox.config.Pool;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.workers.capacity.CapacityUse;
import dev.signalbox.workers.capacity.Lease;
import dev.signalbox.workers.capacity.LeaseHolder;
import dev.signalbox.workers.router.RouteDecision.Routed;
import dev.signalbox.workers.router.RouteDecision.Unroutable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Where requests ask for the right to make their next call: it decides the route, takes the permit of the first deployment
 * that has one, and learns from each call's end. Those that find none wait in the order of their arrival. A pure model, for
 * one caller at a time; time is ns on a monotonic clock.
 *
 * <p>INVARIANT: each granted permit counts until {@link #ended} is called with it, and no longer.
 */
public final class PermitDesk {
    private final RandomGenerator random;
    private DeploymentStates states;
    private Router router;
    private List<Pool> pools;
    private final Map<PoolName, Double> parts = new HashMap<>();

    /** @param random for the choice of two; used by this desk alone */
    public PermitDesk(Configuration configuration, RandomGenerator random) {
        this.random = random;
        this.states = new DeploymentStates(configuration);
        this.pools = configuration.pools();
        this.router = new Router(configuration, states, random);
    }

    /**
     * Another configuration from now on. Deployments that stay keep what is known of them, and permits that are out stay
     * counted; one that is gone gives no more. Who goes by an older {@link #router} may finish with it.
     */
    public void become(Configuration configuration, long nowNanos) {
        states = states.become(configuration, nowNanos);
        pools = configuration.pools();
        router = new Router(configuration, states, random);
        List<PoolName> known = pools.stream().map(Pool::name).toList();
        parts.keySet().retainAll(known);
        known.forEach(this::share);
    }

    /** The routes by the present configuration. */
    public Router router() {
        return router;
    }

    /** What became of a question for the next call. */
    public sealed interface Answer {
        /** The call may be made; the candidate is the chosen one of the decision's. */
        record Granted(Permit permit, Routed routed, Candidate candidate) implements Answer {
        }

        /**
         * Nothing is free for it: ask again at that time, or when a call ends; {@link Long#MAX_VALUE}: then only.
         *
         * @param heldBack whether there is room that is held back for {@code interactive}
         */
        record Busy(Routed routed, long untilNanos, boolean heldBack) implements Answer {
        }

        /** The retry budget of every deployment that could be called now is spent. */
        record OutOfBudget(Routed routed) implements Answer {
        }

        /** Nothing can serve it. */
        record Nowhere(Unroutable unroutable) implements Answer {
        }
    }

    /** @param asking who asks, if he waits already */
    public Answer ask(RoutingQuery query, CallAsk ask, @Nullable Waiter asking, long nowNanos) {
        return ask(router, query, ask, asking, nowNanos);
    }

    /** The same by the routes of another generation of this desk's configuration. */
    public Answer ask(Router by, RoutingQuery query, CallAsk ask, @Nullable Waiter asking, long nowNanos) {
        return switch (by.decide(query, ask, asking, nowNanos)) {
            case Unroutable unroutable -> new Answer.Nowhere(unroutable);
            case Routed routed -> first(by.states(), routed, query, ask, asking, nowNanos);
        };
    }

    /**
     * Takes a permit for a second call beside one that runs: at another deployment that is well, with the same model, where
     * nobody waits for the room that it takes. It spends the retry budget there.
     *
     * @param beside whom the running call is made to
     * @param awaited deployments that requests wait for
     */
    public Answer askForHedge(Router by, RoutingQuery query, CallAsk ask, Candidate beside,
            Predicate<DeploymentName> awaited, long nowNanos) {
        return switch (by.decide(query, ask, null, nowNanos)) {
            case Unroutable unroutable -> new Answer.Nowhere(unroutable);
            case Routed routed -> hedge(by.states(), routed, query, beside, awaited, nowNanos);
        };
    }

    private static Answer hedge(DeploymentStates states, Routed routed, RoutingQuery query, Candidate beside,
            Predicate<DeploymentName> awaited, long nowNanos) {
        boolean outOfBudget = false;
        for (Candidate candidate : routed.candidates()) {
            DeploymentName name = candidate.deployment().name();
            if (!isFree(candidate) || name.equals(beside.deployment().name())
                    || !candidate.change().equals(beside.change()) || awaited.test(name)) {
                continue;
            }
            DeploymentState state = states.of(name);
            if (state.retries().allows(nowNanos)) {
                PoolAccess access = state.access(query.pool());
                return new Answer.Granted(state.grant(access, state.need(query), query.key(), true, nowNanos), routed,
                        candidate);
            }
            outOfBudget = true;
        }
        return outOfBudget ? new Answer.OutOfBudget(routed) : new Answer.Busy(routed, Long.MAX_VALUE, false);
    }

    /** Whether it is well and its limits admit the call, as was asked for the decision just now. */
    private static boolean isFree(Candidate candidate) {
        return candidate.standing() == Candidate.Standing.READY;
    }

    private static Answer first(DeploymentStates states, Routed routed, RoutingQuery query, CallAsk ask,
            @Nullable Waiter asking, long nowNanos) {
        boolean outOfBudget = false;
        boolean heldBack = false;
        long until = Long.MAX_VALUE;
        for (Candidate candidate : routed.candidates()) {
            DeploymentState state = states.of(candidate.deployment().name());
            PoolAccess access = state.access(query.pool());
            heldBack |= access.limits(nowNanos).holdsBack(query.priority(), nowNanos);
            if (routed.usable(candidate)) {
                CallNeed need = state.need(query);
                switch (access.check(need, asking, nowNanos)) {
                    case LimitVerdict.Now now -> {
                        if (!ask.retry() || state.retries().allows(nowNanos)) {
                            refused(states, routed, query, true, nowNanos);
                            return new Answer.Granted(state.grant(access, need, query.key(), ask.retry(), nowNanos),
                                    routed, candidate);
                        }
                        outOfBudget = true;
                    }
                    case LimitVerdict.At(long nanos, String why) -> until = earlier(until, nanos, nowNanos);
                    case LimitVerdict.OnRelease release -> {
                    }
                    case LimitVerdict.Never never -> {
                    }
                }
            } else if (routed.isAwaited(candidate) && candidate.retryNanos() != 0) {
                until = earlier(until, candidate.retryNanos(), nowNanos);
            }
        }
        if (outOfBudget) {
            return new Answer.OutOfBudget(routed);
        }
        refused(states, routed, query, false, nowNanos);
        return new Answer.Busy(routed, until, heldBack);
    }

    /** @param elsewhere whether another deployment takes it */
    private static void refused(DeploymentStates states, Routed routed, RoutingQuery query, boolean elsewhere,
            long nowNanos) {
        for (Candidate candidate : routed.candidates()) {
            if (elsewhere ? candidate.standing() == Candidate.Standing.BUSY : routed.isAwaited(candidate)) {
                DeploymentState state = states.of(candidate.deployment().name());
                Refusals refusals = state.access(query.pool()).refusals();
                if (elsewhere) {
                    refusals.passed(state.need(query), nowNanos);
                } else {
                    refusals.refused(state.need(query), nowNanos);
                }
            }
        }
    }

    private static long earlier(long until, long other, long nowNanos) {
        return until == Long.MAX_VALUE || other - nowNanos < until - nowNanos ? other : until;
    }

    /** He begins to wait at every candidate that is busy, or keeps his place there. */
    public void enqueue(Waiter waiter, Routed routed, PoolName pool) {
        for (Candidate candidate : routed.candidates()) {
            if (routed.isAwaited(candidate)) {
                PoolAccess access = states.of(candidate.deployment().name()).access(pool);
                if (access.waiting().add(waiter)) {
                    waiter.places.add(access);
                }
            }
        }
    }

    /**
     * He waits no longer.
     *
     * @return who is first now and should ask again
     */
    public List<Waiter> leave(Waiter waiter) {
        List<Waiter> next = new ArrayList<>(waiter.places.size());
        for (PoolAccess access : waiter.places) {
            access.waiting().remove(waiter);
            addFirst(access, next);
        }
        waiter.places.clear();
        return next;
    }

    /**
     * The permit's call has ended.
     *
     * @return who waits and should ask again
     * @throws IllegalStateException if it had ended before
     */
    public List<Waiter> ended(Permit permit, CallUse use, CallLesson lesson, long nowNanos) {
        if (!permit.end()) {
            throw new IllegalStateException("ended twice: a permit of " + permit.deployment().name());
        }
        DeploymentState state = permit.access.state();
        boolean ejected = state.ended(permit, use, lesson, nowNanos);
        List<Waiter> next = new ArrayList<>(1);
        if (ejected) {
            state.accesses().forEach(access -> next.addAll(access.waiting()));
        } else {
            addFirst(permit.access, next);
        }
        return next;
    }

    private static void addFirst(PoolAccess access, List<Waiter> into) {
        if (!access.waiting().isEmpty()) {
            into.add(access.waiting().iterator().next());
        }
    }

    /**
     * Whether the permit's call may be made now, as far as other workers are concerned: asked right before it, and again after the
     * dispatcher told something until it may or may not.
     */
    public ProbeVerdict takeTurn(Permit permit, long nowNanos) {
        return permit.fleetTrial ? permit.access.state().fleet().takeTurn(nowNanos) : ProbeVerdict.MAY_CALL;
    }

    /** The call's request is written. */
    public void sent(Permit permit, long nowNanos) {
        permit.access.limits().sent(permit.reservation, nowNanos);
    }

    /** The head of the call's response has come. */
    public void responded(Permit permit, Optional<VendorSignals> signals, long nowNanos) {
        permit.access.limits().responded(permit.reservation, nowNanos);
        signals.ifPresent(said -> permit.access.state().accesses()
                .forEach(access -> access.limits().heard(said, nowNanos)));
    }

    /** So many more of the call's output tokens have come. */
    public void given(Permit permit, long tokens, long nowNanos) {
        permit.access.limits().given(permit.reservation, tokens, nowNanos);
    }

    /** The call's first token has come, or its whole answer if it is not streamed. */
    public void firstToken(Permit permit, long afterNanos, long nowNanos) {
        permit.access.state().latency().firstToken(afterNanos, nowNanos);
    }

    /** The call's first token has not come in that time, and will not be waited for. */
    public void firstTokenLate(Permit permit, long afterNanos, long nowNanos) {
        permit.access.state().latency().firstTokenLate(afterNanos, nowNanos);
    }

    /** Whether the permit's deployment is well for other requests. */
    public boolean servesOthers(Permit permit, long nowNanos) {
        return permit.access.state().servesOthers(nowNanos);
    }

    /**
     * What this worker may use while it has no lease: see {@link LeaseHolder}. Deployments that name no pools are shared by all
     * pools; of those it owns as much as it has of all pools' lanes together.
     *
     * @param part of a pool's partitions that this worker owns, 0 to 1
     */
    public void share(PoolName pool, double part) {
        parts.put(pool, part);
        share(pool);
    }

    private void share(PoolName pool) {
        double part = parts.getOrDefault(pool, 1.0);
        double lanes = 0;
        double mine = 0;
        for (Pool each : pools) {
            lanes += each.priorities().size();
            mine += each.priorities().size() * parts.getOrDefault(each.name(), 1.0);
        }
        for (DeploymentState state : states.all()) {
            state.access(pool).share(state.deployment().poolShares().isEmpty() ? mine / lanes : part);
        }
    }

    /**
     * What this worker holds, uses and wants of a deployment; to be asked often.
     *
     * @param waiting requests of each pool that wait for it, perhaps elsewhere too
     */
    public CapacityUse capacity(DeploymentName name, Map<PoolName, Integer> waiting, long nowNanos) {
        if (!states.has(name)) {
            return new CapacityUse(0, 0, false, 0, 0, List.of());
        }
        DeploymentState state = states.of(name);
        Map<PoolAccess, Integer> waits = new LinkedHashMap<>();
        pools.forEach(pool -> waits.merge(state.access(pool.name()), waiting.getOrDefault(pool.name(), 0),
                Integer::sum));
        List<CapacityUse.OfPool> uses = waits.entrySet().stream()
                .map(each -> each.getKey().use(each.getValue(), nowNanos)).filter(CapacityUse.OfPool::isSomething)
                .toList();
        LeaseHolder leases = state.leases(nowNanos);
        return new CapacityUse(leases.term(), leases.grantNo(), leases.hasLease(nowNanos), state.throttlings(),
                state.answers(), uses);
    }

    /** A demand of that deployment is sent now; its number. */
    public long demanded(DeploymentName name, long nowNanos) {
        return states.of(name).leases(nowNanos).demanded(nowNanos);
    }

    /**
     * The dispatcher granted this worker that.
     *
     * @param byPool the same, with what is borrowed
     * @return whether it counts, so that those who wait should ask again
     */
    public boolean granted(DeploymentName name, Lease lease, Map<String, CapacityUse.Granted> byPool, long nowNanos) {
        return states.has(name) && states.of(name).granted(lease, byPool, nowNanos);
    }

    /** The dispatcher granted another worker that, at that time. */
    public void grantedElsewhere(DeploymentName name, Lease lease, long atNanos, long nowNanos) {
        if (states.has(name)) {
            states.of(name).leases(nowNanos).grantedElsewhere(lease, atNanos);
        }
    }

    /** What a pool's lease of a deployment gives it; where the deployment names no pools, what all pools' does. */
    public CapacityUse.Granted granted(Deployment deployment, PoolName pool, long nowNanos) {
        return states.of(deployment.name()).granted(pool, nowNanos);
    }

    /** Calls of that pool that run on another one's capacity there. */
    public int borrowed(Deployment deployment, PoolName pool, PoolName lender) {
        return states.of(deployment.name()).access(pool).loans().from(lender.value());
    }

    /** What this worker knows of a deployment now, for gauges and reports. */
    public DeploymentView view(Deployment deployment, long nowNanos) {
        DeploymentState state = states.of(deployment.name());
        FleetView fleet = state.fleet().view();
        return new DeploymentView(state.ownHealth(nowNanos), state.health(nowNanos), fleet,
                fleet.found().isPresent()
                        ? OptionalLong.of(Math.max(0, nowNanos - fleet.asOfNanos()))
                        : OptionalLong.empty(),
                state.order(nowNanos), state.running(),
                state.accesses().stream().mapToInt(access -> access.waiting().size()).sum(),
                state.latency().expectedMillis(state.latency().typicalOutputTokens(), fleet, nowNanos));
    }

    /**
     * The dispatcher told of a deployment; of one that is not configured nothing is kept.
     *
     * @return whether calls pass there by another rule than before, so that those who wait should ask again
     */
    public boolean told(DeploymentName name, FleetView view, long nowNanos) {
        if (!states.has(name)) {
            return false;
        }
        DeploymentState state = states.of(name);
        BreakerState before = state.health(nowNanos);
        boolean couldTry = state.trialFree(nowNanos);
        state.fleet().told(view);
        return before != state.health(nowNanos) || couldTry != state.trialFree(nowNanos);
    }

    /**
     * An operator ordered something for a deployment, in place of what was ordered before; null: nothing any more.
     *
     * @return as {@link #told}
     */
    public boolean order(DeploymentName name, @Nullable OperatorOrder order, long nowNanos) {
        if (!states.has(name)) {
            return false;
        }
        DeploymentState state = states.of(name);
        Optional<OperatorOrder> before = state.order(nowNanos);
        state.order(order);
        return !before.map(OperatorOrder::action).equals(state.order(nowNanos).map(OperatorOrder::action));
    }

    /** What a pool's calls use of a deployment's limits; where the deployment names no pools, what all pools' do. */
    public LimitsView limits(Deployment deployment, PoolName pool, long nowNanos) {
        return states.of(deployment.name()).access(pool).limits(nowNanos).view(nowNanos);
    }

    /** Requests of that pool that wait for the deployment, among others perhaps; as {@link #limits}. */
    public int waiting(Deployment deployment, PoolName pool) {
        return states.of(deployment.name()).access(pool).waiting().size();
    }

    /**
     * @param own the worst of this worker's breakers
     * @param health the worse of its own and the fleet's view
     * @param fleet what the dispatcher told
     * @param fleetAgeNanos how old that is; empty: nothing was told
     * @param order what an operator ordered
     * @param running calls of this worker
     * @param waiting requests that wait for it, among others perhaps
     * @param expectedMillis of a typical answer; 0: not known
     */
    public record DeploymentView(BreakerState own, BreakerState health, FleetView fleet, OptionalLong fleetAgeNanos,
            Optional<OperatorOrder> order, int running, int waiting, double expectedMillis) {
    }
}
