package dev.signalbox.schemas;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;

/**
 * What a dead letter says of the record that it was. It is told in headers behind the original's own: in ours, in those
 * of Spring's {@code DeadLetterPublishingRecoverer} with its encodings (a 4-byte partition, an 8-byte offset and
 * timestamp), and in those of Kafka Connect, which are text. Key and value of the record are the original's.
 *
 * @param reason stable upper-case word
 * @param message one sentence, free of content; what is longer than {@value #MAX_MESSAGE} characters is cut when written
 * @param topic where it was, or was to be
 * @param partition -1 if it never had one
 * @param offset -1 if it never had one
 * @param timestampMillis append time of the original, ms; negative if it is not known
 * @param end of a range of offsets that retention took: the first one behind it
 */
public record DeadLetter(String reason, String message, String topic, int partition, long offset,
        long timestampMillis, OptionalLong end) {
    /** Characters of a message that are written. */
    public static final int MAX_MESSAGE = 1_000;
    /** What these headers add to a record, bytes, at most. */
    public static final int MAX_BYTES = 16_384;

    private static final Set<String> OWN = Set.of(Headers.DEAD_LETTER_REASON, Headers.DEAD_LETTER_MESSAGE,
            Headers.DEAD_LETTER_END_OFFSET);
    private static final List<String> PREFIXES = List.of(Headers.SPRING_DEAD_LETTER_PREFIX,
            Headers.CONNECT_ERRORS_PREFIX);

    /** The same with another message. */
    public DeadLetter saying(String other) {
        return new DeadLetter(reason, other, topic, partition, offset, timestampMillis, end);
    }

    /** Its headers, but for the end of a range, which the record itself has. */
    public List<Header> headers() {
        String told = message.length() <= MAX_MESSAGE ? message : message.substring(0, MAX_MESSAGE);
        List<Header> headers = new ArrayList<>();
        headers.add(text(Headers.DEAD_LETTER_REASON, reason));
        headers.add(text(Headers.DEAD_LETTER_MESSAGE, told));
        headers.add(text(Headers.DEAD_LETTER_ORIGINAL_TOPIC, topic));
        headers.add(new RecordHeader(Headers.DEAD_LETTER_ORIGINAL_PARTITION,
                ByteBuffer.allocate(Integer.BYTES).putInt(partition).array()));
        headers.add(number(Headers.DEAD_LETTER_ORIGINAL_OFFSET, offset));
        if (timestampMillis >= 0) {
            headers.add(number(Headers.DEAD_LETTER_ORIGINAL_TIMESTAMP, timestampMillis));
        }
        Lane.ofTopic(topic).ifPresent(
                lane -> headers.add(text(Headers.DEAD_LETTER_ORIGINAL_CONSUMER_GROUP, lane.consumerGroup())));
        headers.add(text(Headers.DEAD_LETTER_EXCEPTION_MESSAGE, reason + ": " + told));
        headers.add(text(Headers.CONNECT_ERRORS_PREFIX + "topic", topic));
        headers.add(text(Headers.CONNECT_ERRORS_PREFIX + "partition", Integer.toString(partition)));
        headers.add(text(Headers.CONNECT_ERRORS_PREFIX + "offset", Long.toString(offset)));
        headers.add(text(Headers.CONNECT_ERRORS_PREFIX + "exception.message", reason + ": " + told));
        return headers;
    }

    /** Of a record of {@code llm.dead-letters}; empty if its headers are not those of one. */
    public static Optional<DeadLetter> of(org.apache.kafka.common.header.Headers headers) {
        Optional<String> reason = last(headers, Headers.DEAD_LETTER_REASON).map(DeadLetter::text);
        Optional<String> topic = last(headers, Headers.DEAD_LETTER_ORIGINAL_TOPIC).map(DeadLetter::text);
        OptionalLong partition = number(headers, Headers.DEAD_LETTER_ORIGINAL_PARTITION, Integer.BYTES);
        OptionalLong offset = number(headers, Headers.DEAD_LETTER_ORIGINAL_OFFSET, Long.BYTES);
        if (reason.isEmpty() || topic.isEmpty() || partition.isEmpty() || offset.isEmpty()) {
            return Optional.empty();
        }
        OptionalLong end = OptionalLong.empty();
        try {
            end = last(headers, Headers.DEAD_LETTER_END_OFFSET).map(DeadLetter::text).map(Long::parseLong)
                    .map(OptionalLong::of).orElse(end);
        } catch (NumberFormatException forged) {
            // A producer's own header of that name says nothing.
        }
        return Optional.of(new DeadLetter(reason.get(),
                last(headers, Headers.DEAD_LETTER_MESSAGE).map(DeadLetter::text).orElse(""), topic.get(),
                (int) partition.getAsLong(), offset.getAsLong(),
                number(headers, Headers.DEAD_LETTER_ORIGINAL_TIMESTAMP, Long.BYTES).orElse(-1), end));
    }

    /** The original's own headers, in their order. */
    public static List<Header> originals(org.apache.kafka.common.header.Headers headers) {
        List<Header> own = new ArrayList<>();
        for (Header header : headers) {
            if (!OWN.contains(header.key()) && PREFIXES.stream().noneMatch(header.key()::startsWith)) {
                own.add(header);
            }
        }
        return own;
    }

    private static Header text(String name, String value) {
        return new RecordHeader(name, value.getBytes(StandardCharsets.UTF_8));
    }

    private static Header number(String name, long value) {
        return new RecordHeader(name, ByteBuffer.allocate(Long.BYTES).putLong(value).array());
    }

    private static String text(byte[] value) {
        return new String(value, StandardCharsets.UTF_8);
    }

    private static Optional<byte[]> last(org.apache.kafka.common.header.Headers headers, String name) {
        return Optional.ofNullable(headers.lastHeader(name)).map(Header::value);
    }

    private static OptionalLong number(org.apache.kafka.common.header.Headers headers, String name, int bytes) {
        Optional<byte[]> value = last(headers, name).filter(given -> given.length == bytes);
        if (value.isEmpty()) {
            return OptionalLong.empty();
        }
        ByteBuffer buffer = ByteBuffer.wrap(value.get());
        return OptionalLong.of(bytes == Integer.BYTES ? buffer.getInt() : buffer.getLong());
    }
}
