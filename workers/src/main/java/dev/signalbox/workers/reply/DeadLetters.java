package dev.signalbox.workers.reply;

import dev.signalbox.schemas.DeadLetter;
import dev.signalbox.schemas.Topics;
import java.util.Arrays;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes records that cannot be served, and replies that could not be written in time, as they were, with the reason as
 * headers; each is tried until it is written.
 */
public final class DeadLetters {
    private static final Logger LOG = LoggerFactory.getLogger(DeadLetters.class);
    private static final long PAUSE_MILLIS = 1_000;

    private final RenewableProducer producer;
    private final ScheduledExecutorService timer;
    private final Consumer<String> reasons;

    /**
     * @param producer belongs to the caller
     * @param timer short tasks only; it belongs to the caller
     * @param reasons told the reason of each that is acknowledged, on the producer's thread: short
     */
    public DeadLetters(RenewableProducer producer, ScheduledExecutorService timer, Consumer<String> reasons) {
        this.producer = producer;
        this.timer = timer;
        this.reasons = reasons;
    }

    /** A record, and why it is here. */
    record Letter(byte @Nullable [] key, byte @Nullable [] value, Iterable<Header> headers, DeadLetter why) {
        /** Of a value that was compressed, and is beyond every limit as it is: its first half, which says so. */
        Letter halved(byte[] whole) {
            byte[] half = Arrays.copyOf(whole, whole.length / 2);
            return new Letter(key, half, headers, why.saying("Only the first " + half.length + " bytes of it are kept. "
                    + why.message().replaceFirst("^Only the first [0-9]+ bytes of it are kept\\. ", "")));
        }
    }

    /** @param written run once it is acknowledged, on the producer's thread: it must be short */
    void write(Letter letter, Runnable written) {
        DeadLetter why = letter.why();
        RecordHeaders headers = new RecordHeaders(letter.headers());
        why.headers().forEach(headers::add);
        producer.send(new ProducerRecord<>(Topics.DEAD_LETTERS, null, letter.key(), letter.value(), headers),
                (metadata, error) -> {
                    if (error == null) {
                        LOG.warn("a record of {}-{} at {} is a dead letter: {}", why.topic(), why.partition(),
                                why.offset(), why.reason());
                        reasons.accept(why.reason());
                        written.run();
                    } else if (error instanceof RecordTooLargeException && letter.value() != null
                            && letter.value().length > 0) {
                        LOG.warn(
                                "dead letter of {}-{} at {} is too large for its topic, the first half of it is kept: {}",
                                why.topic(), why.partition(), why.offset(), error.toString());
                        Letter smaller = letter.halved(letter.value());
                        Thread.startVirtualThread(() -> write(smaller, written));
                    } else {
                        LOG.warn("dead letter of {}-{} at {} not written, trying again: {}", why.topic(),
                                why.partition(), why.offset(), error.toString());
                        var _ = timer.schedule(() -> Thread.startVirtualThread(() -> write(letter, written)),
                                PAUSE_MILLIS, TimeUnit.MILLISECONDS);
                    }
                });
    }
}
