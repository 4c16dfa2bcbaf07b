package dev.signalbox.workers.intake;

import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.avro.LlmRequest;
import java.time.Duration;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/**
 * A request as the worker holds it from intake to reply.
 *
 * @param lane pool and priority, from its topic
 * @param ticket its place in the ledger
 * @param request the decoded record
 * @param requestHash {@link dev.signalbox.schemas.RequestHash} of the record's value
 * @param hop how often it was published again
 * @param firstEnqueuedMillis append time of the first record, ms on the broker's clock
 * @param expiresAtMillis when its time to live ends, ms on the broker's clock
 * @param address where the answer goes
 * @param sizeBytes serialized key, value and headers, for the buffers' bounds
 * @param source the record as it came, by which it can be published again; null where it is not kept
 */
public record InboundRequest(Lane lane, Ticket ticket, LlmRequest request, String requestHash, int hop,
        long firstEnqueuedMillis, long expiresAtMillis, ReplyAddress address, int sizeBytes,
        @Nullable ConsumerRecord<byte[], byte[]> source) {

    /** Whose record is not kept. */
    public InboundRequest(Lane lane, Ticket ticket, LlmRequest request, String requestHash, int hop,
            long firstEnqueuedMillis, long expiresAtMillis, ReplyAddress address, int sizeBytes) {
        this(lane, ticket, request, requestHash, hop, firstEnqueuedMillis, expiresAtMillis, address, sizeBytes, null);
    }

    /** The same with its answer at another address. */
    public InboundRequest at(ReplyAddress other) {
        return new InboundRequest(lane, ticket, request, requestHash, hop, firstEnqueuedMillis, expiresAtMillis, other,
                sizeBytes, source);
    }

    /** The same in another lane. */
    public InboundRequest in(Lane other) {
        return new InboundRequest(other, ticket, request, requestHash, hop, firstEnqueuedMillis, expiresAtMillis,
                address, sizeBytes, source);
    }

    /** The same with another body. */
    public InboundRequest with(LlmRequest whole) {
        return new InboundRequest(lane, ticket, whole, requestHash, hop, firstEnqueuedMillis, expiresAtMillis, address,
                sizeBytes, source);
    }

    /** What is left of its pause at the end of its record's hop; zero if it may be served. */
    public Duration pauseLeft() {
        return source == null || hop == 0 ? Duration.ZERO : Duration.ofMillis(RecordFacts.furtherDelayMillis(source));
    }

    /** The line of {@link ParkedLines} that it stands in, if it comes from the retry topic; else empty. */
    public String line() {
        return source == null || hop == 0 ? "" : RecordFacts.line(source);
    }

    /** Whether it comes from the retry topic to be tried again. */
    public boolean isRetry() {
        return source != null && !line().isEmpty() && RecordFacts.isTried(source);
    }

    /** The request id. */
    public String id() {
        return request.getId();
    }
}
