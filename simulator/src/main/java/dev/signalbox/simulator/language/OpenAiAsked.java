package dev.signalbox.simulator.language;

import com.fasterxml.jackson.databind.JsonNode;
import dev.signalbox.simulator.language.CallRequest.Asked;

/**
 * Decides what a request with tools or a response format gets. A tool is called if {@code tool_choice} demands it
 * ({@code required}, or a function by name), or if the last message is the user's and says {@code call NAME} with the
 * name of a tool on offer.
 */
final class OpenAiAsked {
    private OpenAiAsked() {
    }

    static Asked of(JsonNode request) {
        JsonNode tool = tool(request);
        if (!tool.isMissingNode()) {
            JsonNode function = tool.path("function");
            return new CallRequest.ToolCall(function.path("name").asText(),
                    SampleJson.of(function.path("parameters")).toString());
        }
        return switch (request.path("response_format").path("type").asText()) {
            case "json_schema" -> new CallRequest.Json(
                    SampleJson.of(request.path("response_format").path("json_schema").path("schema")).toString());
            case "json_object" -> new CallRequest.Json("{\"answer\":\"" + FixedAnswer.TEXT + "\"}");
            default -> CallRequest.TEXT;
        };
    }

    /** The tool to call; a missing node for none. */
    private static JsonNode tool(JsonNode request) {
        JsonNode tools = request.path("tools");
        JsonNode choice = request.path("tool_choice");
        if (choice.asText().equals("required")) {
            return tools.path(0);
        }
        if (choice.asText().equals("none")) {
            return tools.path(-1);
        }
        String wanted = choice.path("function").path("name").asText();
        JsonNode last = request.path("messages").path(request.path("messages").size() - 1);
        String prompt = last.path("role").asText().equals("user") ? last.path("content").toString() : "";
        for (JsonNode tool : tools) {
            String name = tool.path("function").path("name").asText();
            if (name.equals(wanted) || (wanted.isEmpty() && prompt.contains("call " + name))) {
                return tool;
            }
        }
        return tools.path(-1);
    }
}
