package dev.signalbox.workers;

import dev.signalbox.config.Deployment;
import dev.signalbox.config.Route;
import dev.signalbox.schemas.avro.AttemptEvent;
import dev.signalbox.schemas.avro.AttemptId;
import dev.signalbox.schemas.avro.AttemptPhase;
import dev.signalbox.schemas.avro.AttemptSummary;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.avro.PromptTemplate;
import dev.signalbox.schemas.avro.RoutingCandidate;
import dev.signalbox.schemas.avro.RoutingDecision;
import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.reply.AttemptJournal;
import dev.signalbox.workers.reply.Pricing;
import dev.signalbox.workers.router.Candidate;
import dev.signalbox.workers.router.Explanation;
import dev.signalbox.workers.router.RouteDecision.Routed;
import dev.signalbox.workers.vendor.AttemptOutcome;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Tells control plane and metrics of each attempt, and prices it. */
final class AttemptRecorder {
    static final String ANSWERED = "ANSWERED";
    private static final long MILLIS_A_DAY = Duration.ofDays(1).toMillis();

    private final AttemptJournal journal;
    private final WorkerMetrics metrics;
    private final Supplier<Pricing> pricing;
    private final String environment;
    private final WorkerIdentity identity;
    private final LongSupplier brokerMillis;
    private final Spending spending;

    /** Is told what each call cost, if that is known. */
    interface Spending {
        void spent(LlmRequest request, BigDecimal cost, Duration length);
    }

    AttemptRecorder(AttemptJournal journal, WorkerMetrics metrics, Pricing pricing, String environment,
            WorkerIdentity identity, LongSupplier brokerMillis) {
        this(journal, metrics, () -> pricing, environment, identity, brokerMillis, (request, cost, length) -> {
        });
    }

    /** @param pricing the present price table's */
    AttemptRecorder(AttemptJournal journal, WorkerMetrics metrics, Supplier<Pricing> pricing, String environment,
            WorkerIdentity identity, LongSupplier brokerMillis, Spending spending) {
        this.journal = journal;
        this.metrics = metrics;
        this.pricing = pricing;
        this.environment = environment;
        this.identity = identity;
        this.brokerMillis = brokerMillis;
        this.spending = spending;
    }

    /** Asks for the turn to make a call which tries a deployment that was ejected. */
    void claimed(InboundRequest request, AttemptId attempt, boolean streamed, Candidate chosen) {
        journal.claim(event(request, attempt, chosen, streamed, AttemptPhase.CLAIMED));
    }

    /**
     * Tells of a call that is about to be made; waits until that is written, but not for long.
     *
     * @param afterCut how it takes over from a cut stream
     * @param lender the pool whose capacity it runs on, if that is not its own
     */
    void started(InboundRequest request, AttemptId attempt, boolean streamed, Routed routed, Candidate chosen,
            Optional<String> afterCut, Optional<String> lender) {
        metrics.attemptStarted(chosen.deployment());
        AttemptEvent event = event(request, attempt, chosen, streamed, AttemptPhase.STARTED);
        event.setLender(lender.orElse(null));
        event.setDecision(decision(routed, chosen, afterCut));
        journal.announce(event);
    }

    /** The prices that a call which begins now is paid by. */
    Pricing pricing() {
        return pricing.get();
    }

    /**
     * Returns the cost of the call; empty if it is unknown. A call that no vendor counted tokens for cost nothing.
     *
     * @param prices those of the call's beginning
     */
    Optional<BigDecimal> ended(InboundRequest request, AttemptId attempt, boolean streamed, Candidate chosen,
            AttemptOutcome outcome, int requestBytes, Pricing prices, Optional<String> lender) {
        Deployment deployment = chosen.deployment();
        Optional<BigDecimal> cost = cost(deployment, outcome, prices);
        metrics.attemptEnded(deployment, outcome, cost);
        cost.ifPresent(money -> spending.spent(request.request(), money, outcome.times().duration()));
        AttemptEvent event = event(request, attempt, chosen, streamed, AttemptPhase.ENDED);
        event.setLender(lender.orElse(null));
        event.setOutcome(label(outcome));
        event.setHttpStatus(httpStatus(outcome));
        event.setUsage(outcome.usage().orElse(null));
        event.setCost(cost.orElse(null));
        event.setPriceVersion(prices.version());
        event.setDurationMillis(outcome.times().duration().toMillis());
        event.setTimeToFirstTokenMillis(outcome.times().timeToFirstToken().map(Duration::toMillis).orElse(null));
        event.setRequestBytes((long) requestBytes);
        journal.append(event);
        return cost;
    }

    static AttemptSummary summary(AttemptId attempt, Deployment deployment, AttemptOutcome outcome,
            long startedAfterMillis, Optional<String> afterCut) {
        String message = switch (outcome) {
            case AttemptOutcome.Answered answered -> null;
            case AttemptOutcome.Failed failed -> failed.failure().message();
        };
        return new AttemptSummary(attempt, deployment.name().toString(), label(outcome), httpStatus(outcome), message,
                startedAfterMillis, outcome.times().duration().toMillis(),
                outcome.times().timeToFirstToken().map(Duration::toMillis).orElse(null), outcome.usage().orElse(null),
                afterCut.orElse(null));
    }

    static String label(AttemptOutcome outcome) {
        return switch (outcome) {
            case AttemptOutcome.Answered answered -> ANSWERED;
            case AttemptOutcome.Failed failed -> failed.failure().failureClass().name();
        };
    }

    private Optional<BigDecimal> cost(Deployment deployment, AttemptOutcome outcome, Pricing prices) {
        if (outcome.usage().isEmpty()) {
            return switch (outcome) {
                case AttemptOutcome.Answered answered -> Optional.empty();
                case AttemptOutcome.Failed failed -> Optional.of(BigDecimal.ZERO);
            };
        }
        LocalDate day = LocalDate.ofInstant(
                java.time.Instant.ofEpochMilli(Math.floorDiv(brokerMillis.getAsLong(), MILLIS_A_DAY) * MILLIS_A_DAY),
                ZoneOffset.UTC);
        return prices.cost(deployment.name(), outcome.usage().get(), day);
    }

    private static @Nullable Integer httpStatus(AttemptOutcome outcome) {
        return switch (outcome) {
            case AttemptOutcome.Answered answered -> 200;
            case AttemptOutcome.Failed failed ->
                failed.failure().httpStatus().isPresent() ? failed.failure().httpStatus().getAsInt() : null;
        };
    }

    private static RoutingDecision decision(Routed routed, Candidate chosen, Optional<String> afterCut) {
        List<RoutingCandidate> candidates = new ArrayList<>(routed.candidates().size());
        for (Candidate candidate : routed.candidates()) {
            candidates.add(new RoutingCandidate(candidate.deployment().name().toString(), candidate.score(),
                    candidate.why().orElse(null)));
        }
        String reason = Explanation.reason(routed, chosen);
        return new RoutingDecision(routed.strategy(),
                afterCut.map(told -> reason + "; after a cut stream it " + told).orElse(reason), candidates);
    }

    private AttemptEvent event(InboundRequest inbound, AttemptId attempt, Candidate chosen, boolean streamed,
            AttemptPhase phase) {
        Deployment deployment = chosen.deployment();
        LlmRequest request = inbound.request();
        AttemptEvent event = new AttemptEvent();
        event.setRequestId(request.getId());
        event.setAttempt(attempt);
        event.setPhase(phase);
        event.setDeployment(deployment.name().toString());
        event.setVendor(deployment.vendor().name());
        event.setRegion(deployment.region().orElse(null));
        event.setModel(deployment.name().model());
        event.setRequestedModel(request.getModel());
        event.setPool(inbound.lane().pool().value());
        event.setPriority(inbound.lane().priority().label());
        event.setUseCase(request.getUseCase());
        event.setTenant(request.getTenant());
        event.setDepartment(request.getDepartment());
        event.setEnvironment(environment);
        event.setWorker(identity.name());
        event.setStreamed(streamed);
        event.setPromptTemplate(template(request, chosen));
        event.setExperiment(request.getExperiment());
        return event;
    }

    /** A fallback model may have a variant of the prompt template; the caller's variables stay. */
    private static @Nullable PromptTemplate template(LlmRequest request, Candidate chosen) {
        PromptTemplate own = request.getPromptTemplate();
        return chosen.change().flatMap(Route.FallbackModel::prompt)
                .map(variant -> new PromptTemplate(variant.template(), variant.version(),
                        own == null ? null : own.getVariablesHash()))
                .orElse(own);
    }
}
