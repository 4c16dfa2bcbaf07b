package dev.signalbox.workers;

import dev.signalbox.schemas.avro.ClaimReference;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.workers.intake.InboundRequest;
import java.time.Duration;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The path of one request, left to right. {@link #serve} lists its stages behind intake and scheduler, which have taken
 * it and decided that it is next:
 *
 * <pre>intake ▶ scheduler ▶ [ body ▶ route ▶ permit ▶ call ▶ publish ] ▶ the offset is done</pre>
 *
 * Runs on one virtual thread per request; every stage returns a value to this method.
 */
final class RequestFlow {
    private static final Logger LOG = LoggerFactory.getLogger(RequestFlow.class);
    static final int MAX_VISITS = 10;
    private static final int MAX_SUSPECT_VISITS = 3;

    private final QueryReader queries;
    private final ClaimedBodies bodies;
    private final Visit visit;
    private final RetryPause pause;
    private final ReplyWriter writer;
    private final WorkerMetrics metrics;
    private final BiConsumer<InboundRequest, LlmReply> replies;
    private final LongSupplier brokerMillis;
    private final LongSupplier nanos;

    /**
     * @param replies publishes the terminal reply; the request's offset is done once it is acknowledged
     * @param brokerMillis the fleet's clock
     * @param nanos a monotonic clock
     */
    RequestFlow(QueryReader queries, ClaimedBodies bodies, Visit visit, RetryPause pause, ReplyWriter writer,
            WorkerMetrics metrics,
            BiConsumer<InboundRequest, LlmReply> replies, LongSupplier brokerMillis, LongSupplier nanos) {
        this.queries = queries;
        this.bodies = bodies;
        this.visit = visit;
        this.pause = pause;
        this.writer = writer;
        this.replies = replies;
        this.metrics = metrics;
        this.brokerMillis = brokerMillis;
        this.nanos = nanos;
    }

    /** Serves a request until its reply is on its way. Blocking. */
    void serve(InboundRequest request) {
        long dispatchedMillis = brokerMillis.getAsLong();
        long dispatchedNanos = nanos.getAsLong();
        Ending ending;
        try {
            ending = isExpired(request, dispatchedMillis)
                    ? expired()
                    : served(request, dispatchedNanos);
        } catch (RuntimeException | Error defect) {
            LOG.error("request {} met a defect and is answered FAILED", request.id(), defect);
            ending = defect();
        }
        switch (ending) {
            case Ending.Answered answered ->
                publish(request, writer.reply(request, answered, dispatchedMillis, dispatchedNanos));
            case Ending.Unanswered unanswered ->
                publish(request, writer.reply(request, unanswered, dispatchedMillis, dispatchedNanos));
            case Ending.Abandoned abandoned -> {
            }
        }
    }

    private Ending served(InboundRequest request, long dispatchedNanos) {
        ClaimReference claim = request.request().getBodyClaim();
        return claim == null
                ? visits(new Journey(request, queries.query(request), dispatchedNanos))
                : bodies.serve(request, claim,
                        whole -> visits(new Journey(whole, queries.query(whole), dispatchedNanos)));
    }

    /**
     * Visit after visit, each after a longer pause with full jitter, until one ends for good, the request's time is up, or
     * {@value #MAX_VISITS} are spent.
     */
    private Ending visits(Journey journey) {
        for (int number = 1;; number++) {
            switch (visit.run(journey)) {
                case Visit.Result.Ended(Ending ending) -> {
                    return ending;
                }
                case Visit.Result.GoBack(Optional<Duration> retryAfter) -> {
                    long leftMillis = journey.request().expiresAtMillis() - brokerMillis.getAsLong();
                    if (number >= (journey.isSuspect() ? MAX_SUSPECT_VISITS : MAX_VISITS)
                            || !pause.betweenVisits(number, retryAfter, leftMillis)) {
                        return Thread.currentThread().isInterrupted() ? journey.abandoned() : givenUp(journey);
                    }
                }
            }
        }
    }

    private static Ending givenUp(Journey journey) {
        return journey.lastFailure()
                .map(failure -> journey.failedFor(failure, Visit.isRetryable(failure), Optional.empty()))
                .orElseGet(() -> journey.failedWithout("NO_CAPACITY", "no deployment could be called", true));
    }

    private void publish(InboundRequest request, LlmReply reply) {
        metrics.requestEnded(request.lane(), reply.getStatus(), reply.getTimings().getQueuedMillis(),
                Duration.ofMillis(reply.getTimings().getTotalMillis()), reply.getAttempts().size());
        replies.accept(request, reply);
    }

    private static boolean isExpired(InboundRequest request, long nowMillis) {
        return nowMillis >= request.expiresAtMillis();
    }

    private static Ending expired() {
        return Ending.Unanswered.withoutCall(ReplyStatus.EXPIRED, "EXPIRED",
                "the request's time to live ended before a vendor was called", true);
    }

    /** Our own fault: answered, since a record that never ends would hold its partition's commits. */
    private static Ending defect() {
        return Ending.Unanswered.withoutCall(ReplyStatus.FAILED, "INTERNAL_ERROR",
                "the worker met a defect of its own; its log has the request id and the cause", true);
    }

}
