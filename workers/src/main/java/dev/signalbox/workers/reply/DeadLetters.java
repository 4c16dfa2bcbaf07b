package dev.signalbox.workers.reply;

import dev.signalbox.schemas.Headers;
import dev.signalbox.schemas.Topics;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes records that nobody can be answered with or about, as they were, with the reason as headers; each is tried until
 * it is written.
 */
public final class DeadLetters {
    private static final Logger LOG = LoggerFactory.getLogger(DeadLetters.class);
    private static final long PAUSE_MILLIS = 1_000;

    private final RenewableProducer producer;
    private final ScheduledExecutorService timer;

    /**
     * @param producer belongs to the caller
     * @param timer short tasks only; it belongs to the caller
     */
    public DeadLetters(RenewableProducer producer, ScheduledExecutorService timer) {
        this.producer = producer;
        this.timer = timer;
    }

    /**
     * A record, where it was (to be) and why it is here.
     *
     * @param partition of the topic, -1 if it never had one
     * @param offset there, -1 if it never had one
     * @param reason stable upper-case word
     * @param message one sentence, free of content
     */
    record Letter(byte @Nullable [] key, byte @Nullable [] value, Iterable<Header> headers, String topic, int partition,
            long offset, String reason, String message) {
    }

    /** @param written run once it is acknowledged, on the producer's thread: it must be short */
    void write(Letter letter, Runnable written) {
        RecordHeaders headers = new RecordHeaders(letter.headers());
        add(headers, Headers.DEAD_LETTER_REASON, letter.reason());
        add(headers, Headers.DEAD_LETTER_MESSAGE, letter.message());
        add(headers, Headers.DEAD_LETTER_ORIGINAL_TOPIC, letter.topic());
        add(headers, Headers.DEAD_LETTER_ORIGINAL_PARTITION, Integer.toString(letter.partition()));
        add(headers, Headers.DEAD_LETTER_ORIGINAL_OFFSET, Long.toString(letter.offset()));
        producer.send(new ProducerRecord<>(Topics.DEAD_LETTERS, null, letter.key(), letter.value(), headers),
                (metadata, error) -> {
                    if (error == null) {
                        LOG.warn("a record of {}-{} at {} is a dead letter: {}", letter.topic(), letter.partition(),
                                letter.offset(), letter.reason());
                        written.run();
                    } else {
                        LOG.warn("dead letter of {}-{} at {} not written, trying again: {}", letter.topic(),
                                letter.partition(), letter.offset(), error.toString());
                        var _ = timer.schedule(() -> Thread.startVirtualThread(() -> write(letter, written)),
                                PAUSE_MILLIS, TimeUnit.MILLISECONDS);
                    }
                });
    }

    private static void add(RecordHeaders headers, String name, String value) {
        headers.add(name, value.getBytes(StandardCharsets.UTF_8));
    }
}
