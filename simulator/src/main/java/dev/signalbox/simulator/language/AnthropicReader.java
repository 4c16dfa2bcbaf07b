package dev.signalbox.simulator.language;

import com.fasterxml.jackson.databind.JsonNode;
import dev.signalbox.simulator.fault.ErrorKind;
import dev.signalbox.simulator.language.CallRequest.Asked;
import dev.signalbox.simulator.language.CallRequest.Wanted;
import dev.signalbox.simulator.language.VendorLanguage.Reading;
import dev.signalbox.simulator.language.VendorLanguage.Refused;
import dev.signalbox.simulator.language.VendorLanguage.Understood;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Reads a Messages request. */
final class AnthropicReader {
    private AnthropicReader() {
    }

    static Reading read(byte[] body, String version) {
        JsonNode request;
        try {
            request = Json.MAPPER.readTree(body);
        } catch (IOException e) {
            return refused("The request body is not valid JSON: expecting value: line 1 column 1 (char 0)");
        }
        if (!request.isObject()) {
            return refused("Input should be a valid dictionary");
        }
        Optional<String> wrong = AnthropicChecks.firstWrong(request, version);
        if (wrong.isPresent()) {
            return refused(wrong.get());
        }
        AnthropicWeight weight = AnthropicWeight.of(request);
        JsonNode last = last(request);
        boolean prefilled = last.path("role").asText().equals("assistant");
        return new Understood(new CallRequest(request.path("model").asText(), request.path("stream").asBoolean(), true,
                weight.tokens(), weight.prefixes(), prefilled,
                new Wanted(asked(request, last), request.path("max_tokens").asInt(), thinking(request),
                        prefilled ? text(last.path("content")) : "", stops(request))));
    }

    private static Refused refused(String message) {
        return new Refused(ErrorKind.INVALID_REQUEST, message, "");
    }

    static JsonNode last(JsonNode request) {
        return request.path("messages").path(request.path("messages").size() - 1);
    }

    private static boolean thinking(JsonNode request) {
        String type = request.path("thinking").path("type").asText();
        return type.equals("enabled") || type.equals("adaptive");
    }

    private static List<String> stops(JsonNode request) {
        List<String> stops = new ArrayList<>();
        request.path("stop_sequences").forEach(stop -> stops.add(stop.asText()));
        return stops;
    }

    /** The text of a message's content, a string or blocks. */
    static String text(JsonNode content) {
        if (content.isTextual()) {
            return content.asText();
        }
        StringBuilder text = new StringBuilder();
        content.forEach(block -> text.append(block.path("text").asText()));
        return text.toString();
    }

    private static Asked asked(JsonNode request, JsonNode last) {
        if (request.has("tools")) {
            Optional<Asked> calls = choice(request.path("tool_choice")).calls(tools(request), prompt(last));
            if (calls.isPresent()) {
                return calls.get();
            }
        }
        JsonNode format = request.path("output_config").path("format");
        format = format.isObject() ? format : request.path("output_format");
        return format.path("type").asText().equals("json_schema")
                ? new CallRequest.Json(SampleJson.of(format.path("schema")).toString())
                : CallRequest.TEXT;
    }

    private static ToolChoice choice(JsonNode choice) {
        return new ToolChoice(switch (choice.path("type").asText()) {
            case "any" -> new ToolChoice.AtLeastOne();
            case "tool" -> new ToolChoice.Just(choice.path("name").asText());
            case "none" -> new ToolChoice.Never();
            default -> new ToolChoice.IfNamed();
        }, !choice.path("disable_parallel_tool_use").asBoolean());
    }

    /** The caller's own tools; those that the vendor runs itself have no schema and are never called. */
    private static List<ToolChoice.Tool> tools(JsonNode request) {
        List<ToolChoice.Tool> tools = new ArrayList<>();
        for (JsonNode tool : request.path("tools")) {
            if (tool.has("input_schema")) {
                tools.add(new ToolChoice.Tool(tool.path("name").asText(), tool.path("input_schema")));
            }
        }
        return tools;
    }

    private static String prompt(JsonNode last) {
        for (JsonNode block : last.path("content")) {
            if (block.path("type").asText().equals("tool_result")) {
                return "";
            }
        }
        return last.path("role").asText().equals("user") ? text(last.path("content")) : "";
    }
}
