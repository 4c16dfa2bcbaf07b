package dev.signalbox.workers.vendor.translation;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.signalbox.workers.vendor.RecordedExchanges;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;

/**
 * What a request or an answer says, line by line, apart from the form of its language; read by trees, hence apart from
 * the code under test.
 */
final class Meaning {
    private final List<String> lines = new ArrayList<>();

    private Meaning() {
    }

    static List<String> ofChat(JsonNode request) {
        Meaning meaning = new Meaning();
        for (JsonNode message : request.path("messages")) {
            String role = message.path("role").asText().replace("developer", "system");
            if (role.equals("tool")) {
                meaning.say("result", message.path("tool_call_id").asText());
            }
            meaning.content(role.equals("tool") ? "result" : role, message.path("content"));
            meaning.chatCalls(message);
        }
        for (JsonNode tool : request.path("tools")) {
            JsonNode function = tool.path("function");
            JsonNode parameters = function.path("parameters");
            meaning.say("tool", function.path("name").asText(), function.path("description").asText(""),
                    parameters.isObject() && !parameters.isEmpty() ? parameters.toString() : "any",
                    String.valueOf(function.path("strict").asBoolean()));
        }
        JsonNode choice = request.path("tool_choice");
        meaning.say("choice", choice.isTextual()
                ? choice.asText()
                : choice.path("function").path("name").asText("default"));
        meaning.common(request);
        JsonNode limit = request.hasNonNull("max_tokens")
                ? request.get("max_tokens")
                : request.path("max_completion_tokens");
        meaning.say("limit", limit.asText("8192"));
        meaning.say("stop", request.path("stop").isTextual()
                ? "[" + request.get("stop") + "]"
                : request.path("stop").toString());
        JsonNode format = request.path("response_format");
        meaning.say("format", format.path("type").asText("text").equals("text")
                ? "text"
                : described(format.path("json_schema")));
        meaning.say("effort", request.path("reasoning_effort").asText("none"));
        return meaning.lines;
    }

    private static String described(JsonNode named) {
        ObjectNode schema = named.path("schema").deepCopy();
        if (!named.path("description").asText("").isEmpty()) {
            schema.set("description", named.get("description"));
        }
        return sorted(schema);
    }

    private static String sorted(JsonNode tree) {
        try {
            return RecordedExchanges.JSON.writer(
                    com.fasterxml.jackson.databind.SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
                    .writeValueAsString(RecordedExchanges.JSON.treeToValue(tree, Object.class));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static List<String> ofMessages(JsonNode request) {
        Meaning meaning = new Meaning();
        meaning.content("system", request.path("system"));
        for (JsonNode message : request.path("messages")) {
            meaning.content(message.path("role").asText(), message.path("content"));
        }
        for (JsonNode tool : request.path("tools")) {
            boolean any = tool.path("input_schema").path("properties").isEmpty()
                    && tool.path("input_schema").size() == 2;
            meaning.say("tool", tool.path("name").asText(), tool.path("description").asText(""),
                    any ? "any" : tool.path("input_schema").toString(),
                    String.valueOf(tool.path("strict").asBoolean()));
        }
        String choice = request.path("tool_choice").path("type").asText("default").replace("any", "required");
        meaning.say("choice", choice.equals("tool") ? request.at("/tool_choice/name").asText() : choice);
        meaning.common(request);
        meaning.say("limit", request.path("max_tokens").asText("8192"));
        meaning.say("stop", request.path("stop_sequences").toString());
        JsonNode format = request.path("output_config").path("format");
        meaning.say("format", format.isMissingNode() ? "text" : sorted(format.path("schema")));
        meaning.say("effort", request.path("output_config").path("effort").asText("none"));
        return meaning.lines;
    }

    /** Of an answer: texts, tool calls, stop reason as OpenAI says it. */
    static List<String> ofCompletion(JsonNode completion) {
        Meaning meaning = new Meaning();
        JsonNode message = completion.at("/choices/0/message");
        meaning.say("text", message.path("content").asText("") + message.path("refusal").asText(""));
        meaning.chatCalls(message);
        JsonNode function = message.path("function_call");
        if (function.isObject()) {
            meaning.say("call", "function_call", function.get("name").asText(),
                    tree(function.get("arguments").asText()));
        }
        meaning.say("stop", completion.at("/choices/0/finish_reason").asText().replace("function_call", "tool_calls"));
        meaning.say("tokens", completion.at("/usage/prompt_tokens").asText("0"),
                completion.at("/usage/completion_tokens").asText("0"));
        return meaning.lines;
    }

    static List<String> ofMessage(JsonNode message) {
        Meaning meaning = new Meaning();
        StringBuilder text = new StringBuilder();
        message.path("content").forEach(block -> text.append(block.path("text").asText("")));
        meaning.say("text", text.toString());
        for (JsonNode block : message.path("content")) {
            if (block.path("type").asText().equals("tool_use")) {
                meaning.call(block);
            }
        }
        meaning.say("stop", StopReasons.TO_CHAT.getOrDefault(message.path("stop_reason").asText(), "?"));
        JsonNode usage = message.path("usage");
        meaning.say("tokens", String.valueOf(usage.path("input_tokens").asLong()
                + usage.path("cache_read_input_tokens").asLong()
                + usage.path("cache_creation_input_tokens").asLong()), usage.path("output_tokens").asText("0"));
        return meaning.lines;
    }

    private void common(JsonNode request) {
        say("temperature", request.path("temperature").asText("default"));
        say("top_p", request.path("top_p").asText("default"));
    }

    private void chatCalls(JsonNode message) {
        for (JsonNode call : message.path("tool_calls")) {
            String arguments = call.at("/function/arguments").asText("");
            say("call", call.path("id").asText(), call.at("/function/name").asText(),
                    arguments.isBlank() ? "{}" : tree(arguments));
        }
    }

    private void call(JsonNode block) {
        say("call", block.path("id").asText(), block.path("name").asText(),
                block.has("partial_json") ? block.get("partial_json").asText() : block.path("input").toString());
    }

    private static String tree(String json) {
        try {
            return RecordedExchanges.JSON.readTree(json).toString();
        } catch (IOException cut) {
            return json;
        }
    }

    private void content(String role, JsonNode content) {
        if (content.isTextual() && !content.asText().isEmpty()) {
            say(role, content.asText());
        }
        for (JsonNode part : content) {
            switch (part.path("type").asText()) {
                case "text" -> {
                    if (!part.get("text").asText().isEmpty()) {
                        say(role, part.get("text").asText());
                    }
                }
                case "image_url" -> say(role, "image", part.at("/image_url/url").asText());
                case "image" -> say(role, "image", url(part.get("source")));
                case "file" -> say(role, "file", part.at("/file/file_data").asText());
                case "document" -> say(role, "file", url(part.get("source")));
                case "tool_use" -> call(part);
                case "tool_result" -> {
                    say("result", part.path("tool_use_id").asText());
                    content("result", part.path("content"));
                }
                default -> throw new AssertionError(part);
            }
        }
    }

    private static String url(JsonNode source) {
        return source.path("type").asText().equals("url")
                ? source.get("url").asText()
                : "data:" + source.get("media_type").asText() + ";base64," + source.get("data").asText();
    }

    private void say(String... words) {
        lines.add(String.join(" | ", words));
    }
}
