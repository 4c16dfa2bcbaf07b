package dev.signalbox.workers.reply;

import dev.signalbox.schemas.Headers;
import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.intake.Onward;
import dev.signalbox.workers.intake.ParkedLines;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Publishes requests again, to come later: byte for byte as they came, with what they have been through as headers. The
 * first record's append time goes with them, so neither time to live nor place in line begins anew.
 */
public final class RetryTopic implements Onward {
    private static final Logger LOG = LoggerFactory.getLogger(RetryTopic.class);
    /** Headers that each hop writes anew. */
    private static final Set<String> OF_THE_HOP = Set.of(Headers.HOP, Headers.FIRST_ENQUEUED, Headers.DELAY,
            Headers.EXPIRES, Headers.PARKED_ROUTE, Headers.HISTORY);

    /** Those that are written anew whoever publishes it again. */
    private static final Set<String> OF_EACH_HOP = Set.of(Headers.HOP, Headers.FIRST_ENQUEUED, Headers.DELAY);

    private final String topic;
    private final RenewableProducer producer;
    private final ParkedLines lines = new ParkedLines();

    /**
     * @param topic the lane's retry topic
     * @param producer belongs to the caller
     */
    public RetryTopic(String topic, RenewableProducer producer) {
        this.topic = topic;
        this.producer = producer;
    }

    /**
     * Why a request comes later.
     *
     * @param delay how long it may not be served; what exceeds a hop (60 s) is spent in further ones
     * @param parkedRoute the route that had no room for it, if that is why
     * @param line the one that it stands in, see {@link ParkedLines}; empty: as before
     * @param history what it has been through, if it was served: {@code RequestHistory}
     */
    public record Later(Duration delay, Optional<String> parkedRoute, Optional<String> line,
            Optional<byte[]> history) {
    }

    /** Whether it can be published again: its record is at hand. */
    public static boolean takes(InboundRequest request) {
        return request.source() != null;
    }

    /**
     * Publishes one whose record is at hand.
     *
     * @param written told when it is acknowledged, on the producer's thread: it must be short
     * @param failed told when it is not known to be written; the same
     */
    public void publish(InboundRequest request, Later later, Consumer<InboundRequest> written,
            Consumer<InboundRequest> failed) {
        ConsumerRecord<byte[], byte[]> source = request.source();
        if (source == null) {
            throw new IllegalArgumentException("without its record it cannot be published again: " + request.id());
        }
        byte[] key = source.key() == null ? request.id().getBytes(StandardCharsets.UTF_8) : source.key();
        send(new ProducerRecord<>(topic, null, key, source.value(), headers(request, source, later)),
                request.firstEnqueuedMillis(), error -> {
                    if (error == null) {
                        written.accept(request);
                    } else {
                        LOG.warn("request {} was not published to {} and goes on waiting here: {}", request.id(), topic,
                                error.toString());
                        failed.accept(request);
                    }
                });
    }

    @Override
    public void publish(Waiting waiting, Runnable written, Runnable failed) {
        ConsumerRecord<byte[], byte[]> source = waiting.source();
        RecordHeaders headers = new RecordHeaders();
        for (Header header : source.headers()) {
            if (!OF_EACH_HOP.contains(header.key())) {
                headers.add(header);
            }
        }
        add(headers, Headers.HOP, Integer.toString(waiting.hop() + 1));
        add(headers, Headers.FIRST_ENQUEUED, Long.toString(waiting.firstEnqueuedMillis()));
        add(headers, Headers.DELAY, Long.toString(waiting.rest().toMillis()));
        send(new ProducerRecord<>(topic, null, source.key(), source.value(), headers), waiting.firstEnqueuedMillis(),
                error -> {
                    if (error == null) {
                        written.run();
                    } else {
                        LOG.warn("a record was not published to {} again and waits on here: {}", topic,
                                error.toString());
                        failed.run();
                    }
                });
    }

    @Override
    public ParkedLines lines() {
        return lines;
    }

    /** Those that are parked stand in their lines from now on. */
    private void send(ProducerRecord<byte[], byte[]> record, long enqueuedMillis,
            Consumer<@Nullable Exception> answered) {
        String line = record.headers().lastHeader(Headers.PARKED_ROUTE) == null ? "" : text(record, Headers.LINE);
        if (line.isEmpty()) {
            producer.send(record, (metadata, error) -> answered.accept(error));
            return;
        }
        lines.hold(line, enqueuedMillis);
        producer.send(record, (metadata, error) -> {
            if (error == null) {
                lines.appended(line, enqueuedMillis, new TopicPartition(metadata.topic(), metadata.partition()),
                        metadata.offset());
            } else {
                lines.release(line, enqueuedMillis);
            }
            answered.accept(error);
        });
    }

    private static String text(ProducerRecord<byte[], byte[]> record, String name) {
        Header header = record.headers().lastHeader(name);
        return header == null || header.value() == null ? "" : new String(header.value(), StandardCharsets.UTF_8);
    }

    private static RecordHeaders headers(InboundRequest request, ConsumerRecord<byte[], byte[]> source, Later later) {
        RecordHeaders headers = new RecordHeaders();
        for (Header header : source.headers()) {
            if (!OF_THE_HOP.contains(header.key())
                    && (later.line.isEmpty() || !header.key().equals(Headers.LINE))) {
                headers.add(header);
            }
        }
        add(headers, Headers.HOP, Integer.toString(request.hop() + 1));
        add(headers, Headers.FIRST_ENQUEUED, Long.toString(request.firstEnqueuedMillis()));
        add(headers, Headers.DELAY, Long.toString(later.delay.toMillis()));
        add(headers, Headers.EXPIRES, Long.toString(request.expiresAtMillis()));
        later.parkedRoute.ifPresent(route -> add(headers, Headers.PARKED_ROUTE, route));
        later.line.ifPresent(line -> add(headers, Headers.LINE, line));
        later.history.or(() -> before(source)).ifPresent(history -> headers.add(Headers.HISTORY, history));
        return headers;
    }

    /** What it had been through when it came, which is still all. */
    private static Optional<byte[]> before(ConsumerRecord<byte[], byte[]> source) {
        return Optional.ofNullable(source.headers().lastHeader(Headers.HISTORY)).map(Header::value);
    }

    private static void add(RecordHeaders headers, String name, String value) {
        headers.add(name, value.getBytes(StandardCharsets.UTF_8));
    }
}
