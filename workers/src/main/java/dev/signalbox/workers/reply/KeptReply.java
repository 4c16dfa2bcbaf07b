package dev.signalbox.workers.reply;

import dev.signalbox.schemas.avro.LlmReply;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;

/**
 * A reply that is remembered for as long as its id is, encoded: some thirty objects a reply, minutes old and rarely looked at,
 * would make up most of what the garbage collector copies.
 */
final class KeptReply {
    private final ByteBuffer encoded;

    private KeptReply(ByteBuffer encoded) {
        this.encoded = encoded;
    }

    static KeptReply of(LlmReply reply) {
        try {
            return new KeptReply(reply.toByteBuffer());
        } catch (IOException e) {
            throw new UncheckedIOException("nothing is written but to memory", e);
        }
    }

    /** A copy of what it was made of, the caller's own. */
    LlmReply reply() {
        try {
            return LlmReply.fromByteBuffer(encoded.duplicate());
        } catch (IOException e) {
            throw new UncheckedIOException("nothing is read but what was written by the same schema", e);
        }
    }

    int bytes() {
        return encoded.capacity();
    }
}
