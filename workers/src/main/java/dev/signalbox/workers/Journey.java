package dev.signalbox.workers;

import dev.signalbox.config.DeploymentName;
import dev.signalbox.schemas.avro.AttemptSummary;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.schemas.avro.RequestHistory;
import dev.signalbox.schemas.avro.TokenUsage;
import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.router.RouteDecision.Rule;
import dev.signalbox.workers.router.RoutingQuery;
import dev.signalbox.workers.vendor.AttemptFailure;
import dev.signalbox.workers.telemetry.RequestTrace;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What a request's attempts have come to so far, over all its visits. */
final class Journey {
    /** Deployments at which a request that others' success tells against may be tried; it never tours them all. */
    private static final int SUSPECT_DEPLOYMENTS = 2;

    private final InboundRequest request;
    private final UnderWay underWay;
    private RoutingQuery query;
    private byte @Nullable [] body;
    private long startedNanos;
    private @Nullable RequestTrace trace;
    private final List<AttemptSummary> attempts = new ArrayList<>(Visit.MAX_ATTEMPTS);
    private final TakeOver takeOver = new TakeOver();
    private final Set<DeploymentName> failedWhereOthersAreServed = new HashSet<>(2);
    private @Nullable BigDecimal cost = BigDecimal.ZERO;
    private @Nullable AttemptFailure last;
    /** By which rule the next visit begins: once a request is too long or was filtered, it stays so. */
    private Rule rule = Rule.STRATEGY;
    private boolean ruleStays;
    private Standing standing = new Standing(rule);
    private int visits = 1;
    private int probes;
    private int loansEnded;

    Journey(InboundRequest request, UnderWay underWay, RoutingQuery query) {
        this.request = request;
        this.underWay = underWay;
        this.query = query;
        Histories.of(request).ifPresent(this::goOn);
    }

    /** What it has been through before it was published again. */
    private void goOn(RequestHistory before) {
        visits = before.getVisits() + 1;
        probes = before.getProbes();
        attempts.addAll(before.getAttempts());
        cost = before.getCost() == null ? null : new BigDecimal(before.getCost());
        before.getFailedWhereOthersAreServed().stream().map(DeploymentName::parse).forEach(
                failedWhereOthersAreServed::add);
        rule = Rule.valueOf(before.getRule());
        ruleStays = before.getRuleStays();
        standing = new Standing(rule);
    }

    /** What it has been through between two visits. */
    RequestHistory history() {
        return new RequestHistory(visits - 1, attempts(), cost == null ? null : cost.toPlainString(), rule.name(),
                ruleStays,
                failedWhereOthersAreServed.stream().map(DeploymentName::toString).sorted().toList(),
                probes);
    }

    /** The same if it has been called and waits for a visit. */
    Optional<RequestHistory> historyBetweenVisits() {
        return isBetweenVisits() ? Optional.of(history()) : Optional.empty();
    }

    /** Whether it has been called and waits for a visit. */
    boolean isBetweenVisits() {
        return pauses() > 0 && standing.number == 1 && standing.tried.isEmpty();
    }

    /** Where its visit stands between two attempts. */
    static final class Standing {
        final Set<DeploymentName> tried = new HashSet<>(4);
        Rule rule;
        Optional<DeploymentName> stay = Optional.empty();
        /** 1-based number of the visit's next attempt. */
        int number = 1;
        int callsHere;
        boolean pauseFirst;
        /** The last attempt was refused for the text that it was to go on from: the same again without. */
        boolean textRefused;
        /** The last attempt failed after its caller had seen some of it. */
        boolean midStream;

        Standing(Rule rule) {
            this.rule = rule;
        }
    }

    InboundRequest request() {
        return request;
    }

    /** What its caller wants of it by now. */
    UnderWay underWay() {
        return underWay;
    }

    Standing standing() {
        return standing;
    }

    /** 1-based number of the visit under way. */
    int visits() {
        return visits;
    }

    /** The visit under way is over, and one less is left. */
    void visitSpent() {
        visits++;
    }

    /** Its call tried, for all, a deployment that was ejected, and failed. */
    void probed() {
        probes++;
    }

    /** How often it did. */
    int probes() {
        return probes;
    }

    /** 1-based number of the pause that comes now. */
    int pauses() {
        return visits - 1 + probes;
    }

    /** Its next visit begins. */
    void visitAgain() {
        standing = new Standing(rule);
    }

    /** A call was cut since its capacity's owner wants that back: its visit stands where it began. */
    void loanEnded() {
        loansEnded++;
        standing = new Standing(standing.rule);
    }

    /** Calls that were cut so. */
    int loansEnded() {
        return loansEnded;
    }

    RoutingQuery query() {
        return query;
    }

    /** What its next visit asks for, by another configuration. */
    void query(RoutingQuery newer) {
        query = newer;
    }

    /** Made when it is first asked for: who only waits needs none of its own. */
    byte[] body() {
        byte[] made = body;
        if (made == null) {
            made = bytes(request.request().getBody());
            body = made;
        }
        return made;
    }

    Rule rule() {
        return rule;
    }

    /** Something about the request itself makes it go by that rule from now on. */
    void keepTo(Rule newRule) {
        rule = newRule;
        ruleStays = true;
    }

    /** After a failure by that rule, the next visit tries the other of the two: strategy, or fallback models if it may. */
    void nextVisitAfter(Rule failed, boolean mayChangeModel) {
        if (!ruleStays) {
            rule = failed == Rule.STRATEGY && mayChangeModel ? Rule.FALLBACK_MODELS : Rule.STRATEGY;
        }
    }

    /** How the next attempt takes over from one that was cut. */
    TakeOver takeOver() {
        return takeOver;
    }

    /** Its first turn has come. */
    void started(long nowNanos, @Nullable RequestTrace recorded) {
        startedNanos = nowNanos;
        trace = recorded;
    }

    /** Null: it is not recorded. */
    @Nullable
    RequestTrace trace() {
        return trace;
    }

    /** When its first turn came, monotonic ns. */
    long startedNanos() {
        return startedNanos;
    }

    /** 1-based number of the next attempt. */
    int nextNumber() {
        return attempts.size() + 1;
    }

    void add(AttemptSummary attempt, Optional<BigDecimal> attemptCost) {
        attempts.add(attempt);
        cost = cost == null || attemptCost.isEmpty() ? null : cost.add(attemptCost.get());
    }

    void failed(AttemptFailure failure) {
        last = failure;
    }

    /** A service failed it that serves others. */
    void failedWhereOthersAreServed(DeploymentName deployment) {
        failedWhereOthersAreServed.add(deployment);
    }

    /** Whether the request itself seems to be what breaks services: it failed at several that serve others. */
    boolean isSuspect() {
        return failedWhereOthersAreServed.size() >= SUSPECT_DEPLOYMENTS;
    }

    /** The only deployments that a suspect request may call again; empty: any. */
    Set<DeploymentName> confined() {
        return isSuspect() ? Set.copyOf(failedWhereOthersAreServed) : Set.of();
    }

    Optional<AttemptFailure> lastFailure() {
        return Optional.ofNullable(last);
    }

    List<AttemptSummary> attempts() {
        return List.copyOf(attempts);
    }

    /** Input and output tokens of all its attempts, as far as they are known. */
    long usedTokens() {
        long tokens = 0;
        for (AttemptSummary attempt : attempts) {
            TokenUsage usage = attempt.getUsage();
            if (usage != null) {
                tokens += known(usage.getInputTokens()) + known(usage.getOutputTokens());
            }
        }
        return tokens;
    }

    private static long known(@Nullable Long count) {
        return count == null ? 0 : count;
    }

    Optional<BigDecimal> cost() {
        return Optional.ofNullable(cost);
    }

    Ending failedFor(AttemptFailure failure, boolean retryable, Optional<byte[]> partialBody) {
        return new Ending.Unanswered(ReplyStatus.FAILED, failure.failureClass().name(), failure.message(), retryable,
                partialBody, attempts(), cost());
    }

    Ending failedWithout(String code, String message, boolean retryable) {
        return new Ending.Unanswered(ReplyStatus.FAILED, code, message, retryable, Optional.empty(), attempts(),
                cost());
    }

    /** Cancelled by its caller. */
    Ending cancelled() {
        return new Ending.Unanswered(ReplyStatus.CANCELLED, "CANCELLED", "the request was cancelled " + when(), false,
                Optional.empty(), attempts(), cost());
    }

    Ending expired() {
        return new Ending.Unanswered(ReplyStatus.EXPIRED, "EXPIRED", "the request's time to live ended " + when(), true,
                Optional.empty(), attempts(), cost());
    }

    private String when() {
        return attempts.isEmpty()
                ? "before a vendor was called"
                : "after " + attempts.size() + " vendor calls"
                        + lastFailure().map(failure -> "; the last one failed: " + failure.failureClass()).orElse("");
    }

    Ending abandoned() {
        return new Ending.Abandoned(attempts(), cost());
    }

    private static byte[] bytes(ByteBuffer buffer) {
        if (buffer.hasArray() && buffer.arrayOffset() == 0 && buffer.position() == 0
                && buffer.remaining() == buffer.array().length) {
            return buffer.array();
        }
        byte[] bytes = new byte[buffer.remaining()];
        buffer.duplicate().get(bytes);
        return bytes;
    }
}
