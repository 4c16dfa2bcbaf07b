package dev.signalbox.workers.reply;

import dev.signalbox.schemas.Headers;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.BodyFormat;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.ReplyError;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.schemas.avro.ReplyTimings;
import dev.signalbox.workers.intake.Rejector;
import dev.signalbox.workers.intake.Ticket;
import dev.signalbox.workers.intake.UnservableRecord;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers what cannot be served: a {@code REJECTED} reply where id and address could be read, else a dead letter with
 * the original key, value and headers and the reason as headers. Either is tried until it is written; until then the
 * record stays pending.
 */
public final class Rejections implements Rejector {
    private static final Logger LOG = LoggerFactory.getLogger(Rejections.class);
    private static final long PAUSE_MILLIS = 1_000;

    private final ReplyPublisher replies;
    private final RenewableProducer producer;
    private final Consumer<Ticket> done;
    private final ScheduledExecutorService timer;

    /**
     * @param producer for dead letters; it belongs to the caller
     * @param done told when the answer is acknowledged
     */
    public Rejections(ReplyPublisher replies, RenewableProducer producer, Consumer<Ticket> done,
            ScheduledExecutorService timer) {
        this.replies = replies;
        this.producer = producer;
        this.done = done;
        this.timer = timer;
    }

    @Override
    public void reject(UnservableRecord record) {
        if (record.requestId().isPresent() && record.address().isPresent()) {
            replies.publish(record.address().get(), rejected(record, record.requestId().get()),
                    () -> done.accept(record.ticket()));
        } else {
            deadLetter(record);
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

    private void deadLetter(UnservableRecord record) {
        var source = record.source();
        RecordHeaders headers = new RecordHeaders(source.headers().toArray());
        add(headers, Headers.DEAD_LETTER_REASON, record.reason());
        add(headers, Headers.DEAD_LETTER_MESSAGE, record.message());
        add(headers, Headers.DEAD_LETTER_ORIGINAL_TOPIC, source.topic());
        add(headers, Headers.DEAD_LETTER_ORIGINAL_PARTITION, Integer.toString(source.partition()));
        add(headers, Headers.DEAD_LETTER_ORIGINAL_OFFSET, Long.toString(source.offset()));
        producer.send(new ProducerRecord<>(Topics.DEAD_LETTERS, null, source.key(), source.value(), headers),
                (metadata, error) -> {
                    if (error == null) {
                        LOG.warn("record {} is a dead letter: {}", record.ticket(), record.reason());
                        done.accept(record.ticket());
                    } else {
                        LOG.warn("dead letter of {} not written, trying again: {}", record.ticket(), error.toString());
                        var _ = timer.schedule(() -> Thread.startVirtualThread(() -> deadLetter(record)),
                                PAUSE_MILLIS, TimeUnit.MILLISECONDS);
                    }
                });
    }

    private static void add(RecordHeaders headers, String name, String value) {
        headers.add(name, value.getBytes(StandardCharsets.UTF_8));
    }
}
