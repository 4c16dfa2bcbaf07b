package dev.signalbox.simulator.language;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashSet;
import java.util.Iterator;
import java.util.Optional;
import java.util.Set;

/**
 * What the Messages API refuses with 400, in its words: what another family's request would bring along, and what
 * breaks a conversation's order. The first thing wrong is the one told.
 */
final class AnthropicChecks {
    private static final Set<String> KEYS = Set.of("model", "messages", "max_tokens", "cache_control", "container",
            "context_management", "diagnostics", "fallbacks", "inference_geo", "mcp_servers", "metadata",
            "output_config", "output_format", "service_tier", "speed", "stop_sequences", "stream", "system",
            "temperature", "thinking", "tool_choice", "tools", "top_k", "top_p");
    private static final Set<String> SAMPLING = Set.of("temperature", "top_p", "top_k");
    private static final Set<String> IMAGE_TYPES = Set.of("image/jpeg", "image/png", "image/gif", "image/webp");
    private static final int MIN_THINKING_TOKENS = 1024;
    private static final int MAX_CACHE_MARKS = 4;

    static final String VERSION_2026 = "2026-10-21";

    private final JsonNode request;
    private final boolean since2026;

    /** What is wrong, to be thrown from any depth. */
    private static final class Wrong extends Exception {
        private static final long serialVersionUID = 1;

        Wrong(String message) {
            super(message, null, false, false);
        }
    }

    private AnthropicChecks(JsonNode request, String version) {
        this.request = request;
        since2026 = version.equals(VERSION_2026);
    }

    /** @param version of the API that the request is for */
    static Optional<String> firstWrong(JsonNode request, String version) {
        try {
            new AnthropicChecks(request, version).check();
            return Optional.empty();
        } catch (Wrong wrong) {
            return Optional.ofNullable(wrong.getMessage());
        }
    }

    private static void require(boolean right, String otherwise) throws Wrong {
        if (!right) {
            throw new Wrong(otherwise);
        }
    }

    private void check() throws Wrong {
        require(!request.path("model").asText().isEmpty(), "model: Field required");
        require(request.has("max_tokens"), "max_tokens: Field required");
        require(request.path("max_tokens").isIntegralNumber(), "max_tokens: Input should be a valid integer");
        require(request.path("max_tokens").asLong() >= 1, "max_tokens: Input should be greater than or equal to 1");
        for (Iterator<String> keys = request.fieldNames(); keys.hasNext();) {
            String key = keys.next();
            require(KEYS.contains(key) && !(since2026 && SAMPLING.contains(key)),
                    key + ": Extra inputs are not permitted");
        }
        range("temperature");
        range("top_p");
        messages();
        tools();
        thinking();
        require(cacheMarks(request) <= MAX_CACHE_MARKS, "A maximum of 4 blocks with cache_control may be provided. "
                + "Found " + cacheMarks(request) + ".");
    }

    private void range(String key) throws Wrong {
        double value = request.path(key).asDouble(0);
        require(value <= 1, key + ": Input should be less than or equal to 1");
        require(value >= 0, key + ": Input should be greater than or equal to 0");
    }

    private void messages() throws Wrong {
        JsonNode messages = request.path("messages");
        require(request.has("messages"), "messages: Field required");
        require(messages.isArray(), "messages: Input should be a valid list");
        require(!messages.isEmpty(), "messages: at least one message is required");
        Set<String> openCalls = new HashSet<>();
        for (int i = 0; i < messages.size(); i++) {
            JsonNode message = messages.get(i);
            String at = "messages." + i;
            String role = message.path("role").asText();
            require(role.equals("user") || role.equals("assistant") || (role.equals("system") && i > 0),
                    "messages: Unexpected role \"" + role
                            + "\". The Messages API accepts a top-level `system` parameter, not \"system\" as an input message "
                            + "role.");
            for (Iterator<String> keys = message.fieldNames(); keys.hasNext();) {
                String key = keys.next();
                require(key.equals("role") || key.equals("content"), at + "." + key
                        + ": Extra inputs are not permitted");
            }
            content(message.path("content"), at);
            for (JsonNode block : message.path("content")) {
                require(!since2026 || role.equals("user") || !block.path("type").asText().equals("document"),
                        at + ": `document` blocks are not permitted in `" + role + "` messages");
            }
            results(message.path("content"), i, openCalls);
            openCalls.clear();
            for (JsonNode block : message.path("content")) {
                if (block.path("type").asText().equals("tool_use")) {
                    openCalls.add(block.path("id").asText());
                }
            }
        }
        require(openCalls.isEmpty(), unanswered(messages.size() - 1, openCalls));
        prefill();
    }

    private void content(JsonNode content, String at) throws Wrong {
        require(content.isTextual() || content.isArray(), at + ".content: "
                + (content.isMissingNode() ? "Field required" : "Input should be a valid list"));
        require(!(content.isTextual() && content.asText().isBlank()),
                "messages: text content blocks must contain non-whitespace text");
        for (int i = 0; i < content.size(); i++) {
            block(content.get(i), at + ".content." + i);
        }
    }

    private static void block(JsonNode block, String at) throws Wrong {
        String type = block.path("type").asText();
        switch (type) {
            case "text" -> require(!block.path("text").asText().isEmpty(),
                    "messages: text content blocks must be non-empty");
            case "image" -> image(block.path("source"), at + ".image.source");
            case "tool_use" -> {
                require(block.path("input").isObject(), at + ".tool_use.input: Input should be a valid dictionary");
                require(!block.path("id").asText().isEmpty(), at + ".tool_use.id: Field required");
                require(block.path("id").asText().matches("[a-zA-Z0-9_-]+"),
                        at + ".tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'");
            }
            case "tool_result" ->
                require(block.hasNonNull("tool_use_id"), at + ".tool_result.tool_use_id: Field required");
            case "thinking" ->
                require(!block.path("signature").asText().isEmpty(), at + ".thinking.signature: Field required");
            case "document", "search_result", "redacted_thinking", "server_tool_use", "web_search_tool_result",
                    "web_fetch_tool_result", "code_execution_tool_result", "bash_code_execution_tool_result",
                    "text_editor_code_execution_tool_result", "tool_search_tool_result", "mcp_tool_use",
                    "mcp_tool_result", "container_upload", "compaction" -> {
                // taken as they are
            }
            default -> throw new Wrong(at + ": Input tag '" + type + "' found using 'type' does not match any of the "
                    + "expected tags: 'document', 'image', 'redacted_thinking', 'search_result', 'text', 'thinking', "
                    + "'tool_result', 'tool_use'");
        }
    }

    private static void image(JsonNode source, String at) throws Wrong {
        switch (source.path("type").asText()) {
            case "base64" -> {
                require(IMAGE_TYPES.contains(source.path("media_type").asText()), at + ".base64.media_type: Input "
                        + "should be 'image/jpeg', 'image/png', 'image/gif' or 'image/webp'");
                require(!source.path("data").asText().isEmpty(), at + ".base64.data: Field required");
            }
            case "url" -> require(source.path("url").asText().startsWith("http"), at + ".url.url: Only HTTPS URLs are "
                    + "supported.");
            case "file" -> require(source.hasNonNull("file_id"), at + ".file.file_id: Field required");
            default -> throw new Wrong(at + ": Input tag '" + source.path("type").asText()
                    + "' found using 'type' does not match any of the expected tags: 'base64', 'file', 'url'");
        }
    }

    /** Each call is answered by a result in the very next message, and no result is without its call. */
    private static void results(JsonNode content, int index, Set<String> openCalls) throws Wrong {
        Set<String> unanswered = new HashSet<>(openCalls);
        for (int i = 0; i < content.size(); i++) {
            if (content.get(i).path("type").asText().equals("tool_result")) {
                String id = content.get(i).path("tool_use_id").asText();
                require(openCalls.contains(id), "messages." + index + ".content." + i
                        + ": unexpected `tool_use_id` found in `tool_result` blocks: " + id + ". Each `tool_result` "
                        + "block must have a corresponding `tool_use` block in the previous message.");
                unanswered.remove(id);
            }
        }
        require(unanswered.isEmpty(), unanswered(index - 1, unanswered));
    }

    private static String unanswered(int index, Set<String> ids) {
        return "messages." + index + ": `tool_use` ids were found without `tool_result` blocks immediately after: "
                + String.join(", ", ids.stream().sorted().toList()) + ". Each `tool_use` block must have a "
                + "corresponding `tool_result` block in the next message.";
    }

    private void prefill() throws Wrong {
        JsonNode last = AnthropicReader.last(request);
        if (last.path("role").asText().equals("assistant")) {
            String text = AnthropicReader.text(last.path("content"));
            require(text.equals(text.stripTrailing()),
                    "messages: final assistant content cannot end with trailing whitespace");
        }
    }

    private void tools() throws Wrong {
        JsonNode tools = request.path("tools");
        Set<String> names = new HashSet<>();
        for (int i = 0; i < tools.size(); i++) {
            JsonNode tool = tools.get(i);
            String at = "tools." + i;
            String type = tool.path("type").asText("custom");
            require(!type.equals("function") && !tool.has("function"), at + ": Input tag 'function' found using 'type' "
                    + "does not match any of the expected tags: 'bash_20250124', 'custom', 'web_search_20250305'");
            require(!tool.path("name").asText().isEmpty(), at + "." + type + ".name: Field required");
            require(names.add(tool.path("name").asText()), "tools: Tool names must be unique.");
            if (type.equals("custom")) {
                require(tool.has("input_schema"), at + ".custom.input_schema: Field required");
                require(tool.path("input_schema").path("type").asText().equals("object"),
                        at + ".custom.input_schema.type: Input should be 'object'");
                require(tool.path("name").asText().matches("[a-zA-Z0-9_-]{1,128}"),
                        at + ".custom.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'");
            }
        }
        JsonNode choice = request.path("tool_choice");
        require(choice.isMissingNode() || choice.isNull() || choice.isObject(),
                "tool_choice: Input should be an object");
        String type = choice.path("type").asText();
        require(choice.path("type").isMissingNode() || Set.of("auto", "any", "tool", "none").contains(type),
                "tool_choice: Input tag '" + type + "' found using 'type' does not match any of the expected tags: "
                        + "'auto', 'any', 'tool', 'none'");
        require(!(type.equals("any") || type.equals("tool")) || !tools.isEmpty(),
                "tool_choice may only be specified while providing tools.");
        require(!type.equals("tool") || names.contains(choice.path("name").asText()),
                "Tool '" + choice.path("name").asText() + "' not found in provided tools");
    }

    private void thinking() throws Wrong {
        JsonNode thinking = request.path("thinking");
        if (!thinking.path("type").asText().equals("enabled")) {
            return;
        }
        long budget = thinking.path("budget_tokens").asLong();
        require(budget >= MIN_THINKING_TOKENS,
                "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024");
        require(budget < request.path("max_tokens").asLong(), "`max_tokens` must be greater than "
                + "`thinking.budget_tokens`. Please consult our documentation at "
                + "https://docs.claude.com/en/docs/build-with-claude/extended-thinking#max-tokens-and-context-window-size");
        String choice = request.path("tool_choice").path("type").asText();
        require(!choice.equals("any") && !choice.equals("tool"),
                "Thinking may not be enabled when tool_choice forces tool use.");
        require(request.path("temperature").asDouble(1) == 1, "`temperature` may only be set to 1 when thinking is "
                + "enabled.");
    }

    private static int cacheMarks(JsonNode node) {
        int marks = node.path("cache_control").isObject() ? 1 : 0;
        for (JsonNode child : node) {
            marks += child.isContainerNode() ? cacheMarks(child) : 0;
        }
        return marks;
    }
}
