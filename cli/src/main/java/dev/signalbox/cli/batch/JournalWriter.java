package dev.signalbox.cli.batch;

import dev.signalbox.cli.ExitCode;
import dev.signalbox.cli.KafkaTrouble;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.schemas.claim.ClaimException;
import dev.signalbox.schemas.client.InvalidRequestException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.apache.kafka.common.errors.RecordTooLargeException;

/** Writes each end of a request into the journal and counts it; for one thread at a time. */
final class JournalWriter {
    private final Journal journal;
    private final BatchStats stats;
    private final LongSupplier millis;
    private final BitSet failedLines;
    private final Consumer<Stop> stop;
    private final String bootstrapServers;

    /**
     * @param failedLines gets the lines that fail, and loses those that are answered
     * @param stop called when the run cannot go on
     */
    JournalWriter(Journal journal, BatchStats stats, LongSupplier millis, BitSet failedLines, Consumer<Stop> stop,
            String bootstrapServers) {
        this.journal = journal;
        this.stats = stats;
        this.millis = millis;
        this.failedLines = failedLines;
        this.stop = stop;
        this.bootstrapServers = bootstrapServers;
    }

    void reply(Outstanding.Pending request, LlmReply reply) throws IOException {
        ByteBuffer body = reply.getBody();
        if (reply.getStatus() == ReplyStatus.COMPLETED && body != null) {
            byte[] bytes = new byte[body.remaining()];
            body.duplicate().get(bytes);
            journal.answered(request.customId(), reply.getRequestId(), bytes);
            failedLines.clear(request.line());
        } else {
            String message = reply.getError() == null ? "no answer" : reply.getError().getMessage();
            fail(request, reply.getRequestId(), BatchStats.codeOf(reply), message);
        }
        stats.ended(reply, millis.getAsLong());
    }

    /** A request that gets no reply: its own fault is a failure, Kafka's fault stops the run and leaves it open. */
    void trouble(Outstanding.Pending request, String requestId, Throwable trouble) throws IOException {
        Throwable cause = trouble.getCause() instanceof Exception inner ? inner : trouble;
        if (cause instanceof RecordTooLargeException || trouble instanceof RecordTooLargeException) {
            unsent(request, requestId, "PAYLOAD_TOO_LARGE", "the request is larger than Kafka takes "
                    + "(topics.max_message_size)");
        } else if (trouble instanceof InvalidRequestException invalid) {
            unsent(request, requestId, "INVALID_REQUEST", String.join("; ", invalid.faults()));
        } else if (cause instanceof ClaimException || trouble instanceof ClaimException) {
            ClaimException missing = trouble instanceof ClaimException itself ? itself : (ClaimException) cause;
            unsent(request, requestId, missing.reason().name(), "the answer is in a claim store and cannot be had: "
                    + missing.getMessage());
        } else if (trouble instanceof java.util.concurrent.TimeoutException) {
            unsent(request, requestId, "NO_REPLY", "no reply came within the time to live and an hour");
        } else {
            stop.accept(new Stop(ExitCode.UNREACHABLE, KafkaTrouble.of(trouble, bootstrapServers).lines(), false));
        }
    }

    private void unsent(Outstanding.Pending request, String requestId, String code, String message)
            throws IOException {
        fail(request, requestId, code, message);
        stats.failed(code, millis.getAsLong());
    }

    private void fail(Outstanding.Pending request, String requestId, String code, String message)
            throws IOException {
        journal.failed(request.customId(), requestId, code, message, request.retry());
        failedLines.set(request.line());
    }

    void flush() throws IOException {
        journal.flush();
    }
}
