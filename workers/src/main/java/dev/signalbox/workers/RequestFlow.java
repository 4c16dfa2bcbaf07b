package dev.signalbox.workers;

import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.reply.ReplyPublisher;
import dev.signalbox.workers.router.RouteDecision;
import dev.signalbox.workers.router.Router;
import java.time.Duration;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The path of one request, left to right. {@link #serve} lists its stages behind intake and scheduler, which have taken
 * it and decided that it is next:
 *
 * <pre>intake ▶ scheduler ▶ [ admit ▶ route ▶ call ▶ publish ] ▶ the offset is done</pre>
 *
 * Runs on one virtual thread per request; every stage returns a value to this method.
 */
final class RequestFlow {
    private static final Logger LOG = LoggerFactory.getLogger(RequestFlow.class);

    private final Router router;
    private final QueryReader queries;
    private final Visit visit;
    private final ReplyWriter writer;
    private final ReplyPublisher replies;
    private final WorkerMetrics metrics;
    private final Consumer<InboundRequest> done;
    private final LongSupplier brokerMillis;
    private final LongSupplier nanos;

    /**
     * @param done told once the request's reply is acknowledged: its offset may be committed
     * @param brokerMillis the fleet's clock
     * @param nanos a monotonic clock
     */
    RequestFlow(Router router, QueryReader queries, Visit visit, ReplyWriter writer, ReplyPublisher replies,
            WorkerMetrics metrics, Consumer<InboundRequest> done, LongSupplier brokerMillis, LongSupplier nanos) {
        this.router = router;
        this.queries = queries;
        this.visit = visit;
        this.writer = writer;
        this.replies = replies;
        this.metrics = metrics;
        this.done = done;
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
                    : switch (router.decide(queries.query(request))) {
                        case RouteDecision.Routed routed -> visit.run(request, routed);
                        case RouteDecision.Unroutable unroutable -> unroutable(unroutable);
                    };
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

    private void publish(InboundRequest request, LlmReply reply) {
        metrics.requestEnded(request.lane(), reply.getStatus(), reply.getTimings().getQueuedMillis(),
                Duration.ofMillis(reply.getTimings().getTotalMillis()), reply.getAttempts().size());
        replies.publish(request.address(), reply, () -> done.accept(request));
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

    private static Ending unroutable(RouteDecision.Unroutable unroutable) {
        return Ending.Unanswered.withoutCall(ReplyStatus.FAILED, unroutable.code(), unroutable.message(), false);
    }
}
