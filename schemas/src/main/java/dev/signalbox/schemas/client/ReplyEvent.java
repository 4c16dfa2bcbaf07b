package dev.signalbox.schemas.client;

import dev.signalbox.schemas.avro.AttemptId;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.TokenChunk;

/** What a reader of one request learns, in order. */
public sealed interface ReplyEvent {
    String requestId();

    /** More of the preview: the chunk's delta goes behind what was shown so far. Never an END chunk. */
    record TextAppended(TokenChunk chunk) implements ReplyEvent {
        @Override
        public String requestId() {
            return chunk.getRequestId();
        }
    }

    /** Another attempt took over: forget what was shown, the text starts again from nothing. */
    record Restarted(String requestId, AttemptId attempt) implements ReplyEvent {
    }

    /**
     * The request has ended; nothing comes after it.
     *
     * @param textReplaced whether what was shown (if anything) is not known to be the answer: show the reply's body instead
     */
    record Ended(LlmReply reply, boolean textReplaced) implements ReplyEvent {
        @Override
        public String requestId() {
            return reply.getRequestId();
        }
    }

    /** No terminal reply came until the request's time to live + 1 h, after which none can come. */
    record Abandoned(String requestId) implements ReplyEvent {
    }
}
