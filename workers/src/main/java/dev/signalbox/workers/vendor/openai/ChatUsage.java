package dev.signalbox.workers.vendor.openai;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.signalbox.schemas.avro.TokenUsage;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Reads a {@code usage} object. */
final class ChatUsage {
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
}
