package dev.signalbox.workers;

import dev.signalbox.config.Deployment;
import dev.signalbox.config.Route;
import dev.signalbox.schemas.avro.AttemptId;
import dev.signalbox.schemas.avro.AttemptSummary;
import dev.signalbox.schemas.avro.ChunkEndStatus;
import dev.signalbox.schemas.avro.StreamPolicy;
import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.reply.AnswerChannel;
import dev.signalbox.workers.reply.Pricing;
import dev.signalbox.workers.reply.ReplyPublisher;
import dev.signalbox.workers.router.CallLesson;
import dev.signalbox.workers.router.CallUse;
import dev.signalbox.workers.router.PermitDesk.Answer;
import dev.signalbox.workers.telemetry.RequestTrace;
import dev.signalbox.workers.vendor.AttemptFailure;
import dev.signalbox.workers.vendor.AttemptOutcome;
import dev.signalbox.workers.vendor.FailureClass;
import dev.signalbox.workers.vendor.TokenSink;
import dev.signalbox.workers.vendor.VendorClient;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.LongSupplier;

/**
 * One vendor call of a request: its number, its permit, the channel of its chunks and its bill. It reads the journey and changes
 * nothing of it, so that two of one request may run at once; what became of it is {@link Done}.
 */
final class Attempt {
    /** Most that a probe waits to be given the turn that it claimed; the dispatcher, if it is there, takes a few hundredths of that. */
    static final Duration TURN_PATIENCE = Duration.ofMillis(500);
    private static final long LONGEST_MILLIS = Duration.ofDays(365).toMillis();

    private final Stages stages;
    private final Journey journey;
    private final Answer.Granted granted;
    private final AttemptId id;
    private final boolean streamed;
    private final byte[] body;
    private final TakeOver.Start start;

    /**
     * What a call goes through.
     *
     * @param brokerMillis the fleet's clock
     * @param nanos a monotonic clock
     */
    record Stages(Permits permits, VendorClient vendors, ReplyPublisher replies, AttemptRecorder recorder,
            WorkerIdentity identity, LongSupplier brokerMillis, LongSupplier nanos) {
    }

    /**
     * What became of it.
     *
     * @param answer what its caller saw of it, for who goes on from it
     * @param servesOthers whether its deployment was well for others when it ended
     */
    record Done(Attempt attempt, AttemptOutcome outcome, AnswerChannel channel, AnswerSoFar answer, long startedNanos,
            AttemptSummary summary, Optional<BigDecimal> cost, boolean servesOthers) {
        Answer.Granted granted() {
            return attempt.granted;
        }

        Deployment deployment() {
            return attempt.granted.permit().deployment();
        }

        AttemptId id() {
            return attempt.id;
        }

        TakeOver.Start start() {
            return attempt.start;
        }
    }

    /** @param body the caller's, with what its model changes in it */
    Attempt(Stages stages, Journey journey, Answer.Granted granted, int number, byte[] body, TakeOver.Start start) {
        InboundRequest request = journey.request();
        this.stages = stages;
        this.journey = journey;
        this.granted = granted;
        this.id = new AttemptId(request.hop(), request.ticket().epoch(), number,
                stages.identity.source(request.ticket()));
        this.body = body;
        this.start = start;
        this.streamed = isStreamed(request, granted.routed().route().call(), granted.permit().deployment());
    }

    Answer.Granted granted() {
        return granted;
    }

    boolean streamed() {
        return streamed;
    }

    /** Whether it begins a new answer. */
    boolean startsFromNothing() {
        return start.text().isEmpty();
    }

    /** The same request elsewhere, from nothing as well. */
    Attempt elsewhere(Answer.Granted other) {
        return new Attempt(stages, journey, other, id.getNumber() + 1, body, start);
    }

    /** Until the request's time is up, ms; at most a year. */
    static long leftMillis(InboundRequest request, LongSupplier brokerMillis) {
        return Math.min(request.expiresAtMillis() - brokerMillis.getAsLong(), LONGEST_MILLIS);
    }

    /**
     * Whether the call may be made: one which tries a deployment that was ejected, for the whole fleet, waits for this worker's turn.
     * Ends its permit if not. Blocking.
     */
    boolean takesTurn() {
        boolean takes = false;
        try {
            takes = stages.permits.takesTurn(granted.permit(),
                    () -> stages.recorder.claimed(journey.request(), id, streamed, granted.candidate()), TURN_PATIENCE);
            return takes;
        } finally {
            if (!takes) {
                stages.permits.ended(granted.permit(), CallUse.NOT_MADE, CallLesson.NOTHING);
            }
        }
    }

    /**
     * Makes the call and ends its permit, whatever comes. Blocking.
     *
     * @param side its part in a race
     * @return empty if its time was up, or the race decided, before it was made
     */
    Optional<Done> run(Race.Side side) {
        InboundRequest request = journey.request();
        Deployment deployment = granted.permit().deployment();
        CallUse use = CallUse.NOT_MADE;
        CallLesson lesson = CallLesson.NOTHING;
        try {
            if (leftMillis(request, stages.brokerMillis) <= 0 || !side.goesOn()) {
                return Optional.empty();
            }
            long startedNanos = stages.nanos.getAsLong();
            Pricing prices = stages.recorder.pricing();
            AnswerChannel channel = stages.replies.open(request, id);
            PermittedChannel permitted = new PermittedChannel(channel, stages.permits, granted.permit(),
                    journey.underWay(), () -> mayBeCut(channel), startedNanos, stages.nanos);
            AnswerSoFar answer = new AnswerSoFar(permitted, channel, start.text());
            stages.recorder.started(request, id, streamed, granted.routed(), granted.candidate(), start.told(),
                    granted.permit().lender());
            use = new CallUse(CallUse.End.BY_US, OptionalLong.empty(), OptionalLong.empty());
            VendorClient.Call call = new VendorClient.Call(deployment, request.request().getBodyFormat(), body,
                    streamed, Duration.ofMillis(leftMillis(request, stages.brokerMillis)), request.id(),
                    start.text());
            TokenSink sink = side.racing(continues(request) ? answer : permitted);
            VendorClient vendors = (asked, into) -> loanEnded(permitted, stages.vendors.call(asked, into));
            RequestTrace trace = journey.trace();
            AttemptOutcome outcome = trace == null
                    ? vendors.call(call, sink)
                    : trace.call(vendors, call, id.getNumber(), sink);
            boolean counts = !(outcome instanceof AttemptOutcome.Answered) || side.claims();
            if (counts && outcome instanceof AttemptOutcome.Answered
                    && outcome.times().timeToFirstToken().isEmpty()) {
                // A stream without any token: all of the answer is the text that it went on from.
                answer.begin();
            }
            channel.end(switch (outcome) {
                case AttemptOutcome.Answered answered -> ChunkEndStatus.COMPLETE;
                case AttemptOutcome.Failed failed -> ChunkEndStatus.CUT;
            });
            learnFirstToken(side, permitted, outcome, startedNanos);
            use = Lessons.use(outcome);
            lesson = journey.isSuspect() && outcome instanceof AttemptOutcome.Failed
                    ? CallLesson.NOTHING
                    : Lessons.of(outcome);
            Optional<BigDecimal> cost = stages.recorder.ended(request, id, streamed, granted.candidate(), outcome,
                    body.length, prices, granted.permit().lender());
            AttemptSummary summary = AttemptRecorder.summary(id, deployment, outcome,
                    (startedNanos - journey.startedNanos()) / 1_000_000, start.told());
            return Optional.of(new Done(this, outcome, channel, answer, startedNanos, summary, cost,
                    stages.permits.servesOthers(granted.permit())));
        } finally {
            stages.permits.ended(granted.permit(), use, lesson);
        }
    }

    /** Not what its caller saw some of and cannot be given anew, and no request again and again. */
    private boolean mayBeCut(AnswerChannel channel) {
        return journey.loansEnded() < Visit.MAX_LOANS_ENDED
                && !(channel.published() && journey.request().request().getStreamPolicy() == StreamPolicy.FAIL);
    }

    /** A call that was cut for the capacity that it ran on, as such; its request stands as before it. */
    private static AttemptOutcome loanEnded(PermittedChannel permitted, AttemptOutcome outcome) {
        if (permitted.loanEnded() && outcome instanceof AttemptOutcome.Failed failed
                && failed.failure().failureClass() == FailureClass.CANCELLED
                && !Thread.currentThread().isInterrupted()) {
            return failed.because(AttemptFailure.of(FailureClass.LOAN_ENDED,
                    "the pool that lent the call's capacity wants it back, and the call had its borrowed_call_limit"));
        }
        return outcome;
    }

    private void learnFirstToken(Race.Side side, PermittedChannel permitted, AttemptOutcome outcome,
            long startedNanos) {
        if (side.isFirst() && side.isBeaten()) {
            stages.permits.firstTokenLate(granted.permit(), stages.nanos.getAsLong() - startedNanos);
        } else if (!permitted.tokenSeen()) {
            outcome.times().timeToFirstToken()
                    .ifPresent(first -> stages.permits.firstToken(granted.permit(), first.toNanos()));
        }
    }

    static boolean continues(InboundRequest request) {
        return request.request().getStreamPolicy() == StreamPolicy.CONTINUE;
    }

    private static boolean isStreamed(InboundRequest request, Route.CallMode mode, Deployment deployment) {
        return switch (mode) {
            case AS_ASKED -> request.request().getStreamTokens() && deployment.capabilities().streaming();
            case STREAMED -> true;
            case UNARY -> false;
        };
    }
}
