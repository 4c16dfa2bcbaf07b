package dev.signalbox.workers.vendor.translation;

import static dev.signalbox.workers.vendor.translation.Draft.drop;
import static dev.signalbox.workers.vendor.translation.Draft.onlyDefault;
import static dev.signalbox.workers.vendor.translation.Draft.to;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.signalbox.workers.vendor.translation.Draft.Rule;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;

/** A Chat Completions request on its way to Anthropic Messages. */
final class ChatRequest {
    private static final Set<String> EFFORTS = Set.of("low", "medium", "high", "xhigh", "max");

    static final List<Rule> RULES = List.of(
            drop("model", "the deployment's `model_id`"),
            drop("stream", "as the call is made"),
            drop("stream_options", "as the call is made"),
            new Rule("messages", "`system` and `messages`, see below", ChatMessages::toMessages),
            to("max_tokens", "max_tokens"),
            to("max_completion_tokens", "max_tokens"),
            new Rule("temperature", "`temperature`; not carried above 1", ChatRequest::temperature),
            to("top_p", "top_p"),
            new Rule("stop", "`stop_sequences`; not carried if one is white space only", ChatRequest::stop),
            onlyDefault("n", "1", value -> value.asInt() == 1),
            new Rule("tools", "`tools` with `input_schema`; functions only", ChatRequest::tools),
            new Rule("tool_choice", "`tool_choice`: auto, none, required = any, a function = that tool",
                    ChatRequest::toolChoice),
            new Rule("parallel_tool_calls", "`tool_choice.disable_parallel_tool_use`", (value, draft) -> {
                // Together with the tool choice.
            }),
            new Rule("response_format",
                    "`output_config.format` for a `json_schema` whose objects are closed; nothing for"
                            + " `text`; `json_object` is not carried",
                    ChatRequest::responseFormat),
            new Rule("reasoning_effort",
                    "`thinking: adaptive` and `output_config.effort` (low, medium, high, xhigh, max);"
                            + " `none` = `thinking: disabled`; others are not carried",
                    ChatRequest::reasoning),
            new Rule("user", "`metadata.user_id`", (value, draft) -> draft.target.putObject("metadata").set("user_id",
                    value)),
            onlyDefault("service_tier", "auto or default", value -> Set.of("auto", "default").contains(value.asText())),
            onlyDefault("presence_penalty", "0", value -> value.asDouble() == 0),
            onlyDefault("frequency_penalty", "0", value -> value.asDouble() == 0),
            onlyDefault("logit_bias", "empty", JsonNode::isEmpty),
            onlyDefault("logprobs", "false", value -> !value.asBoolean()),
            onlyDefault("store", "false", value -> !value.asBoolean()),
            onlyDefault("metadata", "empty", JsonNode::isEmpty),
            onlyDefault("modalities", "text only", value -> value.size() == 1 && value.get(0).asText().equals("text")),
            drop("prompt_cache_key", "nothing: a hint that changes no answer"),
            drop("prompt_cache_retention", "nothing: a hint that changes no answer"));

    private ChatRequest() {
    }

    static Draft toMessages(ObjectNode source, OptionalInt maxOutputTokens) {
        Draft draft = new Draft();
        draft.carry(source, RULES);
        if (!source.path("messages").isArray()) {
            draft.refuse("no `messages`");
        }
        if (!draft.target.has("max_tokens")) {
            draft.target.put("max_tokens", maxOutputTokens.orElse(Translation.DEFAULT_MAX_TOKENS));
        }
        parallelCalls(source, draft);
        if (draft.target.path("thinking").path("type").asText().equals("adaptive")) {
            besideThinking(draft);
        }
        return draft;
    }

    /** The vendor refuses thinking beside these. */
    private static void besideThinking(Draft draft) {
        String choice = draft.target.path("tool_choice").path("type").asText();
        if (choice.equals("any") || choice.equals("tool")) {
            draft.refuse("`reasoning_effort` with a forced `tool_choice`");
        }
        if (draft.target.has("temperature") && draft.target.get("temperature").asDouble() != 1) {
            draft.refuse("`reasoning_effort` with a `temperature`");
        }
        draft.target.remove("temperature");
    }

    private static void temperature(JsonNode value, Draft draft) {
        if (value.asDouble() > 1) {
            draft.refuse("`temperature` above 1");
        }
        draft.target.set("temperature", value);
    }

    private static void stop(JsonNode value, Draft draft) {
        JsonNode all = value.isTextual() ? TranslationJson.array().add(value) : value;
        for (JsonNode one : all) {
            if (one.asText().isBlank()) {
                draft.refuse("a `stop` of white space only");
            }
        }
        if (!all.isEmpty()) {
            draft.target.set("stop_sequences", all);
        }
    }

    private static void tools(JsonNode tools, Draft draft) {
        for (JsonNode tool : tools) {
            JsonNode function = tool.path("function");
            if (!tool.path("type").asText("function").equals("function") || !function.isObject()) {
                draft.refuse("a tool of type `" + Draft.name(tool.path("type").asText()) + "`");
                continue;
            }
            ObjectNode carried = draft.target.withArray("tools").addObject();
            carried.set("name", function.path("name"));
            if (function.hasNonNull("description")) {
                carried.set("description", function.get("description"));
            }
            JsonNode parameters = function.path("parameters");
            carried.set("input_schema", parameters.isObject() && !parameters.isEmpty()
                    ? parameters
                    : TranslationJson.object().put("type", "object").set("properties", TranslationJson.object()));
            if (function.path("strict").asBoolean()) {
                carried.put("strict", true);
            }
        }
    }

    private static void toolChoice(JsonNode choice, Draft draft) {
        ObjectNode carried = draft.target.putObject("tool_choice");
        JsonNode function = choice.path("function").path("name");
        if (choice.isObject() && function.isTextual()) {
            carried.put("type", "tool").set("name", function);
            return;
        }
        switch (choice.asText()) {
            case "auto" -> carried.put("type", "auto");
            case "none" -> carried.put("type", "none");
            case "required" -> carried.put("type", "any");
            default -> draft.refuse("this `tool_choice`");
        }
    }

    private static void parallelCalls(ObjectNode source, Draft draft) {
        JsonNode parallel = source.path("parallel_tool_calls");
        if (!parallel.isBoolean() || parallel.asBoolean() || !draft.target.has("tools")) {
            return;
        }
        ObjectNode choice = draft.target.withObject("/tool_choice");
        if (!choice.has("type")) {
            choice.put("type", "auto");
        }
        if (!choice.get("type").asText().equals("none")) {
            choice.put("disable_parallel_tool_use", true);
        }
    }

    private static void responseFormat(JsonNode format, Draft draft) {
        switch (format.path("type").asText()) {
            case "text" -> {
                // As without.
            }
            case "json_schema" -> schema(format.path("json_schema"), draft);
            default -> draft.refuse("`response_format` of type `" + Draft.name(format.path("type").asText()) + "`");
        }
    }

    /** The vendor takes closed objects only; to close others would ask for less than the caller allows. */
    private static void schema(JsonNode named, Draft draft) {
        if (!(named.path("schema") instanceof ObjectNode given) || !isClosed(given)) {
            draft.refuse("`response_format` with a schema whose objects are open");
            return;
        }
        ObjectNode schema = given.deepCopy();
        String description = named.path("description").asText("");
        if (!description.isEmpty() && !schema.has("description")) {
            schema.put("description", description);
        } else if (!description.isEmpty() && !schema.get("description").asText().equals(description)) {
            draft.refuse("`response_format` with two descriptions");
        }
        draft.target.withObject("/output_config").putObject("format").put("type", "json_schema").set("schema", schema);
    }

    private static boolean isClosed(JsonNode schema) {
        boolean object = schema.path("type").asText().equals("object") || schema.path("properties").isObject();
        JsonNode more = schema.path("additionalProperties");
        if (object && (!more.isBoolean() || more.asBoolean())) {
            return false;
        }
        for (JsonNode child : schema) {
            if (child.isContainerNode() && !isClosed(child)) {
                return false;
            }
        }
        return true;
    }

    private static void reasoning(JsonNode effort, Draft draft) {
        if (effort.asText().equals("none")) {
            draft.target.putObject("thinking").put("type", "disabled");
        } else if (EFFORTS.contains(effort.asText())) {
            draft.target.putObject("thinking").put("type", "adaptive");
            draft.target.withObject("/output_config").set("effort", effort);
        } else {
            draft.refuse("this `reasoning_effort`");
        }
    }
}
