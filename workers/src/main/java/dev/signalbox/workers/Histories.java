package dev.signalbox.workers;

import dev.signalbox.schemas.Headers;
import dev.signalbox.schemas.avro.RequestHistory;
import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.router.RouteDecision.Rule;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import org.apache.avro.AvroRuntimeException;
import org.apache.avro.message.MessageEncoder;
import org.apache.avro.message.SchemaStore;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What requests that are published again have been through, on their way as a header. */
final class Histories {
    private static final Logger LOG = LoggerFactory.getLogger(Histories.class);
    private static final MessageEncoder<RequestHistory> ENCODER = RequestHistory.getEncoder();
    private static final SchemaStore NO_OTHERS = new SchemaStore.Cache();

    private Histories() {
    }

    static byte[] encode(RequestHistory history) {
        try {
            ByteBuffer encoded = ENCODER.encode(history);
            byte[] bytes = new byte[encoded.remaining()];
            encoded.get(bytes);
            return bytes;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Of a request that was published again; empty for any other, and where another version wrote it in a way that is not
     * known here: such a request begins anew, within its time to live.
     */
    static Optional<RequestHistory> of(InboundRequest request) {
        ConsumerRecord<byte[], byte[]> source = request.source();
        Header header = source == null || request.hop() == 0 ? null : source.headers().lastHeader(Headers.HISTORY);
        if (header == null || header.value() == null) {
            return Optional.empty();
        }
        try {
            RequestHistory history = RequestHistory.createDecoder(NO_OTHERS).decode(header.value());
            Rule.valueOf(history.getRule());
            return Optional.of(history);
        } catch (IOException | AvroRuntimeException | IllegalArgumentException e) {
            LOG.warn("what request {} has been through cannot be read; it begins anew: {}", request.id(), e.toString());
            return Optional.empty();
        }
    }
}
