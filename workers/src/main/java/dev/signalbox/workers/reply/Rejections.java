package dev.signalbox.workers.reply;

import dev.signalbox.schemas.avro.BodyFormat;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.ReplyError;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.schemas.avro.ReplyTimings;
import dev.signalbox.schemas.serde.RequestValidation;
import dev.signalbox.workers.intake.Rejector;
import dev.signalbox.workers.intake.Ticket;
import dev.signalbox.workers.intake.UnservableRecord;
import java.util.List;
import java.util.function.Consumer;

/**
 * Answers what cannot be served: a {@code REJECTED} reply where id and address could be read, else a dead letter with
 * the original key, value and headers and the reason as headers. Either is tried until it is written; until then the
 * record stays pending.
 */
public final class Rejections implements Rejector {
    private final ReplyPublisher replies;
    private final DeadLetters deadLetters;
    private final Consumer<Ticket> done;

    /** @param done told when the answer is acknowledged */
    public Rejections(ReplyPublisher replies, DeadLetters deadLetters, Consumer<Ticket> done) {
        this.replies = replies;
        this.deadLetters = deadLetters;
        this.done = done;
    }

    @Override
    public void reject(UnservableRecord record) {
        Runnable written = () -> done.accept(record.ticket());
        if (record.requestId().isPresent() && record.address().isPresent()) {
            // Its time to live could not be read, so its caller may be there for as long as any.
            replies.publishTo(record.address().get(), rejected(record, record.requestId().get()),
                    record.source().timestamp() + RequestValidation.MAX_TIME_TO_LIVE.toMillis(), written);
        } else {
            deadLetters.write(letter(record), written);
        }
    }

    private static LlmReply rejected(UnservableRecord record, String requestId) {
        LlmReply reply = new LlmReply();
        reply.setRequestId(requestId);
        reply.setStatus(ReplyStatus.REJECTED);
        reply.setRequestHash(record.requestHash());
        reply.setBodyFormat(BodyFormat.OPENAI_CHAT_COMPLETIONS);
        reply.setAttempts(List.of());
        reply.setTimings(new ReplyTimings(0L, null, 0L));
        reply.setError(new ReplyError(record.reason(), record.message(), false));
        reply.setWarnings(List.of());
        return reply;
    }

    private static DeadLetters.Letter letter(UnservableRecord record) {
        var source = record.source();
        return new DeadLetters.Letter(source.key(), source.value(), source.headers(), source.topic(),
                source.partition(), source.offset(), record.reason(), record.message());
    }
}
