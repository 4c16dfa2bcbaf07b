package dev.signalbox.schemas.client;

import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.avro.LlmRequest;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.header.Header;

/** Sends requests; thread-safe. */
@SuppressWarnings("DoNotCallSuggester")
public final class RequestProducer implements AutoCloseable {

    /**
     * @param clientConfig any Kafka client property, and the registry's ({@code schema.registry.url}, ...)
     */
    public static RequestProducer open(Map<String, ?> clientConfig, RequestProducerOptions options,
            FailedSendListener listener) {
        throw new UnsupportedOperationException("not yet");
    }

    /**
     * Checks, serializes and places a request without sending it.
     *
     * @throws InvalidRequestException listing all faults
     * @throws org.apache.kafka.common.errors.UnknownTopicOrPartitionException if the lane's topic does not exist
     */
    public PreparedRequest prepare(Lane lane, LlmRequest request, Iterable<Header> extraHeaders) {
        throw new UnsupportedOperationException("not yet");
    }

    /** Sends what was prepared; every failure comes through the future and to the listener. */
    public CompletableFuture<SentRequest> send(PreparedRequest request) {
        throw new UnsupportedOperationException("not yet");
    }

    /** {@link #prepare} and send. */
    public CompletableFuture<SentRequest> send(Lane lane, LlmRequest request, Iterable<Header> extraHeaders) {
        return send(prepare(lane, request, extraHeaders));
    }

    /** Waits until everything sent so far is acknowledged or has failed; false if time ran out. */
    public boolean flush(Duration limit) throws InterruptedException {
        throw new UnsupportedOperationException("not yet");
    }

    /** Waits for what is in flight up to the limit; what is left then fails. */
    public void close(Duration limit) {
        throw new UnsupportedOperationException("not yet");
    }

    /** {@link #close(Duration)} with 30 s. */
    @Override
    public void close() {
        close(Duration.ofSeconds(30));
    }
}
