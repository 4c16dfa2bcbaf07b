package dev.signalbox.workers;

import dev.signalbox.config.DeploymentName;
import dev.signalbox.schemas.avro.RequestHistory;
import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.scheduler.RequestTask;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;

/** A request's path as {@link RequestFlow} has it, with a route's room in place of the permit desk. */
final class WaitingTask implements RequestTask {
    private final InboundRequest request;
    final WaitingRequest truth;
    private final BooleanSupplier cancelled;
    private final LongSupplier nowMillis;
    private final BooleanSupplier mustStandBack;
    /** 1-based number of the visit under way, as its records tell. */
    int visits;
    boolean granted;
    boolean standsBack;

    WaitingTask(InboundRequest request, WaitingRequest truth, BooleanSupplier cancelled, LongSupplier nowMillis,
            BooleanSupplier mustStandBack) {
        this.request = request;
        this.truth = truth;
        this.cancelled = cancelled;
        this.nowMillis = nowMillis;
        this.mustStandBack = mustStandBack;
        this.visits = Histories.of(request).map(RequestHistory::getVisits).orElse(0) + 1;
    }

    @Override
    public InboundRequest request() {
        return request;
    }

    @Override
    public String route() {
        return truth.route.name;
    }

    @Override
    public Set<DeploymentName> deployments() {
        return cancelled.getAsBoolean() ? Set.of() : Set.of(truth.route.deployment);
    }

    @Override
    public Readiness ask() {
        granted = false;
        standsBack = false;
        if (cancelled.getAsBoolean() || request.expiresAtMillis() <= nowMillis.getAsLong()) {
            return Readiness.READY;
        }
        standsBack = visits > 1 && mustStandBack.getAsBoolean();
        if (standsBack) {
            return Readiness.READY;
        }
        if (!truth.route.hasRoom()) {
            return new Readiness.Busy(Set.of(truth.route.deployment), Long.MAX_VALUE);
        }
        granted = true;
        truth.route.running++;
        truth.route.observe(nowMillis.getAsLong());
        return Readiness.READY;
    }

    @Override
    public Optional<byte[]> history() {
        return visits > 1
                ? Optional.of(Histories.encode(new RequestHistory(visits - 1, List.of(), null, "STRATEGY", false,
                        List.of(), 0)))
                : Optional.empty();
    }

    @Override
    public Step run() {
        throw new AssertionError("the simulation runs it");
    }
}
