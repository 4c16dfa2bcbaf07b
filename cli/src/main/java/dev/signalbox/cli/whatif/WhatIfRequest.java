package dev.signalbox.cli.whatif;

import dev.signalbox.config.DeploymentName;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.workers.RetryPause;
import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.intake.ReplyAddress;
import dev.signalbox.workers.intake.Ticket;
import dev.signalbox.workers.router.CallAsk;
import dev.signalbox.workers.router.CallLesson;
import dev.signalbox.workers.router.CallUse;
import dev.signalbox.workers.router.Candidate;
import dev.signalbox.workers.router.Permit;
import dev.signalbox.workers.router.PermitDesk.Answer;
import dev.signalbox.workers.router.RouteDecision.Routed;
import dev.signalbox.workers.router.RouteDecision.Rule;
import dev.signalbox.workers.router.RouteReach.Reach;
import dev.signalbox.workers.router.RoutingQuery;
import dev.signalbox.workers.router.TimeSpent;
import dev.signalbox.workers.scheduler.Dispatch;
import dev.signalbox.workers.scheduler.RequestTask;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.LocalDate;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * A request's way through a worker, in short: three calls a visit, over what the router offers, then fallback models; visits
 * with growing pauses, ten at most; nothing after its time is up.
 */
final class WhatIfRequest implements RequestTask {
    private static final int MOST_ATTEMPTS = 3;
    private static final int MOST_VISITS = 10;
    private static final int BYTES_PER_TOKEN = 4;
    private static final int MOST_BODY_BYTES = 4 << 20;
    /** All bodies are parts of it: their lengths count, nothing else. */
    private static final byte[] BODY = new byte[MOST_BODY_BYTES];
    /** That there is one lets a request be moved to another topic; nobody reads it. */
    private static final ConsumerRecord<byte[], byte[]> SOURCE = new ConsumerRecord<>("", 0, 0, null, null);

    private final LoadRequest load;
    private final long number;
    private final WhatIfWorker worker;
    private final Run run;
    private final InboundRequest request;
    private final RoutingQuery query;
    private final Reach reach;
    private final Set<DeploymentName> tried = new HashSet<>();
    private Rule rule = Rule.STRATEGY;
    private int attempt = 1;
    private int visit = 1;
    private long usedTokens;
    private @Nullable Answer asked;
    private boolean dispatched;

    /** What all requests of a run share. */
    record Run(VirtualTime time, Vendors vendors, Observations seen, SplittableRandom random, LocalDate day) {
    }

    static String id(long number) {
        return "r" + number;
    }

    /**
     * @param number unique in the run
     * @param partition of its lane's topic
     */
    WhatIfRequest(LoadRequest load, long number, int partition, WhatIfWorker worker, Run run) {
        this.load = load;
        this.number = number;
        this.worker = worker;
        this.run = run;
        LlmRequest record = LlmRequest.newBuilder().setId(id(number)).setModel(load.model())
                .setUseCase(load.useCase()).setTenant(load.tenant())
                .setBody(ByteBuffer.wrap(BODY, 0,
                        (int) Math.min(MOST_BODY_BYTES, (long) load.inputTokens() * BYTES_PER_TOKEN)).slice())
                .build();
        long arrived = run.time.millis();
        this.request = new InboundRequest(load.lane(),
                new Ticket(new TopicPartition(load.lane().requestTopic(), partition), 1, number), record, "", 0,
                arrived,
                arrived + load.timeToLive().toMillis(), new ReplyAddress(Topics.REPLIES, OptionalInt.empty(),
                        Topics.TOKENS, ReplyAddress.Form.AVRO, List.of(), List.of()),
                record.getBody().remaining(), SOURCE);
        this.query = new RoutingQuery(load.lane().pool(), load.lane().priority(), load.model(), load.useCase(),
                List.of(), new RoutingQuery.Needs(false, false, false, load.inputTokens(), OptionalInt.empty(),
                        Map.of()),
                run.day, run.random.nextLong());
        this.reach = worker.reach().of(query);
    }

    long number() {
        return number;
    }

    @Override
    public InboundRequest request() {
        return request;
    }

    @Override
    public String route() {
        return reach.route();
    }

    @Override
    public Set<DeploymentName> deployments() {
        return rule == Rule.STRATEGY ? reach.deployments() : Set.of();
    }

    @Override
    public OptionalLong usedTokens() {
        return OptionalLong.of(usedTokens);
    }

    private boolean isExpired() {
        return run.time.millis() >= request.expiresAtMillis();
    }

    @Override
    public Readiness ask() {
        asked = null;
        if (isExpired()) {
            return Readiness.READY;
        }
        CallAsk ask = attempt == 1
                ? new CallAsk(rule, Set.of(), Set.of(), Optional.empty(), false)
                : new CallAsk(rule, Set.copyOf(tried), Set.of(), Optional.empty(), true);
        TimeSpent spent = new TimeSpent(run.time.millis() - request.firstEnqueuedMillis(),
                request.expiresAtMillis() - request.firstEnqueuedMillis());
        Answer answer = worker.desk().ask(query, ask.at(spent), null, run.time.nanos());
        if (answer instanceof Answer.Busy(Routed routed, long untilNanos, boolean heldBack)) {
            OptionalLong spared = routed.sparedUntilNanos();
            return new Readiness.Busy(
                    routed.candidates().stream().filter(routed::isAwaited).map(each -> each.deployment().name())
                            .collect(Collectors.toUnmodifiableSet()),
                    untilNanos == Long.MAX_VALUE ? Long.MAX_VALUE : untilNanos - run.time.nanos(), heldBack,
                    spared.isPresent() ? spared.getAsLong() - run.time.nanos() : Long.MAX_VALUE);
        }
        asked = answer;
        return Readiness.READY;
    }

    @Override
    public Step run() {
        throw new IllegalStateException("on a virtual clock nothing blocks");
    }

    /** It has its slot, and what it asked for. */
    void go(Dispatch dispatch) {
        switch (asked) {
            case null -> end(dispatch, ReplyStatus.EXPIRED);
            case Answer.Granted granted -> call(dispatch, granted);
            case Answer.OutOfBudget out -> goBack(dispatch);
            case Answer.Nowhere nowhere -> end(dispatch, ReplyStatus.FAILED);
            case Answer.Busy busy -> throw new IllegalStateException("a request that was refused has no turn");
        }
    }

    private void call(Dispatch dispatch, Answer.Granted granted) {
        VirtualTime time = run.time;
        Permit permit = granted.permit();
        if (!dispatched) {
            dispatched = true;
            run.seen.dispatched(load, time.nanos());
        }
        worker.desk().sent(permit, time.nanos());
        run.seen.callBegins(permit.deployment().name());
        long left = request.expiresAtMillis() * 1_000_000 - time.nanos();
        switch (run.vendors.call(permit.deployment(), load.outputTokens(), time.sinceBegin())) {
            case Vendors.Fate.Answered(long first, long end) when end <= left -> {
                time.in(first, () -> {
                    worker.desk().responded(permit, Optional.empty(), time.nanos());
                    worker.desk().firstToken(permit, first, time.nanos());
                });
                time.in(end, () -> answered(dispatch, granted, first, end));
            }
            case Vendors.Fate.Failed(long end, CallLesson.Blame blame, boolean hungUp) when end <= left ->
                time.in(end, () -> failed(dispatch, granted, blame, hungUp));
            case Vendors.Fate.Answered late -> time.in(left, () -> outOfTime(dispatch, permit));
            case Vendors.Fate.Failed late -> time.in(left, () -> outOfTime(dispatch, permit));
        }
    }

    private void answered(Dispatch dispatch, Answer.Granted granted, long firstNanos, long endNanos) {
        usedTokens += load.inputTokens() + (long) load.outputTokens();
        long began = run.time.nanos() - endNanos;
        run.seen.answered(load, granted.permit().deployment().name(), began + firstNanos, run.time.nanos());
        close(granted.permit(), new CallUse(CallUse.End.BY_VENDOR, OptionalLong.of(load.inputTokens()),
                OptionalLong.of(load.outputTokens())),
                new CallLesson.Answered(load.outputTokens(), endNanos - firstNanos));
        end(dispatch, ReplyStatus.COMPLETED);
    }

    private void outOfTime(Dispatch dispatch, Permit permit) {
        close(permit, new CallUse(CallUse.End.BY_US, OptionalLong.empty(), OptionalLong.empty()), CallLesson.NOTHING);
        end(dispatch, ReplyStatus.EXPIRED);
    }

    private void failed(Dispatch dispatch, Answer.Granted granted, CallLesson.Blame blame, boolean hungUp) {
        run.seen.callFailed(granted.permit().deployment().name());
        close(granted.permit(),
                new CallUse(hungUp ? CallUse.End.BY_US : CallUse.End.BY_VENDOR, OptionalLong.of(load.inputTokens()),
                        OptionalLong.of(0)),
                new CallLesson.Failed(blame, Optional.empty()));
        next(dispatch, granted);
    }

    private void close(Permit permit, CallUse use, CallLesson lesson) {
        run.seen.callEnds(permit.deployment().name());
        worker.desk().ended(permit, use, lesson, run.time.nanos());
        worker.freed(permit.deployment().name());
    }

    /** After a failed call: another deployment, then another model, then the same one once more, as long as the visit lasts. */
    private void next(Dispatch dispatch, Answer.Granted granted) {
        tried.add(granted.permit().deployment().name());
        if (attempt == MOST_ATTEMPTS) {
            goBack(dispatch);
            return;
        }
        attempt++;
        Routed routed = granted.routed();
        boolean othersLeft = routed.candidates().stream().filter(routed::usable).map(Candidate::deployment)
                .anyMatch(deployment -> !tried.contains(deployment.name()));
        if (!othersLeft && routed.rule() == Rule.STRATEGY && !routed.route().fallbackModels().isEmpty()) {
            rule = Rule.FALLBACK_MODELS;
            othersLeft = true;
        }
        worker.again(dispatch, othersLeft
                ? Duration.ZERO
                : RetryPause.length(attempt - 1, RetryPause.FIRST, RetryPause.LONGEST, Optional.empty(), run.random));
    }

    private void goBack(Dispatch dispatch) {
        if (visit == MOST_VISITS) {
            end(dispatch, ReplyStatus.FAILED);
            return;
        }
        Duration pause = RetryPause.lengthBetweenVisits(visit++, Optional.empty(),
                Math.max(0, request.expiresAtMillis() - run.time.millis()), run.random);
        attempt = 1;
        tried.clear();
        rule = Rule.STRATEGY;
        worker.comesAgain(dispatch, pause);
    }

    private void end(Dispatch dispatch, ReplyStatus status) {
        if (!dispatched) {
            run.seen.uncalled(load, run.time.nanos());
        }
        run.seen.ended(load, status);
        worker.ended(dispatch);
    }

    void shed() {
        if (!dispatched) {
            run.seen.uncalled(load, run.time.nanos());
        }
        run.seen.ended(load, ReplyStatus.SHED);
    }
}
