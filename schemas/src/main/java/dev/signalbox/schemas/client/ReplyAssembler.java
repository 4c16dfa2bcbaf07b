package dev.signalbox.schemas.client;

import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.TokenChunk;
import java.util.List;

/** The reader's rule, with time as a parameter; for one thread. */
@SuppressWarnings("DoNotCallSuggester")
public final class ReplyAssembler {

    /**
     * @param maxLive requests followed at once
     * @param maxRemembered ended requests remembered
     * @param maxHeldBytes bytes of chunks behind gaps and of replies that wait for their END
     * @param maxHeldBytesPerRequest the same for one request
     */
    public record Bounds(int maxLive, int maxRemembered, long maxHeldBytes, long maxHeldBytesPerRequest) {
        /** 100,000 live, 1,000,000 remembered, 64 MiB, 4 MiB a request. */
        public static final Bounds DEFAULT = new Bounds(100_000, 1_000_000, 64L << 20, 4L << 20);
    }

    public ReplyAssembler(ReplyReaderOptions.Scope scope, Bounds bounds) {
        throw new UnsupportedOperationException("not yet");
    }

    /** False if there are {@link Bounds#maxLive} requests already, or this id is known. */
    public boolean expect(Expectation expectation, long nowMillis) {
        return false;
    }

    public List<ReplyEvent> onChunk(TokenChunk chunk, long nowMillis) {
        return List.of();
    }

    public List<ReplyEvent> onReply(LlmReply reply, long nowMillis) {
        return List.of();
    }

    /** What the passing of time brings. */
    public List<ReplyEvent> tick(long nowMillis) {
        return List.of();
    }
}
