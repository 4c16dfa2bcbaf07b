package dev.signalbox.workers.reply;

import dev.signalbox.schemas.DeadLetter;
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
import java.util.OptionalLong;
import java.util.function.Consumer;

/**
 * Ends what cannot be served. A record whose own bytes are at fault becomes a dead letter, with the original key, value and
 * headers and the reason as headers, so that an operator can look at it, mend it and send it again; then, where id and
 * address could be read, its caller is answered {@code REJECTED}. What is only in the wrong place is answered, and no dead
 * letter unless it cannot be. Each is tried until it is written, and until then the record stays pending.
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
        Runnable last = record.isAnswerable() ? () -> answer(record, written) : written;
        if (record.isPoison() || !record.isAnswerable()) {
            // To answer may block on the registry, and the producer's thread must not.
            deadLetters.write(letter(record), record.isAnswerable() ? () -> Thread.startVirtualThread(last) : last);
        } else {
            last.run();
        }
    }

    private void answer(UnservableRecord record, Runnable written) {
        // Its time to live could not be read, so its caller may be there for as long as any.
        replies.publishTo(record.address().orElseThrow(), rejected(record, record.requestId().orElseThrow()),
                record.source().timestamp() + RequestValidation.MAX_TIME_TO_LIVE.toMillis(), written);
    }

    private static LlmReply rejected(UnservableRecord record, String requestId) {
        LlmReply reply = new LlmReply();
        reply.setRequestId(requestId);
        reply.setStatus(ReplyStatus.REJECTED);
        reply.setRequestHash(record.requestHash());
        reply.setBodyFormat(BodyFormat.OPENAI_CHAT_COMPLETIONS);
        reply.setAttempts(List.of());
        reply.setTimings(new ReplyTimings(0L, null, 0L));
        reply.setError(new ReplyError(record.reason(), record.message(), false, null, null));
        reply.setWarnings(List.of());
        return reply;
    }

    private static DeadLetters.Letter letter(UnservableRecord record) {
        var source = record.source();
        return new DeadLetters.Letter(source.key(), source.value(), source.headers(),
                new DeadLetter(record.reason(), record.message(), source.topic(), source.partition(), source.offset(),
                        source.timestamp(), OptionalLong.empty()));
    }
}
