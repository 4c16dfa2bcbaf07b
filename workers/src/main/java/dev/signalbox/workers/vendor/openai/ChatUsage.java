package dev.signalbox.workers.vendor.openai;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.signalbox.schemas.avro.TokenUsage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Reads a {@code usage} object, and estimates what a cut stream leaves unsaid. */
final class ChatUsage {
    /** Characters of English text and JSON in one token, about. */
    private static final int CHARS_PER_TOKEN = 4;
    private static final byte[] INLINE_IMAGE = ";base64,".getBytes(StandardCharsets.US_ASCII);

    private ChatUsage() {
    }

    /** The parser stands at the object's start and ends at its end. */
    static TokenUsage read(JsonParser parser) throws IOException {
        TokenUsage usage = new TokenUsage();
        Long cacheHits = null;
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = parser.currentName();
            JsonToken value = parser.nextToken();
            switch (name) {
                case "prompt_tokens" -> usage.setInputTokens(count(parser));
                case "completion_tokens" -> usage.setOutputTokens(count(parser));
                case "prompt_cache_hit_tokens", "cached_tokens" -> cacheHits = count(parser);
                case "prompt_tokens_details" -> {
                    if (value == JsonToken.START_OBJECT) {
                        usage.setCachedInputTokens(detail(parser, "cached_tokens"));
                    }
                }
                case "completion_tokens_details" -> {
                    if (value == JsonToken.START_OBJECT) {
                        usage.setReasoningTokens(detail(parser, "reasoning_tokens"));
                    }
                }
                default -> parser.skipChildren();
            }
        }
        if (usage.getCachedInputTokens() == null) {
            usage.setCachedInputTokens(cacheHits);
        }
        return usage;
    }

    private static @Nullable Long detail(JsonParser parser, String wanted) throws IOException {
        Long found = null;
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            boolean it = parser.currentName().equals(wanted);
            parser.nextToken();
            if (it) {
                found = count(parser);
            } else {
                parser.skipChildren();
            }
        }
        return found;
    }

    private static @Nullable Long count(JsonParser parser) throws IOException {
        if (parser.currentToken() == JsonToken.VALUE_NUMBER_INT) {
            return parser.getLongValue();
        }
        parser.skipChildren();
        return null;
    }

    /**
     * What a cut answer has used: the vendor's running count if it gave one, else guessed from lengths.
     *
     * @param request the request's body; its tokens are not guessed where it holds an image
     * @param answerChars characters of all deltas so far
     */
    static TokenUsage estimate(Optional<TokenUsage> running, byte[] request, long answerChars) {
        TokenUsage usage = running.map(counted -> TokenUsage.newBuilder(counted).build()).orElseGet(TokenUsage::new);
        if (usage.getInputTokens() == null && !holds(request, INLINE_IMAGE)) {
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
