package dev.signalbox.workers.vendor.translation;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.TreeSet;

/** An Anthropic message as a chat completion. */
final class Message {
    private Message() {
    }

    /** @param createdSeconds since the epoch; the message does not say */
    static ObjectNode toCompletion(ObjectNode message, long createdSeconds, List<String> warnings) {
        ObjectNode completion = TranslationJson.object();
        completion.set("id", message.path("id"));
        completion.put("object", "chat.completion");
        completion.put("created", createdSeconds);
        completion.set("model", message.path("model"));
        ObjectNode choice = completion.putArray("choices").addObject();
        choice.put("index", 0);
        ObjectNode answer = choice.putObject("message");
        answer.put("role", "assistant");
        content(message.path("content"), answer, warnings);
        choice.putNull("logprobs");
        String reason = message.path("stop_reason").asText("");
        String carried = StopReasons.TO_CHAT.get(reason);
        if (!reason.isEmpty() && (carried == null || reason.equals("pause_turn"))) {
            warnings.add("the stop reason " + Draft.name(reason) + " has no counterpart");
        }
        choice.put("finish_reason", reason.isEmpty() ? null : carried == null ? "stop" : carried);
        if (message.path("usage").isObject()) {
            usage(message.get("usage"), completion.putObject("usage"));
        }
        return completion;
    }

    private static void content(JsonNode blocks, ObjectNode answer, List<String> warnings) {
        StringBuilder text = new StringBuilder();
        boolean textSeen = false;
        StringBuilder reasoning = new StringBuilder();
        ArrayNode thinking = TranslationJson.array();
        ArrayNode calls = TranslationJson.array();
        TreeSet<String> lost = new TreeSet<>();
        for (JsonNode block : blocks) {
            String type = block.path("type").asText();
            switch (type) {
                case "text" -> {
                    textSeen = true;
                    text.append(block.path("text").asText());
                    if (!block.path("citations").isEmpty()) {
                        lost.add("citations");
                    }
                }
                case "thinking", "redacted_thinking" -> {
                    reasoning.append(block.path("thinking").asText());
                    thinking.add(block);
                }
                case "tool_use" -> call(block, calls.addObject());
                default -> lost.add(Draft.name(type));
            }
        }
        lost.forEach(type -> warnings.add(type + " of the answer has no place in a chat completion"));
        answer.put("content", textSeen ? text.toString() : null);
        answer.putNull("refusal");
        if (!calls.isEmpty()) {
            answer.set("tool_calls", calls);
        }
        if (!thinking.isEmpty()) {
            answer.put("reasoning_content", reasoning.toString());
            answer.set("thinking_blocks", thinking);
        }
    }

    private static void call(JsonNode block, ObjectNode call) {
        call.set("id", block.path("id"));
        call.put("type", "function");
        // A cut input is passed on as it came.
        String arguments = block.has("partial_json")
                ? block.get("partial_json").asText()
                : TranslationJson.text(block.path("input"));
        call.putObject("function").put("name", block.path("name").asText()).put("arguments", arguments);
    }

    /** OpenAI counts cached input as input, Anthropic apart from it. */
    private static void usage(JsonNode usage, ObjectNode carried) {
        long cached = usage.path("cache_read_input_tokens").asLong();
        long input = usage.path("input_tokens").asLong() + cached
                + usage.path("cache_creation_input_tokens").asLong();
        long output = usage.path("output_tokens").asLong();
        carried.put("prompt_tokens", input).put("completion_tokens", output).put("total_tokens", input + output);
        carried.putObject("prompt_tokens_details").put("cached_tokens", cached);
        JsonNode thinking = usage.path("output_tokens_details").path("thinking_tokens");
        if (thinking.isNumber()) {
            carried.putObject("completion_tokens_details").set("reasoning_tokens", thinking);
        }
    }
}
