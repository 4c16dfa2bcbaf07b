package dev.signalbox.workers;

import dev.signalbox.config.Deployment;
import dev.signalbox.config.Route;
import dev.signalbox.schemas.avro.AttemptId;
import dev.signalbox.schemas.avro.AttemptSummary;
import dev.signalbox.schemas.avro.ChunkEndStatus;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.schemas.avro.StreamPolicy;
import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.reply.AnswerChannel;
import dev.signalbox.workers.reply.ReplyPublisher;
import dev.signalbox.workers.router.RouteDecision.Routed;
import dev.signalbox.workers.vendor.AttemptFailure;
import dev.signalbox.workers.vendor.AttemptOutcome;
import dev.signalbox.workers.vendor.FailureClass;
import dev.signalbox.workers.vendor.VendorClient;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The attempts that a request makes before it is given up: at most {@value #MAX_ATTEMPTS}, over the route's deployments
 * in order, as each failure's class allows.
 *
 * <p>Before the first published token, failing over is free. After it the request's stream policy decides: RESTART (and
 * CONTINUE, which no deployment supports yet) makes a new attempt, whose chunks start the text again; FAIL ends with the
 * partial text.
 */
final class Visit {
    static final int MAX_ATTEMPTS = 3;

    private final VendorClient vendors;
    private final ReplyPublisher replies;
    private final AttemptRecorder recorder;
    private final WorkerIdentity identity;
    private final RetryPause pause;
    private final LongSupplier brokerMillis;
    private final LongSupplier nanos;

    Visit(VendorClient vendors, ReplyPublisher replies, AttemptRecorder recorder, WorkerIdentity identity,
            RetryPause pause, LongSupplier brokerMillis, LongSupplier nanos) {
        this.vendors = vendors;
        this.replies = replies;
        this.recorder = recorder;
        this.identity = identity;
        this.pause = pause;
        this.brokerMillis = brokerMillis;
        this.nanos = nanos;
    }

    /** Calls vendors until one has answered or there is no use in another call. Blocking. */
    Ending run(InboundRequest request, Routed routed) {
        List<Deployment> deployments = routed.fit();
        Progress progress = new Progress();
        long visitNanos = nanos.getAsLong();
        byte[] body = bytes(request.request().getBody());
        int place = 0;
        int callsHere = 0;
        for (int number = 1; number <= MAX_ATTEMPTS; number++) {
            long leftMillis = request.expiresAtMillis() - brokerMillis.getAsLong();
            if (leftMillis <= 0) {
                return progress.expired();
            }
            Deployment deployment = deployments.get(place);
            AttemptId attempt = new AttemptId(request.hop(), request.ticket().epoch(), number,
                    identity.source(request.ticket()));
            long startedNanos = nanos.getAsLong();
            boolean streamed = isStreamed(request, routed.route().call(), deployment);
            AnswerChannel channel = replies.open(request, attempt);
            recorder.started(request, attempt, deployment, streamed, routed);
            AttemptOutcome outcome = vendors.call(new VendorClient.Call(deployment,
                    request.request().getBodyFormat(), body, streamed, Duration.ofMillis(leftMillis), request.id()),
                    channel);
            channel.end(switch (outcome) {
                case AttemptOutcome.Answered answered -> ChunkEndStatus.COMPLETE;
                case AttemptOutcome.Failed failed -> ChunkEndStatus.CUT;
            });
            Optional<BigDecimal> cost = recorder.ended(request, attempt, deployment, streamed, outcome, body.length);
            progress.add(AttemptRecorder.summary(attempt, deployment, outcome, (startedNanos - visitNanos) / 1_000_000),
                    cost);
            callsHere++;
            switch (outcome) {
                case AttemptOutcome.Answered answered -> {
                    return new Ending.Answered(deployment, attempt, answered, startedNanos,
                            List.copyOf(progress.attempts), progress.cost());
                }
                case AttemptOutcome.Failed failed -> {
                    if (failed.failure().failureClass() == FailureClass.CANCELLED
                            || Thread.currentThread().isInterrupted()) {
                        return new Ending.Abandoned(List.copyOf(progress.attempts), progress.cost());
                    }
                    if (failed.failure().failureClass() == FailureClass.DEADLINE) {
                        return progress.expired();
                    }
                    boolean seen = channel.published();
                    if (seen && request.request().getStreamPolicy() == StreamPolicy.FAIL) {
                        return progress.failed(failed.failure(), failed.partialBody());
                    }
                    progress.last = failed.failure();
                }
            }
            int next = next(progress.lastFailure().failureClass().next(), place, callsHere, deployments.size());
            if (next < 0 || number == MAX_ATTEMPTS) {
                break;
            }
            callsHere = next == place ? callsHere : 0;
            boolean calledBefore = next <= place;
            place = next;
            if (calledBefore && !pause.before(number, progress.lastFailure().retryAfter(), leftMillis)) {
                break;
            }
        }
        return progress.failed(progress.lastFailure(), Optional.empty());
    }

    /**
     * Place of the deployment to call next; -1 if no further call has a chance. A deployment that was called already is
     * called again only when there is no other.
     */
    private static int next(FailureClass.Next next, int place, int callsHere, int deployments) {
        return switch (next) {
            case SAME_ONCE -> callsHere < 2 ? place : (place + 1) % deployments;
            case OTHER_DEPLOYMENT -> (place + 1) % deployments;
            case OTHER_MODEL, NONE -> -1;
        };
    }

    private static boolean isStreamed(InboundRequest request, Route.CallMode mode, Deployment deployment) {
        return switch (mode) {
            case AS_ASKED -> request.request().getStreamTokens() && deployment.capabilities().streaming();
            case STREAMED -> true;
            case UNARY -> false;
        };
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

    /** What the visit has come to so far. */
    private static final class Progress {
        private final List<AttemptSummary> attempts = new ArrayList<>(MAX_ATTEMPTS);
        private @Nullable BigDecimal cost = BigDecimal.ZERO;
        private @Nullable AttemptFailure last;

        void add(AttemptSummary attempt, Optional<BigDecimal> attemptCost) {
            attempts.add(attempt);
            cost = cost == null || attemptCost.isEmpty() ? null : cost.add(attemptCost.get());
        }

        AttemptFailure lastFailure() {
            if (last == null) {
                throw new IllegalStateException("no attempt has failed");
            }
            return last;
        }

        Optional<BigDecimal> cost() {
            return Optional.ofNullable(cost);
        }

        Ending failed(AttemptFailure failure, Optional<byte[]> partialBody) {
            boolean retryable = switch (failure.failureClass().next()) {
                case SAME_ONCE, OTHER_DEPLOYMENT -> true;
                case OTHER_MODEL, NONE -> false;
            };
            return new Ending.Unanswered(ReplyStatus.FAILED, failure.failureClass().name(), failure.message(),
                    retryable, partialBody, List.copyOf(attempts), cost());
        }

        Ending expired() {
            return new Ending.Unanswered(ReplyStatus.EXPIRED, "EXPIRED",
                    "the request's time to live ended after " + attempts.size() + " vendor calls", true,
                    Optional.empty(), List.copyOf(attempts), cost());
        }
    }
}
