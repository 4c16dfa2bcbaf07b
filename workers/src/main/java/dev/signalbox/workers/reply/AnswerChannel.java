package dev.signalbox.workers.reply;

import dev.signalbox.schemas.avro.ChunkEndStatus;
import dev.signalbox.schemas.avro.ChunkKind;
import dev.signalbox.schemas.avro.ToolCallStart;
import dev.signalbox.workers.vendor.TokenSink;
import org.jspecify.annotations.Nullable;

/** Where one attempt's tokens go on their way to the caller. */
public interface AnswerChannel extends TokenSink {
    /** For a caller who wants no chunks: nothing is ever published, so that failover stays free. */
    AnswerChannel NONE = new AnswerChannel() {
        @Override
        public void token(ChunkKind kind, int index, String delta, @Nullable ToolCallStart toolCall) {
        }

        @Override
        public void carried(String text) {
        }

        @Override
        public boolean published() {
            return false;
        }

        @Override
        public void end(ChunkEndStatus status) {
        }
    };

    /** Publishes the text that the attempt goes on from, whole and at once; before its first token. */
    void carried(String text);

    /** Whether the caller may have seen any token of this attempt. */
    boolean published();

    /**
     * Sends what is held back and the END chunk, if anything was published, and waits until all chunks are acknowledged
     * or given up: chunks are a preview, and one that cannot be written never holds back the reply.
     */
    void end(ChunkEndStatus status);
}
