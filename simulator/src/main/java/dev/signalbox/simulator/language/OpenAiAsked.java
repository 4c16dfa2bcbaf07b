package dev.signalbox.simulator.language;

import com.fasterxml.jackson.databind.JsonNode;
import dev.signalbox.simulator.language.CallRequest.Asked;
import java.util.ArrayList;
import java.util.List;

/** Decides what a request with tools or a response format gets. */
final class OpenAiAsked {
    private OpenAiAsked() {
    }

    static Asked of(JsonNode request) {
        return choice(request).calls(tools(request), prompt(request)).orElseGet(() -> format(request));
    }

    private static Asked format(JsonNode request) {
        return switch (request.path("response_format").path("type").asText()) {
            case "json_schema" -> new CallRequest.Json(
                    SampleJson.of(request.path("response_format").path("json_schema").path("schema")).toString());
            case "json_object" -> new CallRequest.Json("{\"answer\":\"" + FixedAnswer.TEXT + "\"}");
            default -> CallRequest.TEXT;
        };
    }

    private static ToolChoice choice(JsonNode request) {
        JsonNode choice = request.path("tool_choice");
        String word = choice.isObject() ? choice.path("function").path("name").asText() : choice.asText();
        return new ToolChoice(switch (word) {
            case "", "auto" -> new ToolChoice.IfNamed();
            case "none" -> new ToolChoice.Never();
            case "required" -> new ToolChoice.AtLeastOne();
            case String name -> new ToolChoice.Just(name);
        }, request.path("parallel_tool_calls").asBoolean(true));
    }

    private static List<ToolChoice.Tool> tools(JsonNode request) {
        List<ToolChoice.Tool> tools = new ArrayList<>();
        for (JsonNode tool : request.path("tools")) {
            tools.add(new ToolChoice.Tool(tool.path("function").path("name").asText(),
                    tool.path("function").path("parameters")));
        }
        return tools;
    }

    private static String prompt(JsonNode request) {
        JsonNode last = request.path("messages").path(request.path("messages").size() - 1);
        return last.path("role").asText().equals("user") ? last.path("content").toString() : "";
    }
}
