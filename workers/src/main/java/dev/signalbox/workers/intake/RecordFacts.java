package dev.signalbox.workers.intake;

import dev.signalbox.schemas.Headers;
import java.nio.charset.StandardCharsets;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;

/** What a record says of itself beside its value. */
final class RecordFacts {

    private RecordFacts() {
    }

    /** Serialized key, value and headers. */
    static int sizeBytes(ConsumerRecord<byte[], byte[]> source) {
        int bytes = Math.max(0, source.serializedKeySize()) + Math.max(0, source.serializedValueSize());
        for (Header header : source.headers()) {
            bytes += header.key().length() + (header.value() == null ? 0 : header.value().length);
        }
        return bytes;
    }

    /**
     * Append time of the first record, ms on the broker's clock. A header later than the record's own append time, or one
     * that is no number, does not count.
     */
    static long firstEnqueuedMillis(ConsumerRecord<byte[], byte[]> source) {
        return Math.min(source.timestamp(), number(source, Headers.FIRST_ENQUEUED, source.timestamp()));
    }

    /** How often it was published again; 0 where the header is missing or no number. */
    static int hop(ConsumerRecord<byte[], byte[]> source) {
        return (int) Math.min(Integer.MAX_VALUE, number(source, Headers.HOP, 0));
    }

    /** How long after its append time this hop ends, ms; 0 for what is not from a retry topic. */
    static long delayMillis(ConsumerRecord<byte[], byte[]> source) {
        return Math.min(Postponed.MAX_DELAY_MILLIS, number(source, Headers.DELAY, 0));
    }

    /** What of its pause is left when this hop ends, ms. */
    static long furtherDelayMillis(ConsumerRecord<byte[], byte[]> source) {
        return number(source, Headers.DELAY, 0) - delayMillis(source);
    }

    /** When its time to live ends, ms on the broker's clock; 0 where nobody says so. */
    static long expiresMillis(ConsumerRecord<byte[], byte[]> source) {
        return number(source, Headers.EXPIRES, 0);
    }

    /** Strikes that it brought along from where it was before; 0 for what was not published again. */
    static int strikes(ConsumerRecord<byte[], byte[]> source) {
        return hop(source) == 0 ? 0 : (int) Math.min(PartitionTrial.STRIKES, number(source, Headers.STRIKES, 0));
    }

    /** From now on it takes so many strikes along, wherever it is published again. */
    static void strike(ConsumerRecord<byte[], byte[]> source, int strikes) {
        source.headers().remove(Headers.STRIKES).add(Headers.STRIKES,
                Integer.toString(strikes).getBytes(StandardCharsets.UTF_8));
    }

    /** The route that had no room for it; empty if it was not parked. */
    static String parkedRoute(ConsumerRecord<byte[], byte[]> source) {
        return text(source, Headers.PARKED_ROUTE);
    }

    /** The line that it stands in; empty where the header is missing. */
    static String line(ConsumerRecord<byte[], byte[]> source) {
        return text(source, Headers.LINE);
    }

    /** Whether it was served before, as its history tells. */
    static boolean isTried(ConsumerRecord<byte[], byte[]> source) {
        return source.headers().lastHeader(Headers.HISTORY) != null;
    }

    private static String text(ConsumerRecord<byte[], byte[]> source, String name) {
        Header header = source.headers().lastHeader(name);
        return header == null || header.value() == null ? "" : new String(header.value(), StandardCharsets.UTF_8);
    }

    private static long number(ConsumerRecord<byte[], byte[]> source, String name, long otherwise) {
        Header header = source.headers().lastHeader(name);
        if (header == null || header.value() == null || header.value().length > 18) {
            return otherwise;
        }
        String text = new String(header.value(), StandardCharsets.US_ASCII);
        return !text.isEmpty() && text.chars().allMatch(c -> c >= '0' && c <= '9')
                ? Long.parseLong(text)
                : otherwise;
    }
}
