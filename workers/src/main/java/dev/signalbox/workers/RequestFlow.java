package dev.signalbox.workers;

import dev.signalbox.config.DeploymentName;
import dev.signalbox.schemas.avro.ClaimReference;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.schemas.avro.RequestHistory;
import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.router.CallAsk;
import dev.signalbox.workers.router.PermitDesk.Answer;
import dev.signalbox.workers.router.RouteDecision.Routed;
import dev.signalbox.workers.router.RouteDecision.Rule;
import dev.signalbox.workers.router.RouteReach.Reach;
import dev.signalbox.workers.router.RoutingQuery;
import dev.signalbox.workers.router.TimeSpent;
import dev.signalbox.workers.scheduler.RequestTask;
import dev.signalbox.workers.scheduler.ShedReceipt;
import dev.signalbox.workers.telemetry.RequestTrace;
import dev.signalbox.workers.telemetry.Telemetry;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The path of one request, left to right:
 *
 * <pre>intake ▶ {@link #begin} ▶ scheduler ▶ [ {@link Bodiless#run}: body ] ▶ [ {@link Path#ask}: route and permit ] ▶ [ {@link Path#run}: call ▶ publish ] ▶ the offset is done</pre>
 *
 * A step that ends without an answer goes back to the scheduler, which gives it its next turn: after a failed attempt, at
 * once or after a pause; after a visit, after a longer one. While a request waits it is this object in a queue; it has a
 * virtual thread, and a slot of its pool, for as long as a call or its reply is under way.
 */
final class RequestFlow {
    private static final Logger LOG = LoggerFactory.getLogger(RequestFlow.class);
    static final int MAX_VISITS = 10;
    private static final int MAX_SUSPECT_VISITS = 3;

    private final Supplier<RoutePlan> plans;
    private final ClaimedBodies bodies;
    private final Permits permits;
    private final Visit visit;
    private final RetryPause pause;
    private final ReplyWriter writer;
    private final WorkerMetrics metrics;
    private final BiConsumer<InboundRequest, LlmReply> replies;
    private final LongSupplier brokerMillis;
    private final LongSupplier nanos;
    private final Telemetry telemetry;
    private final Function<InboundRequest, UnderWay> underWay;
    private final Later later;

    /** Who takes over requests that are to be tried again after a longer pause. */
    @FunctionalInterface
    interface Later {
        /**
         * Whether it takes the request over; if so it is done here once it is known elsewhere, and offered anew if it cannot be.
         *
         * @param history what it has been through
         */
        boolean takes(InboundRequest request, String route, Duration pause, Supplier<RequestHistory> history);

        /** Whether one that was tried must go there before it is tried again, since older ones of its tenant wait there. */
        default boolean standsBack(InboundRequest request, String route) {
            return false;
        }
    }

    /**
     * @param plans the present one
     * @param replies publishes the terminal reply; the request's offset is done once it is acknowledged
     * @param brokerMillis the fleet's clock
     * @param nanos a monotonic clock
     * @param underWay what is heard of a request while it is under way
     * @param later asked after a visit that is not the last
     */
    RequestFlow(Supplier<RoutePlan> plans, ClaimedBodies bodies, Permits permits, Visit visit, RetryPause pause,
            ReplyWriter writer, WorkerMetrics metrics, BiConsumer<InboundRequest, LlmReply> replies,
            LongSupplier brokerMillis, LongSupplier nanos, Telemetry telemetry,
            Function<InboundRequest, UnderWay> underWay, Later later) {
        this.plans = plans;
        this.bodies = bodies;
        this.permits = permits;
        this.visit = visit;
        this.pause = pause;
        this.writer = writer;
        this.replies = replies;
        this.metrics = metrics;
        this.brokerMillis = brokerMillis;
        this.nanos = nanos;
        this.telemetry = telemetry;
        this.underWay = underWay;
        this.later = later;
    }

    /** What can be told of a request before its turn comes. */
    RequestTask begin(InboundRequest request) {
        try {
            ClaimReference claim = request.request().getBodyClaim();
            RoutePlan plan = plans.get();
            return claim == null
                    ? path(request, request, underWay.apply(request), plan)
                    : new Bodiless(bodies.of(request, claim), plan.reach().of(plan.queries().query(request)));
        } catch (RuntimeException defect) {
            return new Broken(request, defect);
        }
    }

    private Path path(InboundRequest request, InboundRequest whole, UnderWay present, RoutePlan plan) {
        RoutingQuery query = plan.queries().query(whole);
        return new Path(request, new Journey(whole, present, query), plan, plan.reach().of(query));
    }

    /** A request whose body is in a store: fetched once its turn has come, and held until its path ends. */
    private final class Bodiless implements RequestTask {
        private final ClaimedBodies.Body body;
        private final Reach reached;
        private final UnderWay present;
        private @Nullable Path path;
        private long beganMillis = -1;
        private long beganNanos;

        Bodiless(ClaimedBodies.Body body, Reach reached) {
            this.body = body;
            this.reached = reached;
            this.present = underWay.apply(body.request());
        }

        @Override
        public InboundRequest request() {
            return body.request();
        }

        @Override
        public String route() {
            return reached.route();
        }

        /** While its route is shut, it does not even fetch. */
        @Override
        public Set<DeploymentName> deployments() {
            if (path != null) {
                return path.deployments();
            }
            return present.isCancelled() ? Set.of() : reached.deployments();
        }

        @Override
        public OptionalLong usedTokens() {
            return path == null ? OptionalLong.of(0) : path.usedTokens();
        }

        @Override
        public Readiness ask() {
            return path == null ? Readiness.READY : path.ask();
        }

        @Override
        public Step run() {
            Step step = Step.ENDED;
            try {
                step = path == null ? fetch() : path.run();
                return step;
            } finally {
                if (step instanceof Step.Ended) {
                    body.release();
                }
            }
        }

        private Step fetch() {
            if (beganMillis < 0) {
                beganMillis = brokerMillis.getAsLong();
                beganNanos = nanos.getAsLong();
            }
            if (present.isCancelled()) {
                return RequestFlow.this.end(request(), Ending.Unanswered.withoutCall(ReplyStatus.CANCELLED, "CANCELLED",
                        "the request was cancelled before a vendor was called", false), beganMillis, beganNanos);
            }
            try {
                return switch (body.fetch()) {
                    case ClaimedBodies.Fetch.Whole(InboundRequest whole) -> {
                        path = path(request(), whole, present, plans.get());
                        yield new Step.Again(Duration.ZERO);
                    }
                    case ClaimedBodies.Fetch.Later(Duration length) -> new Step.Again(length);
                    case ClaimedBodies.Fetch.Ended(Ending ending) ->
                        RequestFlow.this.end(request(), ending, beganMillis, beganNanos);
                };
            } catch (RuntimeException | Error thrown) {
                LOG.error("request {} met a defect and is answered FAILED", request().id(), thrown);
                return RequestFlow.this.end(request(), defect(), beganMillis, beganNanos);
            }
        }

        @Override
        public void forgotten() {
            body.release();
        }
    }

    /** A request's way from its first turn to its reply; one thread at a time, handed over by the scheduler's lock. */
    private final class Path implements RequestTask {
        private final InboundRequest request;
        private final Journey journey;
        private final String route;
        private RoutePlan plan;
        private Reach reached;
        private Visit.@Nullable Asked asked;
        private @Nullable RuntimeException defect;
        private boolean standsBack;
        private long dispatchedMillis = -1;

        /** @param request to be answered; what is journeyed with has its body */
        Path(InboundRequest request, Journey journey, RoutePlan plan, Reach reached) {
            this.request = request;
            this.journey = journey;
            this.plan = plan;
            this.route = reached.route();
            this.reached = reached;
        }

        @Override
        public InboundRequest request() {
            return request;
        }

        /** Of its beginning: who counts the waiting by route counts it out again by the same name. */
        @Override
        public String route() {
            return route;
        }

        /**
         * By another rule than the route's strategy it goes to other deployments, which it learns when it asks; once it is
         * cancelled it needs none.
         */
        @Override
        public Set<DeploymentName> deployments() {
            return !journey.underWay().isCancelled() && journey.standing().rule == Rule.STRATEGY
                    ? reached.deployments()
                    : Set.of();
        }

        @Override
        public Optional<byte[]> history() {
            return journey.historyBetweenVisits().map(Histories::encode);
        }

        @Override
        public OptionalLong usedTokens() {
            return OptionalLong.of(journey.usedTokens());
        }

        @Override
        public Readiness ask() {
            try {
                if (journey.underWay().isCancelled()) {
                    asked = new Visit.Asked.Cancelled();
                    return Readiness.READY;
                }
                if (visit.leftMillis(journey.request()) <= 0) {
                    asked = new Visit.Asked.TimeUp();
                    return Readiness.READY;
                }
                standsBack = journey.isBetweenVisits() && later.standsBack(request, route);
                if (standsBack) {
                    return Readiness.READY;
                }
                Answer answer = answer(plans.get());
                if (answer instanceof Answer.Busy(Routed routed, long untilNanos, boolean heldBack)) {
                    long now = nanos.getAsLong();
                    OptionalLong spared = routed.sparedUntilNanos();
                    return new Readiness.Busy(busy(routed),
                            untilNanos == Long.MAX_VALUE ? Long.MAX_VALUE : untilNanos - now, heldBack,
                            spared.isPresent() ? spared.getAsLong() - now : Long.MAX_VALUE);
                }
                asked = new Visit.Asked.Answered(answer);
            } catch (RuntimeException thrown) {
                defect = thrown;
            }
            return Readiness.READY;
        }

        /** A visit goes by the configuration that it began with, for as long as that can serve it. */
        private Answer answer(RoutePlan now) {
            if (now.generation() != plan.generation() && journey.standing().number == 1) {
                goBy(now);
            }
            CallAsk call = Visit.ask(journey).at(timeSpent());
            Answer answer = permits.ask(plan.router(), journey.query(), call);
            if (now.generation() != plan.generation() && answer instanceof Answer.Nowhere) {
                goBy(now);
                answer = permits.ask(plan.router(), journey.query(), call);
            }
            return answer;
        }

        private TimeSpent timeSpent() {
            return new TimeSpent(brokerMillis.getAsLong() - request.firstEnqueuedMillis(),
                    request.expiresAtMillis() - request.firstEnqueuedMillis());
        }

        private void goBy(RoutePlan now) {
            plan = now;
            journey.query(now.queries().query(journey.request()));
            reached = now.reach().of(journey.query());
        }

        private static Set<DeploymentName> busy(Routed routed) {
            return routed.candidates().stream().filter(routed::isAwaited)
                    .map(candidate -> candidate.deployment().name()).collect(Collectors.toUnmodifiableSet());
        }

        @Override
        public Step run() {
            if (dispatchedMillis < 0) {
                dispatchedMillis = brokerMillis.getAsLong();
                journey.started(nanos.getAsLong(), telemetry.begin(request));
            }
            try {
                if (standsBack && defect == null) {
                    return goesOnThere(Duration.ZERO) ? Step.ENDED : new Step.Again(Duration.ZERO);
                }
                return step();
            } catch (RuntimeException | Error thrown) {
                LOG.error("request {} met a defect and is answered FAILED", request().id(), thrown);
                return end(defect());
            }
        }

        private Step step() {
            if (asked == null || defect != null) {
                throw new IllegalStateException("it could not be asked what it needs", defect);
            }
            return switch (visit.run(journey, asked, plan.router())) {
                case Visit.Result.Ended(Ending ending) -> end(ending);
                case Visit.Result.Again(Duration length) -> new Step.Again(length);
                case Visit.Result.GoBack(Optional<Duration> retryAfter) -> goBack(retryAfter);
                case Visit.Result.Probed(Optional<Duration> retryAfter) -> {
                    journey.probed();
                    yield later(retryAfter);
                }
            };
        }

        /**
         * Visit after visit, each after a longer pause with full jitter, until one ends for good, the request's time is
         * up, or {@value #MAX_VISITS} are spent.
         */
        private Step goBack(Optional<Duration> retryAfter) {
            int most = journey.isSuspect() ? MAX_SUSPECT_VISITS : MAX_VISITS;
            if (journey.visits() >= most) {
                return end(Thread.currentThread().isInterrupted() ? journey.abandoned() : givenUp(journey));
            }
            journey.visitSpent();
            return later(retryAfter);
        }

        private Step later(Optional<Duration> retryAfter) {
            Optional<Duration> length = pause.betweenVisits(journey.pauses(), retryAfter, visit.leftMillis(request()));
            if (length.isEmpty()) {
                return end(Thread.currentThread().isInterrupted() ? journey.abandoned() : givenUp(journey));
            }
            if (goesOnThere(length.get())) {
                return Step.ENDED;
            }
            journey.visitAgain();
            return new Step.Again(length.get());
        }

        private boolean goesOnThere(Duration pause) {
            boolean goes = later.takes(request(), route(), pause, journey::history);
            if (goes && journey.trace() != null) {
                journey.trace().postponed();
            }
            return goes;
        }

        private Step end(Ending ending) {
            return RequestFlow.this.end(request(), ending, dispatchedMillis, journey.startedNanos(), journey.trace());
        }
    }

    /** A request that a defect of ours keeps from beginning: answered, since it would hold its partition's commits. */
    private final class Broken implements RequestTask {
        private final InboundRequest request;
        private final RuntimeException defect;

        Broken(InboundRequest request, RuntimeException defect) {
            this.request = request;
            this.defect = defect;
        }

        @Override
        public InboundRequest request() {
            return request;
        }

        @Override
        public String route() {
            return "none";
        }

        @Override
        public Set<DeploymentName> deployments() {
            return Set.of();
        }

        @Override
        public Readiness ask() {
            return Readiness.READY;
        }

        @Override
        public Step run() {
            LOG.error("request {} met a defect and is answered FAILED", request.id(), defect);
            return end(request, defect(), brokerMillis.getAsLong(), nanos.getAsLong());
        }
    }

    private static Ending givenUp(Journey journey) {
        return journey.lastFailure()
                .map(failure -> journey.failedFor(failure, Visit.isRetryable(failure), Optional.empty()))
                .orElseGet(() -> journey.failedWithout("NO_CAPACITY", "no deployment could be called", true));
    }

    /** Answers a request that nothing is called for. */
    RequestTask.Step reject(InboundRequest request, String code, String message) {
        return end(request, Ending.Unanswered.withoutCall(ReplyStatus.REJECTED, code, message, false),
                brokerMillis.getAsLong(), nanos.getAsLong());
    }

    /** Answers a request that is not served because capacity is short. */
    void shed(InboundRequest request, ShedReceipt receipt) {
        publish(request, writer.receipt(request, receipt, brokerMillis.getAsLong(), nanos.getAsLong()), null);
    }

    private RequestTask.Step end(InboundRequest request, Ending ending, long dispatchedMillis, long dispatchedNanos) {
        return end(request, ending, dispatchedMillis, dispatchedNanos, null);
    }

    private RequestTask.Step end(InboundRequest request, Ending ending, long dispatchedMillis, long dispatchedNanos,
            @Nullable RequestTrace trace) {
        switch (ending) {
            case Ending.Answered answered ->
                publish(request, writer.reply(request, answered, dispatchedMillis, dispatchedNanos), trace);
            case Ending.Unanswered unanswered ->
                publish(request, writer.reply(request, unanswered, dispatchedMillis, dispatchedNanos), trace);
            case Ending.Abandoned abandoned -> {
                if (trace != null) {
                    trace.abandoned();
                }
            }
        }
        return RequestTask.Step.ENDED;
    }

    private void publish(InboundRequest request, LlmReply reply, @Nullable RequestTrace trace) {
        metrics.requestEnded(request.lane(), reply.getStatus(), reply.getTimings().getQueuedMillis(),
                Duration.ofMillis(reply.getTimings().getTotalMillis()), reply.getAttempts().size());
        replies.accept(trace == null ? request : trace.answered(request, reply), reply);
    }

    private static Ending defect() {
        return Ending.Unanswered.withoutCall(ReplyStatus.FAILED, "INTERNAL_ERROR",
                "the worker met a defect of its own; its log has the request id and the cause", true);
    }
}
