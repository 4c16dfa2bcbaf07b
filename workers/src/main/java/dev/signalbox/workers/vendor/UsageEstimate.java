package dev.signalbox.workers.vendor;

import dev.signalbox.schemas.avro.TokenUsage;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/** Guesses what a cut stream leaves unsaid. */
public final class UsageEstimate {
    /** Characters of English text and JSON in one token, about. */
    private static final int CHARS_PER_TOKEN = 4;
    /** Data in the request whose tokens do not follow from its length: of OpenAI, of Anthropic. */
    private static final List<byte[]> INLINE_DATA = List.of(";base64,".getBytes(StandardCharsets.US_ASCII),
            "\"base64\"".getBytes(StandardCharsets.US_ASCII));

    private UsageEstimate() {
    }

    /**
     * What a cut answer has used: the vendor's running count if it gave one, else guessed from lengths.
     *
     * @param request the request's body; its tokens are not guessed where it holds an image or a document
     * @param answerChars characters of all deltas so far
     */
    public static TokenUsage of(Optional<TokenUsage> running, byte[] request, long answerChars) {
        TokenUsage usage = running.map(counted -> TokenUsage.newBuilder(counted).build()).orElseGet(TokenUsage::new);
        if (usage.getInputTokens() == null && INLINE_DATA.stream().noneMatch(data -> holds(request, data))) {
            usage.setInputTokens((long) Math.ceilDiv(request.length, CHARS_PER_TOKEN));
        }
        long guessed = Math.ceilDiv(answerChars, CHARS_PER_TOKEN);
        if (usage.getOutputTokens() == null || usage.getOutputTokens() < guessed) {
            usage.setOutputTokens(guessed);
        }
        usage.setEstimated(true);
        return usage;
    }

    private static boolean holds(byte[] text, byte[] wanted) {
        for (int i = 0; i + wanted.length <= text.length; i++) {
            int j = 0;
            while (j < wanted.length && text[i + j] == wanted[j]) {
                j++;
            }
            if (j == wanted.length) {
                return true;
            }
        }
        return false;
    }
}
