package dev.signalbox.workers;

import dev.signalbox.schemas.avro.ChunkKind;
import dev.signalbox.schemas.avro.ToolCallStart;
import dev.signalbox.workers.reply.AnswerChannel;
import dev.signalbox.workers.router.VendorSignals;
import dev.signalbox.workers.vendor.TextSoFar;
import dev.signalbox.workers.vendor.TokenSink;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What comes of an attempt's answer, kept so that another one can go on from it, and passed on. An attempt that itself
 * goes on from a text publishes that first, with its own first token: whoever reads an attempt reads all of its answer,
 * and until then failing over is free. Holds at most {@value #MAX_CHARS} characters.
 */
final class AnswerSoFar implements TokenSink {
    static final int MAX_CHARS = 1 << 20;

    private final TokenSink next;
    private final AnswerChannel channel;
    private final Optional<TextSoFar> beginning;
    private final StringBuilder text = new StringBuilder();
    private Optional<String> obstacle = Optional.empty();
    private boolean begun;

    /**
     * @param next takes each token
     * @param channel where the beginning is published
     * @param beginning what the attempt goes on from
     */
    AnswerSoFar(TokenSink next, AnswerChannel channel, Optional<TextSoFar> beginning) {
        this.next = next;
        this.channel = channel;
        this.beginning = beginning;
        beginning.ifPresent(before -> text.append(before.text()));
    }

    @Override
    public void token(ChunkKind kind, int index, String delta, @Nullable ToolCallStart toolCall) {
        begin();
        keep(kind, index, delta);
        next.token(kind, index, delta, toolCall);
    }

    @Override
    public void sent() {
        next.sent();
    }

    @Override
    public void responded(Optional<VendorSignals> signals) {
        next.responded(signals);
    }

    @Override
    public boolean goesOn() {
        return next.goesOn();
    }

    /** Publishes the beginning, once: also an answer that adds nothing to it is read whole. */
    void begin() {
        if (!begun) {
            begun = true;
            beginning.ifPresent(before -> channel.carried(before.text()));
        }
    }

    private void keep(ChunkKind kind, int index, String delta) {
        if (obstacle.isPresent()) {
            return;
        }
        obstacle = switch (kind) {
            case TEXT -> index > 0
                    ? Optional.of("it was cut with several choices begun")
                    : text.length() + delta.length() > MAX_CHARS
                            ? Optional.of("it was cut after more than " + MAX_CHARS + " characters")
                            : Optional.empty();
            case TOOL_CALL -> Optional.of("it was cut in or behind a tool call");
            case REASONING -> Optional.of("it was cut in or behind the model's thinking");
            case REFUSAL -> Optional.of("it was cut in a refusal");
            case END -> throw new IllegalArgumentException("the end is no token");
        };
        if (obstacle.isEmpty()) {
            text.append(delta);
        } else {
            text.setLength(0);
        }
    }

    /** Why nobody can go on from it; empty: one can. */
    Optional<String> obstacle() {
        if (obstacle.isPresent()) {
            return obstacle;
        }
        String soFar = text();
        if (soFar.isEmpty()) {
            return Optional.of("it was cut before any text");
        }
        return StandardCharsets.UTF_16.newEncoder().canEncode(soFar)
                ? Optional.empty()
                : Optional.of("its text is no valid Unicode");
    }

    /**
     * What it goes on from and what has come, but for what vendors refuse at its end: white space of any kind, and the
     * first half of a character that was cut.
     */
    String text() {
        int end = text.length();
        while (end > 0 && isLeftOut(text.charAt(end - 1))) {
            end--;
        }
        return text.substring(0, end);
    }

    private static boolean isLeftOut(char last) {
        return Character.isWhitespace(last) || Character.isSpaceChar(last) || Character.isISOControl(last)
                || Character.isHighSurrogate(last);
    }
}
