package dev.signalbox.workers.router;

import dev.signalbox.config.Deployment;
import dev.signalbox.config.Pool;
import dev.signalbox.config.PoolParts;
import dev.signalbox.schemas.Amounts;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.workers.capacity.CapacityUse;
import dev.signalbox.workers.capacity.Lease;
import dev.signalbox.workers.capacity.LeaseHolder;
import dev.signalbox.workers.router.CallLesson.Blame;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What this worker knows of one deployment and lets it do: limits, health, latency, retry budget, and who waits for it. A
 * pure model, for one caller at a time; time is ns on a monotonic clock.
 */
final class DeploymentState {
    /** Shorter than any session that brokers allow by default: whoever did not look for longer may have lost partitions meanwhile. */
    private static final Duration MOST_UNSEEN = Duration.ofSeconds(5);
    /** Where another call or worker tries it; what that comes to is told at once. */
    private static final long LOOK_AGAIN_NANOS = 1_000_000_000L;
    private static final Deployment.Limits NOTHING = new Deployment.Limits(OptionalInt.of(0), OptionalInt.of(0),
            OptionalInt.of(0), OptionalInt.of(0));

    private Deployment deployment;
    private Map<PoolName, PoolAccess> accesses;
    /** Has nothing: of pools that the configuration has not, or not any more. */
    private final PoolAccess none = new PoolAccess(this, "", NOTHING, Amounts.NONE);
    private Breakers breakers;
    private final LatencyEstimate latency = new LatencyEstimate();
    private final RetryBudget retries = new RetryBudget();
    private final FleetHealth fleet = new FleetHealth();
    private @Nullable OperatorOrder order;
    private int running;
    private long throttlings;
    private long answers;
    private boolean gone;
    private @Nullable LeaseHolder leases;
    private Map<String, CapacityUse.Granted> granted = Map.of();
    /** Of a call on what a pool lends, by pool. */
    private Map<String, Duration> callLimits;
    /** Limits of earlier configurations that still have calls, or count them by minute. */
    private final List<DeploymentLimits> ending = new ArrayList<>(0);

    /** What its calls' ends tell of; a permit ends with those that it was granted by. */
    record Breakers(Breaker service, Breaker model, Breaker credential) {
    }

    /**
     * @param pools all of the configuration's; each that has a part of this deployment gets limits of its own, and where
     *        the deployment names none, all draw on the same ones
     * @param credential shared by all deployments with the same one
     */
    DeploymentState(Deployment deployment, List<Pool> pools, Breaker credential) {
        this.deployment = deployment;
        this.breakers = new Breakers(new Breaker(Breaker.Settings.SERVICE), new Breaker(Breaker.Settings.SETTING),
                credential);
        this.accesses = accesses(Map.of(), pools);
        this.callLimits = callLimits(pools);
    }

    /** Limits of each pool; of those that it had, the same objects if all that is under way stays counted in them. */
    private Map<PoolName, PoolAccess> accesses(Map<PoolName, PoolAccess> before, List<Pool> pools) {
        Map<PoolName, PoolAccess> now = new HashMap<>();
        if (deployment.poolShares().isEmpty()) {
            PoolAccess known = pools.stream().map(pool -> before.get(pool.name())).filter(Objects::nonNull).findFirst()
                    .filter(access -> new LinkedHashSet<>(before.values()).size() == 1).orElse(null);
            PoolAccess common = access(known, "", deployment.limits(), deployment.limits().amounts());
            pools.forEach(pool -> now.put(pool.name(), common));
        } else {
            Map<PoolName, Deployment.Limits> parts = PoolParts.of(deployment.limits(), deployment.poolShares());
            boolean wasCommon = before.size() > 1 && new LinkedHashSet<>(before.values()).size() == 1;
            pools.forEach(pool -> now.put(pool.name(), access(wasCommon ? null : before.get(pool.name()),
                    pool.name().value(), parts.getOrDefault(pool.name(), NOTHING), most(pool, pools, parts))));
        }
        return now;
    }

    private PoolAccess access(@Nullable PoolAccess known, String pool, Deployment.Limits part, Amounts most) {
        if (known != null && known.limits().canBecome(part)) {
            known.become(pool, part, most);
            return known;
        }
        return new PoolAccess(this, pool, part, most);
    }

    private static Map<String, Duration> callLimits(List<Pool> pools) {
        Map<String, Duration> limits = new HashMap<>();
        pools.forEach(pool -> limits.put(pool.name().value(), pool.borrowedCallLimit()));
        return limits;
    }

    /** A pool's part and those of all pools that may lend to it: lower ones that it borrows from, higher ones that lend. */
    private static Amounts most(Pool pool, List<Pool> pools, Map<PoolName, Deployment.Limits> parts) {
        Amounts most = parts.getOrDefault(pool.name(), NOTHING).amounts();
        for (PoolName lender : Pool.lendersOf(pool, pools)) {
            most = most.plus(parts.getOrDefault(lender, NOTHING).amounts());
        }
        return most;
    }

    /** What the dispatcher granted this worker, and what it may use without. */
    LeaseHolder leases(long nowNanos) {
        LeaseHolder known = leases;
        if (known == null) {
            known = new LeaseHolder(MOST_UNSEEN, nowNanos);
            leases = known;
        }
        return known;
    }

    /** As {@link LeaseHolder#granted}. */
    boolean granted(Lease lease, Map<String, CapacityUse.Granted> byPool, long nowNanos) {
        boolean counts = leases(nowNanos).granted(lease, accesses().stream().map(PoolAccess::share).toList(), nowNanos);
        if (counts) {
            granted = Map.copyOf(byPool);
        }
        return counts;
    }

    /** What a pool's lease gives it, while there is one. */
    CapacityUse.Granted granted(PoolName pool, long nowNanos) {
        return granted(access(pool), nowNanos);
    }

    /** The same of its limits. */
    CapacityUse.Granted granted(PoolAccess access, long nowNanos) {
        return leases(nowNanos).hasLease(nowNanos)
                ? granted.getOrDefault(access.share().pool(), CapacityUse.Granted.NOTHING)
                : CapacityUse.Granted.NOTHING;
    }

    /**
     * Another configuration of the same deployment. What is known of it stays, and what runs stays counted; but where it
     * leads elsewhere now, or goes by another credential, what failed before tells nothing.
     */
    void become(Deployment newer, List<Pool> pools, Breaker credential, long nowNanos) {
        Deployment before = deployment;
        deployment = newer;
        boolean elsewhere = !before.baseUrl().equals(newer.baseUrl())
                || !before.vendor().name().equals(newer.vendor().name());
        breakers = new Breakers(elsewhere ? new Breaker(Breaker.Settings.SERVICE) : breakers.service,
                elsewhere || !before.modelId().equals(newer.modelId())
                        ? new Breaker(Breaker.Settings.SETTING)
                        : breakers.model,
                credential);
        Set<PoolAccess> old = accesses();
        accesses = accesses(accesses, pools);
        callLimits = callLimits(pools);
        Set<PoolAccess> now = accesses();
        ending.removeIf(limits -> limits.isSettled(nowNanos));
        old.stream().filter(access -> !now.contains(access)).map(PoolAccess::limits).forEach(limits -> {
            limits.close();
            ending.add(limits);
        });
        List<DeploymentLimits> all = new ArrayList<>(ending);
        now.forEach(access -> all.add(access.limits()));
        now.forEach(access -> access.limits().settleAfter(all));
    }

    /** The configuration has it no more: what runs ends, and nothing begins. */
    void leave() {
        gone = true;
    }

    boolean isGone() {
        return gone;
    }

    Deployment deployment() {
        return deployment;
    }

    /** The limits that hold for a pool's calls. */
    PoolAccess access(PoolName pool) {
        return accesses.getOrDefault(pool, none);
    }

    /**
     * What the request's call reserves: the longest answer asked for. Where none is, as much as a long answer had lately, but
     * no more than the model can give and the limits admit; an answer that is longer counts as it comes.
     */
    CallNeed need(RoutingQuery query) {
        RoutingQuery.Needs needs = query.needs();
        long output = needs.maxOutputTokens().isPresent()
                ? needs.maxOutputTokens().getAsInt()
                : Math.min((long) latency.longOutputTokens(),
                        Math.min(deployment.capabilities().maxOutputTokens().orElse(Integer.MAX_VALUE),
                                access(query.pool()).limits().most().outputTokens()));
        return new CallNeed(query.priority(), Math.max(1, needs.inputTokens()), Math.max(1, output));
    }

    /** Each of its limits once. */
    Set<PoolAccess> accesses() {
        return new LinkedHashSet<>(accesses.values());
    }

    /** Calls that run, of all pools. */
    int running() {
        return running;
    }

    /** How often the vendor refused calls for their rate, of all pools; see {@link DeploymentLimits#throttled}. */
    long throttlings() {
        return throttlings;
    }

    /** How many calls it answered; see {@link DeploymentLimits#answered}. */
    long answers() {
        return answers;
    }

    LatencyEstimate latency() {
        return latency;
    }

    RetryBudget retries() {
        return retries;
    }

    /** What the dispatcher told of it. */
    FleetHealth fleet() {
        return fleet;
    }

    /** @param newOrder null: none */
    void order(@Nullable OperatorOrder newOrder) {
        order = newOrder;
    }

    /** What an operator ordered, while it holds. */
    Optional<OperatorOrder> order(long nowNanos) {
        return Optional.ofNullable(order).filter(given -> given.holds(nowNanos));
    }

    /** The worse of what this worker sees and what the fleet sees. */
    BreakerState health(long nowNanos) {
        return worse(ownHealth(nowNanos), fleet.view().health(nowNanos));
    }

    /** Whether no call passes but to try it. */
    boolean isOut(long nowNanos) {
        return rank(health(nowNanos)) >= rank(BreakerState.HALF_OPEN);
    }

    /** The worst of this worker's breakers. */
    BreakerState ownHealth(long nowNanos) {
        BreakerState worst = breakers.service.state(nowNanos);
        worst = worse(worst, breakers.model.state(nowNanos));
        return worse(worst, breakers.credential.state(nowNanos));
    }

    private static BreakerState worse(BreakerState a, BreakerState b) {
        return rank(a) >= rank(b) ? a : b;
    }

    private static int rank(BreakerState state) {
        return switch (state) {
            case CLOSED -> 0;
            case RECOVERING -> 1;
            case HALF_OPEN -> 2;
            case OPEN -> 3;
        };
    }

    /** Part of the calls that should pass, 0 to 1. */
    double share(long nowNanos) {
        return Math.min(Math.min(breakers.service.share(nowNanos), fleet.view().share(nowNanos)),
                Math.min(breakers.model.share(nowNanos), breakers.credential.share(nowNanos)));
    }

    /** Whether, though not healthy, it may be tried by one call now. */
    boolean trialFree(long nowNanos) {
        return fleet.passes(nowNanos) && passes(breakers.service, nowNanos) && passes(breakers.model, nowNanos)
                && passes(breakers.credential, nowNanos);
    }

    /**
     * When a call may try it again, if it was ejected for what mends itself; 0: for a credential or a setting that somebody
     * must mend.
     */
    long triedAgainNanos(long nowNanos) {
        if (!passes(breakers.model, nowNanos) || !passes(breakers.credential, nowNanos)) {
            return 0;
        }
        return breakers.service.state(nowNanos) == BreakerState.OPEN
                ? breakers.service.openUntilNanos()
                : nowNanos + LOOK_AGAIN_NANOS;
    }

    private static boolean passes(Breaker breaker, long nowNanos) {
        return switch (breaker.state(nowNanos)) {
            case CLOSED, RECOVERING -> true;
            case HALF_OPEN -> breaker.trialFree(nowNanos);
            case OPEN -> false;
        };
    }

    /** Why it is ejected, for a person. */
    String whyEjected(long nowNanos) {
        if (rank(fleet.view().health(nowNanos)) >= rank(BreakerState.HALF_OPEN)) {
            return fleet.view().why(nowNanos);
        }
        Breaker open = breakers.credential.state(nowNanos) == BreakerState.OPEN
                ? breakers.credential
                : breakers.model.state(nowNanos) == BreakerState.OPEN ? breakers.model : breakers.service;
        String what = open == breakers.credential
                ? "its credential"
                : open == breakers.model ? "its model" : "its service";
        if (open.state(nowNanos) != BreakerState.OPEN) {
            return "ejected: a trial call runs";
        }
        return "ejected: " + what + " failed; tried again in "
                + Math.max(1, Duration.ofNanos(open.openUntilNanos() - nowNanos).toSeconds()) + " s";
    }

    /** The permit for a call that the pool's {@link PoolAccess#check} admitted. */
    Permit grant(PoolAccess access, CallNeed need, long request, boolean retry, long nowNanos) {
        boolean serviceTrial = startTrial(breakers.service, nowNanos);
        boolean modelTrial = startTrial(breakers.model, nowNanos);
        boolean credentialTrial = startTrial(breakers.credential, nowNanos);
        boolean fleetTrial = fleet.startTrial(nowNanos);
        if (retry) {
            retries.retry(nowNanos);
        } else {
            retries.firstCall(nowNanos);
        }
        running++;
        access.refusals().admitted(nowNanos);
        Reservation reservation = access.limits().reserve(need, nowNanos);
        Loan loan = access.loans().admitted(granted(access, nowNanos), access.limits().inUse(nowNanos), callLimits,
                nowNanos).orElse(null);
        return new Permit(deployment, access, breakers, reservation, request, serviceTrial, modelTrial, credentialTrial,
                fleetTrial, loan);
    }

    private static boolean startTrial(Breaker breaker, long nowNanos) {
        boolean free = breaker.trialFree(nowNanos);
        if (free) {
            breaker.trialStarted();
        }
        return free;
    }

    /**
     * The permit's call has ended.
     *
     * @return whether it was healthy before and is not any more, so that those who wait for it should look elsewhere
     */
    boolean ended(Permit permit, CallUse use, CallLesson lesson, long nowNanos) {
        BreakerState before = health(nowNanos);
        DeploymentLimits limits = permit.access.limits();
        limits.settle(permit.reservation, use, nowNanos);
        permit.loan().ifPresent(permit.access.loans()::ended);
        running--;
        long started = permit.reservation.startedNanos;
        if (permit.fleetTrial) {
            fleet.trialEnded(tellsAgainstIt(lesson));
        }
        switch (lesson) {
            case CallLesson.Nothing nothing -> abandon(permit);
            case CallLesson.Answered(long tokens, long streamNanos) -> {
                if (limits.answered(permit.reservation)) {
                    answers++;
                }
                latency.answered(tokens, streamNanos, nowNanos);
                permit.breakers.service.answered(started, permit.serviceTrial, nowNanos);
                permit.breakers.model.answered(started, permit.modelTrial, nowNanos);
                permit.breakers.credential.answered(started, permit.credentialTrial, nowNanos);
            }
            case CallLesson.Failed(Blame blame, Optional<Duration> delay) -> failed(permit, blame, delay, nowNanos);
        }
        return rank(before) < rank(BreakerState.HALF_OPEN)
                && rank(health(nowNanos)) >= rank(BreakerState.HALF_OPEN);
    }

    private static boolean tellsAgainstIt(CallLesson lesson) {
        return lesson instanceof CallLesson.Failed failed && switch (failed.blame()) {
            case REQUEST, RATE -> false;
            case SERVICE, SERVICE_AT_ONCE, MODEL, CREDENTIAL -> true;
        };
    }

    private void failed(Permit permit, Blame blame, Optional<Duration> delay, long nowNanos) {
        Breaker service = permit.breakers.service;
        Breaker model = permit.breakers.model;
        long started = permit.reservation.startedNanos;
        long asked = delay.map(Duration::toNanos).orElse(0L);
        boolean atOnce = false;
        Breaker blamed = null;
        switch (blame) {
            case REQUEST -> service.answered(started, permit.serviceTrial, nowNanos);
            case RATE -> {
                if (permit.access.limits().throttled(permit.reservation, delay, nowNanos)) {
                    throttlings++;
                }
            }
            case SERVICE -> blamed = service;
            case SERVICE_AT_ONCE -> {
                blamed = service;
                atOnce = true;
            }
            case MODEL -> blamed = model;
            case CREDENTIAL -> blamed = permit.breakers.credential;
        }
        if (blamed != null) {
            boolean trial = blamed == service
                    ? permit.serviceTrial
                    : blamed == model ? permit.modelTrial : permit.credentialTrial;
            blamed.failed(permit.request, started, trial, atOnce, asked, nowNanos);
            if (asked > 0) {
                accesses().forEach(access -> access.limits().pause(asked, nowNanos));
            }
        }
        abandonOthers(permit, blamed);
    }

    private void abandon(Permit permit) {
        abandonOthers(permit, null);
    }

    /** Trials that the call's end did not decide. */
    private void abandonOthers(Permit permit, @Nullable Breaker decided) {
        if (permit.serviceTrial && decided != permit.breakers.service) {
            permit.breakers.service.trialAbandoned();
        }
        if (permit.modelTrial && decided != permit.breakers.model) {
            permit.breakers.model.trialAbandoned();
        }
        if (permit.credentialTrial && decided != permit.breakers.credential) {
            permit.breakers.credential.trialAbandoned();
        }
    }

    /** Whether its service is well for others: closed, with an answer within the last 10 s. */
    boolean servesOthers(long nowNanos) {
        long never = nowNanos - Long.MAX_VALUE / 2;
        return ownHealth(nowNanos) == BreakerState.CLOSED
                && nowNanos - breakers.service.lastAnswerNanos(never) < 10_000_000_000L;
    }
}
