package dev.signalbox.workers.reply;

import dev.signalbox.schemas.RequestHash;
import dev.signalbox.schemas.avro.AttemptId;
import dev.signalbox.schemas.avro.ChunkEnd;
import dev.signalbox.schemas.avro.ChunkEndStatus;
import dev.signalbox.schemas.avro.ChunkKind;
import dev.signalbox.schemas.avro.TokenChunk;
import dev.signalbox.schemas.avro.ToolCallStart;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The chunks of one attempt, as a pure model: tokens and the time in, chunks out. The first token leaves at once; what
 * follows within the coalescing time of the last chunk is gathered into one, as long as it is of one kind and index.
 * The END chunk carries the count and the hash over all deltas.
 *
 * <p>INVARIANT: chunks leave numbered 0, 1, 2 … without a gap; nothing leaves after END. Not thread-safe.
 */
final class AnswerStream {
    /** A gathered delta leaves at this length whatever the time, so that no chunk grows beyond a record. */
    private static final int MAX_DELTA_CHARS = 32_768;

    private final String requestId;
    private final AttemptId attempt;
    private final LongSupplier coalesceNanos;
    private final Consumer<TokenChunk> out;
    private final MessageDigest hash = RequestHash.sha256();
    private final StringBuilder gathered = new StringBuilder();
    private ChunkKind kind = ChunkKind.TEXT;
    private int index;
    private @Nullable ToolCallStart toolCall;
    private boolean holding;
    private int seq;
    private long lastSentNanos;
    private boolean ended;

    /** @param coalesceNanos asked for each token: it may grow under load */
    AnswerStream(String requestId, AttemptId attempt, LongSupplier coalesceNanos,
            Consumer<TokenChunk> out) {
        this.requestId = requestId;
        this.attempt = attempt;
        this.coalesceNanos = coalesceNanos;
        this.out = out;
    }

    /**
     * Sends the text that the attempt goes on from, in as many chunks as it needs.
     *
     * @throws IllegalStateException if anything was taken before it
     */
    void carried(String text, long nowNanos) {
        if (seq > 0 || holding || ended) {
            throw new IllegalStateException("carried text after the beginning of attempt " + attempt);
        }
        for (int from = 0; from < text.length();) {
            int to = Math.min(text.length(), from + MAX_DELTA_CHARS);
            if (to < text.length() && Character.isHighSurrogate(text.charAt(to - 1))) {
                to--;
            }
            out(ChunkKind.TEXT, 0, text.substring(from, to), null, true);
            from = to;
        }
        lastSentNanos = nowNanos;
    }

    /** Takes a token; returns whether something is held back that {@link #flush} must send within the coalescing time. */
    boolean token(ChunkKind newKind, int newIndex, String delta, @Nullable ToolCallStart newToolCall, long nowNanos) {
        if (ended) {
            throw new IllegalStateException("token after END of attempt " + attempt);
        }
        if (holding && (newKind != kind || newIndex != index || newToolCall != null
                || gathered.length() + delta.length() > MAX_DELTA_CHARS)) {
            flush(nowNanos);
        }
        kind = newKind;
        index = newIndex;
        if (newToolCall != null) {
            toolCall = newToolCall;
        }
        gathered.append(delta);
        holding = true;
        if (seq == 0 || nowNanos - lastSentNanos >= coalesceNanos.getAsLong()) {
            flush(nowNanos);
        }
        return holding;
    }

    /** Whether something is held back. */
    boolean holding() {
        return holding;
    }

    /** Sends what is held back. */
    void flush(long nowNanos) {
        if (!holding) {
            return;
        }
        String delta = gathered.toString();
        gathered.setLength(0);
        out(kind, index, delta, toolCall, false);
        toolCall = null;
        holding = false;
        lastSentNanos = nowNanos;
    }

    private void out(ChunkKind ofKind, int ofIndex, String delta, @Nullable ToolCallStart start, boolean carried) {
        hash.update(delta.getBytes(StandardCharsets.UTF_8));
        out.accept(new TokenChunk(requestId, attempt, seq++, ofKind, ofIndex, delta, start, null, carried));
    }

    /** Sends what is held back, then END. Later calls do nothing. */
    void end(ChunkEndStatus status, long nowNanos) {
        if (ended) {
            return;
        }
        flush(nowNanos);
        ended = true;
        out.accept(new TokenChunk(requestId, attempt, seq, ChunkKind.END, 0, "", null,
                new ChunkEnd(status, seq, RequestHash.hex(hash.digest())), false));
    }

    /** Whether any token has left for the caller. */
    boolean published() {
        return seq > 0;
    }
}
