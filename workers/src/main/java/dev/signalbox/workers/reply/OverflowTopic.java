package dev.signalbox.workers.reply;

import dev.signalbox.schemas.Headers;
import dev.signalbox.workers.intake.InboundRequest;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Publishes requests of noisy tenants to their lane's overflow topic: byte for byte as they came, one hop on, with the first
 * record's append time, and in the partition of the same number, so that a tenant's shard is his there too and his requests
 * keep their order.
 */
public final class OverflowTopic {
    private static final Logger LOG = LoggerFactory.getLogger(OverflowTopic.class);
    /** Headers that are written anew, or that say why it came later before. */
    private static final Set<String> OF_THE_HOP = Set.of(Headers.HOP, Headers.FIRST_ENQUEUED, Headers.DELAY,
            Headers.PARKED_ROUTE, Headers.LINE);

    private final String topic;
    private final RenewableProducer producer;

    /** What became of it, told on the producer's thread: it is short. */
    public interface Outcome {
        /** It is acknowledged there. */
        void written(int partition, long offset);

        /** It is not known to be written. */
        void failed();
    }

    /**
     * @param topic the lane's overflow topic
     * @param producer belongs to the caller
     */
    public OverflowTopic(String topic, RenewableProducer producer) {
        this.topic = topic;
        this.producer = producer;
    }

    /**
     * Publishes one whose record is at hand.
     *
     * @throws IllegalArgumentException if it is not
     */
    public void publish(InboundRequest request, Outcome outcome) {
        ConsumerRecord<byte[], byte[]> source = request.source();
        if (source == null) {
            throw new IllegalArgumentException("without its record it cannot be published again: " + request.id());
        }
        byte[] key = source.key() == null ? request.id().getBytes(StandardCharsets.UTF_8) : source.key();
        Integer partition = producer.mayHave(topic, source.partition()) ? source.partition() : null;
        producer.send(new ProducerRecord<>(topic, partition, key, source.value(), headers(request, source)),
                (metadata, error) -> {
                    if (error == null) {
                        outcome.written(metadata.partition(), metadata.offset());
                    } else {
                        LOG.warn("request {} was not published to {} and waits here: {}", request.id(), topic,
                                error.toString());
                        outcome.failed();
                    }
                });
    }

    private static RecordHeaders headers(InboundRequest request, ConsumerRecord<byte[], byte[]> source) {
        RecordHeaders headers = new RecordHeaders();
        for (Header header : source.headers()) {
            if (!OF_THE_HOP.contains(header.key())) {
                headers.add(header);
            }
        }
        headers.add(Headers.HOP, number(request.hop() + 1));
        headers.add(Headers.FIRST_ENQUEUED, number(request.firstEnqueuedMillis()));
        return headers;
    }

    private static byte[] number(long value) {
        return Long.toString(value).getBytes(StandardCharsets.US_ASCII);
    }
}
