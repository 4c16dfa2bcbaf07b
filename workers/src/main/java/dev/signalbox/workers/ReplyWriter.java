package dev.signalbox.workers;

import dev.signalbox.config.Deployment;
import dev.signalbox.schemas.avro.AttemptSummary;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.ReplyError;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.schemas.avro.ReplyTimings;
import dev.signalbox.schemas.avro.ServedBy;
import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.scheduler.ShedReceipt;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/** Writes the terminal reply of a request from how its path ended. */
final class ReplyWriter {
    private final Supplier<String> priceVersion;
    private final LongSupplier nanos;

    ReplyWriter(String priceVersion, LongSupplier nanos) {
        this(() -> priceVersion, nanos);
    }

    /** @param priceVersion the present one */
    ReplyWriter(Supplier<String> priceVersion, LongSupplier nanos) {
        this.priceVersion = priceVersion;
        this.nanos = nanos;
    }

    /**
     * @param dispatchedMillis when the worker took it up, on the broker's clock
     * @param dispatchedNanos the same moment on the monotonic clock
     */
    LlmReply reply(InboundRequest request, Ending.Answered ending, long dispatchedMillis, long dispatchedNanos) {
        Deployment deployment = ending.deployment();
        LlmReply reply = terminal(request, ReplyStatus.COMPLETED, ending.attempts(), ending.cost(), dispatchedMillis,
                dispatchedNanos);
        reply.setBody(ByteBuffer.wrap(ending.answer().body()));
        reply.setFinishReason(ending.answer().finishReason().orElse(null));
        reply.setUsage(ending.answer().usage().orElse(null));
        reply.setServedBy(new ServedBy(deployment.name().toString(), deployment.vendor().name(),
                deployment.region().orElse(null), deployment.name().model(),
                ending.answer().vendorModel().orElse(null)));
        reply.setAnsweredBy(ending.answeredBy());
        reply.setWarnings(ending.answer().warnings());
        long untilAttempt = Math.max(0, ending.startedNanos() - dispatchedNanos);
        reply.getTimings().setTimeToFirstTokenMillis(ending.answer().times().timeToFirstToken()
                .map(first -> first.plusNanos(untilAttempt).toMillis()).orElse(null));
        return reply;
    }

    /** Same parameters as for an answer. */
    LlmReply reply(InboundRequest request, Ending.Unanswered ending, long dispatchedMillis, long dispatchedNanos) {
        LlmReply reply = terminal(request, ending.status(), ending.attempts(), ending.cost(), dispatchedMillis,
                dispatchedNanos);
        reply.setBody(ending.partialBody().map(ByteBuffer::wrap).orElse(null));
        reply.setError(new ReplyError(ending.code(), ending.message(), ending.retryable(), null, null));
        return reply;
    }

    /** Of a request that is not served because its pool is short of capacity. Same parameters as for an answer. */
    LlmReply receipt(InboundRequest request, ShedReceipt receipt, long dispatchedMillis, long dispatchedNanos) {
        String rule = "pools." + request.lane().pool().value() + ".sheds";
        String message = String.format(Locale.ROOT,
                "the pool is short of capacity: by the rule %s %s is dropped, of the lowest %.0f %% of what arrives; as"
                        + " things stand it would be served after about %d s. It can be sent again under a new id, with"
                        + " replayOf",
                rule, receipt.priority().label(), 100 * receipt.part(), receipt.estimated().toSeconds());
        LlmReply reply = reply(request,
                Ending.Unanswered.withoutCall(ReplyStatus.SHED, "CAPACITY_SHORT", message, true), dispatchedMillis,
                dispatchedNanos);
        reply.getError().setRule(rule);
        reply.getError().setEstimatedMillis(receipt.estimated().toMillis());
        return reply;
    }

    private LlmReply terminal(InboundRequest request, ReplyStatus status, List<AttemptSummary> attempts,
            Optional<BigDecimal> cost, long dispatchedMillis, long dispatchedNanos) {
        LlmReply reply = new LlmReply();
        reply.setRequestId(request.id());
        reply.setStatus(status);
        reply.setRequestHash(request.requestHash());
        reply.setBodyFormat(request.request().getBodyFormat());
        reply.setCost(cost.map(money -> money.setScale(9)).orElse(null));
        reply.setPriceVersion(priceVersion.get());
        reply.setAttempts(attempts);
        reply.setTotalUsage(TotalUsage.of(attempts).orElse(null));
        reply.setTimings(new ReplyTimings(Math.max(0, dispatchedMillis - request.firstEnqueuedMillis()), null,
                Duration.ofNanos(nanos.getAsLong() - dispatchedNanos).toMillis()));
        reply.setWarnings(List.of());
        return reply;
    }
}
