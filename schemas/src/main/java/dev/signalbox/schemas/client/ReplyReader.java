package dev.signalbox.schemas.client;

import dev.signalbox.schemas.avro.LlmReply;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** Follows replies and tokens on a thread of its own. */
@SuppressWarnings("DoNotCallSuggester")
public final class ReplyReader implements AutoCloseable {

    /**
     * @param clientConfig any Kafka client property, and the registry's ({@code schema.registry.url}, ...)
     */
    public static ReplyReader open(Map<String, ?> clientConfig, ReplyReaderOptions options, ReplyListener listener) {
        throw new UnsupportedOperationException("not yet");
    }

    /**
     * The terminal reply to come; call it before the request is sent. It fails with
     * {@link java.util.concurrent.TimeoutException} when none can come any more.
     */
    public CompletableFuture<LlmReply> expect(Expectation expectation) {
        throw new UnsupportedOperationException("not yet");
    }

    /** {@link #expect} of any hash, a day to live. */
    public CompletableFuture<LlmReply> await(String requestId) {
        return expect(new Expectation(requestId, Expectation.ANY_HASH, Duration.ofDays(1), Expectation.Preview.TOKENS));
    }

    /** Stops reading; replies still awaited fail. */
    @Override
    public void close() {
        throw new UnsupportedOperationException("not yet");
    }
}
