package dev.signalbox.simulator.language;

import com.fasterxml.jackson.databind.JsonNode;
import dev.signalbox.simulator.language.CallRequest.PromptPrefix;
import java.util.ArrayList;
import java.util.List;

/**
 * Counts a Messages request's tokens in the order of the prompt (tools, system, messages) and marks the prefixes that
 * {@code cache_control} asks to cache. A prefix of fewer than 1,024 tokens is not cached, as at the vendor.
 */
final class AnthropicWeight {
    private static final int MIN_CACHED_TOKENS = 1024;
    private static final int CHARS_PER_TOKEN = 4;
    private static final int TOKENS_PER_MESSAGE = 3;
    private static final int TOKENS_PER_IMAGE = 1_334;
    private static final int TOKENS_PER_DOCUMENT = 2_500;

    private long chars;
    private long others = 3;
    private long hash;
    private final List<PromptPrefix> prefixes = new ArrayList<>(0);

    private AnthropicWeight(JsonNode request) {
        hash = request.path("model").asText().hashCode();
    }

    static AnthropicWeight of(JsonNode request) {
        AnthropicWeight weight = new AnthropicWeight(request);
        for (JsonNode tool : request.path("tools")) {
            weight.text(tool.path("name").asText());
            weight.text(tool.path("description").asText());
            weight.text(tool.path("input_schema").toString());
            weight.mark(tool);
        }
        weight.content(request.path("system"));
        for (JsonNode message : request.path("messages")) {
            weight.others += TOKENS_PER_MESSAGE;
            weight.text(message.path("role").asText());
            weight.content(message.path("content"));
        }
        weight.mark(request);
        return weight;
    }

    int tokens() {
        return (int) Math.min(Integer.MAX_VALUE / 2, (chars + CHARS_PER_TOKEN - 1) / CHARS_PER_TOKEN + others);
    }

    List<PromptPrefix> prefixes() {
        return List.copyOf(prefixes);
    }

    private void content(JsonNode content) {
        if (content.isTextual()) {
            text(content.asText());
            return;
        }
        for (JsonNode block : content) {
            switch (block.path("type").asText()) {
                case "text" -> text(block.path("text").asText());
                case "thinking" -> text(block.path("thinking").asText());
                case "image" -> media(TOKENS_PER_IMAGE, block);
                case "document" -> document(block);
                case "tool_use", "server_tool_use" -> {
                    text(block.path("name").asText());
                    text(block.path("input").toString());
                }
                case "tool_result", "search_result" -> content(block.path("content"));
                default -> text(block.path("content").toString());
            }
            mark(block);
        }
    }

    private void document(JsonNode block) {
        JsonNode source = block.path("source");
        switch (source.path("type").asText()) {
            case "text" -> text(source.path("data").asText());
            case "content" -> content(source.path("content"));
            default -> media(TOKENS_PER_DOCUMENT, block);
        }
    }

    private void text(String text) {
        chars += text.length();
        hash = 31 * hash + text.hashCode();
    }

    private void media(int tokens, JsonNode block) {
        others += tokens;
        hash = 31 * hash + block.path("source").hashCode();
    }

    private void mark(JsonNode block) {
        if (block.path("cache_control").isObject() && tokens() >= MIN_CACHED_TOKENS) {
            prefixes.add(new PromptPrefix(hash, tokens()));
        }
    }
}
