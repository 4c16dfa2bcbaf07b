package dev.signalbox.workers.vendor;

import dev.signalbox.schemas.avro.ChunkKind;
import dev.signalbox.schemas.avro.ToolCallStart;
import dev.signalbox.workers.router.VendorSignals;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Takes the tokens of one attempt as they arrive, in order, on the calling thread; it may block to push back. */
public interface TokenSink {
    /** Drops everything: the caller wants no tokens. */
    TokenSink NONE = (kind, index, delta, toolCall) -> {
    };

    /**
     * @param index of the choice, or of the tool call under {@link ChunkKind#TOOL_CALL}
     * @param delta new text; a fragment of the arguments' JSON under {@link ChunkKind#TOOL_CALL}
     * @param toolCall set on the first delta of a tool call
     */
    void token(ChunkKind kind, int index, String delta, @Nullable ToolCallStart toolCall);

    /** The request is written; on the calling thread, once more if it had to be sent again. */
    default void sent() {
    }

    /**
     * The response's head has come; before any token, on the calling thread.
     *
     * @param signals what it says of limits, if anything
     */
    default void responded(Optional<VendorSignals> signals) {
    }

    /** Asked about fifty times a second while the call runs, from another thread: false cuts the call. Must be short. */
    default boolean goesOn() {
        return true;
    }
}
