package dev.signalbox.workers.vendor.translation;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A chat completion as an Anthropic message. Of several choices the first: a message asks for one. */
final class ChatCompletion {
    private ChatCompletion() {
    }

    static ObjectNode toMessage(ObjectNode completion, List<String> warnings) {
        JsonNode choice = completion.path("choices").path(0);
        JsonNode answer = choice.path("message");
        ObjectNode message = TranslationJson.object();
        message.put("id", completion.path("id").asText(""));
        message.put("type", "message").put("role", "assistant");
        message.put("model", completion.path("model").asText(""));
        ArrayNode content = message.putArray("content");
        reasoning(answer, content);
        text(answer.path("content"), content);
        if (answer.path("refusal").isTextual()) {
            content.add(TranslationJson.textPart(answer.get("refusal").asText()));
        }
        for (JsonNode call : answer.path("tool_calls")) {
            call(call.path("id").asText(""), call.path("function"), content, warnings);
        }
        if (answer.path("function_call").isObject()) {
            call("function_call", answer.get("function_call"), content, warnings);
        }
        message.put("stop_reason", stopReason(choice, answer));
        message.putNull("stop_sequence");
        usage(completion.path("usage"), message.putObject("usage"));
        return message;
    }

    private static @Nullable String stopReason(JsonNode choice, JsonNode answer) {
        String reason = choice.path("finish_reason").asText("");
        if (reason.isEmpty()) {
            return null;
        }
        boolean refused = answer.path("refusal").isTextual() && reason.equals("stop");
        return refused ? "refusal" : StopReasons.TO_MESSAGES.getOrDefault(reason, "end_turn");
    }

    private static void reasoning(JsonNode answer, ArrayNode content) {
        if (answer.path("thinking_blocks").isArray()) {
            answer.get("thinking_blocks").forEach(content::add);
            return;
        }
        String reasoning = answer.path("reasoning_content").asText(answer.path("reasoning").asText(""));
        if (!reasoning.isEmpty()) {
            content.addObject().put("type", "thinking").put("thinking", reasoning).put("signature", "");
        }
    }

    private static void text(JsonNode given, ArrayNode content) {
        if (given.isTextual() && !given.asText().isEmpty()) {
            content.add(TranslationJson.textPart(given.asText()));
        }
        for (JsonNode part : given) {
            if (part.path("type").asText().equals("text")) {
                content.add(TranslationJson.textPart(part.path("text").asText()));
            }
        }
    }

    private static void call(String id, JsonNode function, ArrayNode content, List<String> warnings) {
        String arguments = function.path("arguments").asText("");
        Optional<ObjectNode> input = arguments.isBlank()
                ? Optional.of(TranslationJson.object())
                : TranslationJson.object(arguments);
        ObjectNode use = content.addObject().put("type", "tool_use").put("id", id).put("name",
                function.path("name").asText(""));
        use.set("input", input.orElseGet(TranslationJson::object));
        if (input.isEmpty()) {
            use.put("partial_json", arguments);
            warnings.add("a tool call's arguments are no JSON object");
        }
    }

    private static void usage(JsonNode usage, ObjectNode carried) {
        long input = usage.path("prompt_tokens").asLong();
        long cached = Math.min(input, usage.path("prompt_tokens_details").path("cached_tokens").asLong());
        carried.put("input_tokens", input - cached);
        carried.put("cache_creation_input_tokens", 0L);
        carried.put("cache_read_input_tokens", cached);
        carried.put("output_tokens", usage.path("completion_tokens").asLong());
        JsonNode reasoning = usage.path("completion_tokens_details").path("reasoning_tokens");
        if (reasoning.isNumber()) {
            carried.putObject("output_tokens_details").set("thinking_tokens", reasoning);
        }
    }
}
