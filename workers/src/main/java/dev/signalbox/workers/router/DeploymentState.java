package dev.signalbox.workers.router;

import dev.signalbox.config.Deployment;
import dev.signalbox.config.Pool;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.workers.router.CallLesson.Blame;
import java.time.Duration;
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
    private static final Deployment.Limits NOTHING = new Deployment.Limits(OptionalInt.of(0), OptionalInt.of(0),
            OptionalInt.of(0), OptionalInt.of(0));

    private final Deployment deployment;
    private final Map<PoolName, PoolAccess> accesses = new HashMap<>();
    private final Breaker service = new Breaker(Breaker.Settings.SERVICE);
    private final Breaker model = new Breaker(Breaker.Settings.SETTING);
    private final Breaker credential;
    private final LatencyEstimate latency = new LatencyEstimate();
    private final RetryBudget retries = new RetryBudget();
    private final FleetHealth fleet = new FleetHealth();
    private @Nullable OperatorOrder order;
    private int running;

    /**
     * @param pools all of the configuration's; each that has a part of this deployment gets limits of its own, and where
     *        the deployment names none, all draw on the same ones
     * @param credential shared by all deployments with the same one
     */
    DeploymentState(Deployment deployment, List<Pool> pools, Breaker credential) {
        this.deployment = deployment;
        this.credential = credential;
        if (deployment.poolShares().isEmpty()) {
            PoolAccess common = new PoolAccess(this, deployment.limits());
            pools.forEach(pool -> accesses.put(pool.name(), common));
        } else {
            Map<PoolName, Deployment.Limits> parts = PoolParts.of(deployment.limits(), deployment.poolShares());
            pools.forEach(pool -> accesses.put(pool.name(),
                    new PoolAccess(this, parts.getOrDefault(pool.name(), NOTHING))));
        }
    }

    Deployment deployment() {
        return deployment;
    }

    /** The limits that hold for a pool's calls. */
    PoolAccess access(PoolName pool) {
        return Objects.requireNonNull(accesses.get(pool), "the reader has resolved every pool");
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
                                access(query.pool()).limits().outputTokensPerMinute()));
        return new CallNeed(Math.max(1, needs.inputTokens()), Math.max(1, output));
    }

    /** Each of its limits once. */
    Set<PoolAccess> accesses() {
        return new LinkedHashSet<>(accesses.values());
    }

    /** Calls that run, of all pools. */
    int running() {
        return running;
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

    /** The worst of this worker's breakers. */
    BreakerState ownHealth(long nowNanos) {
        BreakerState worst = service.state(nowNanos);
        worst = worse(worst, model.state(nowNanos));
        return worse(worst, credential.state(nowNanos));
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
        return Math.min(Math.min(service.share(nowNanos), fleet.view().share(nowNanos)),
                Math.min(model.share(nowNanos), credential.share(nowNanos)));
    }

    /** Whether, though not healthy, it may be tried by one call now. */
    boolean trialFree(long nowNanos) {
        return fleet.passes(nowNanos) && passes(service, nowNanos) && passes(model, nowNanos)
                && passes(credential, nowNanos);
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
        Breaker open = credential.state(nowNanos) == BreakerState.OPEN
                ? credential
                : model.state(nowNanos) == BreakerState.OPEN ? model : service;
        String what = open == credential ? "its credential" : open == model ? "its model" : "its service";
        if (open.state(nowNanos) != BreakerState.OPEN) {
            return "ejected: a trial call runs";
        }
        return "ejected: " + what + " failed; tried again in "
                + Math.max(1, Duration.ofNanos(open.openUntilNanos() - nowNanos).toSeconds()) + " s";
    }

    /** The permit for a call that the pool's {@link PoolAccess#check} admitted. */
    Permit grant(PoolAccess access, CallNeed need, long request, boolean retry, long nowNanos) {
        boolean serviceTrial = startTrial(service, nowNanos);
        boolean modelTrial = startTrial(model, nowNanos);
        boolean credentialTrial = startTrial(credential, nowNanos);
        boolean fleetTrial = fleet.startTrial(nowNanos);
        if (retry) {
            retries.retry(nowNanos);
        } else {
            retries.firstCall(nowNanos);
        }
        running++;
        return new Permit(access, access.limits().reserve(need, nowNanos), request, serviceTrial, modelTrial,
                credentialTrial, fleetTrial);
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
        running--;
        long started = permit.reservation.startedNanos;
        if (permit.fleetTrial) {
            fleet.trialEnded(tellsAgainstIt(lesson));
        }
        switch (lesson) {
            case CallLesson.Nothing nothing -> abandon(permit);
            case CallLesson.Answered(long tokens, long streamNanos) -> {
                limits.answered(permit.reservation);
                latency.answered(tokens, streamNanos, nowNanos);
                service.answered(started, permit.serviceTrial, nowNanos);
                model.answered(started, permit.modelTrial, nowNanos);
                credential.answered(started, permit.credentialTrial, nowNanos);
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
        long started = permit.reservation.startedNanos;
        long asked = delay.map(Duration::toNanos).orElse(0L);
        boolean atOnce = false;
        Breaker blamed = null;
        switch (blame) {
            case REQUEST -> service.answered(started, permit.serviceTrial, nowNanos);
            case RATE -> permit.access.limits().throttled(permit.reservation, delay, nowNanos);
            case SERVICE -> blamed = service;
            case SERVICE_AT_ONCE -> {
                blamed = service;
                atOnce = true;
            }
            case MODEL -> blamed = model;
            case CREDENTIAL -> blamed = credential;
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
        if (permit.serviceTrial && decided != service) {
            service.trialAbandoned();
        }
        if (permit.modelTrial && decided != model) {
            model.trialAbandoned();
        }
        if (permit.credentialTrial && decided != credential) {
            credential.trialAbandoned();
        }
    }

    /** Whether its service is well for others: closed, with an answer within the last 10 s. */
    boolean servesOthers(long nowNanos) {
        long never = nowNanos - Long.MAX_VALUE / 2;
        return ownHealth(nowNanos) == BreakerState.CLOSED
                && nowNanos - service.lastAnswerNanos(never) < 10_000_000_000L;
    }
}
