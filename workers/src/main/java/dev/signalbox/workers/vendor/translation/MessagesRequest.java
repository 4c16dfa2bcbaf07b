package dev.signalbox.workers.vendor.translation;

import static dev.signalbox.workers.vendor.translation.Draft.drop;
import static dev.signalbox.workers.vendor.translation.Draft.onlyDefault;
import static dev.signalbox.workers.vendor.translation.Draft.to;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.signalbox.workers.vendor.translation.Draft.Rule;
import java.util.List;
import java.util.Set;

/** An Anthropic Messages request on its way to Chat Completions. */
final class MessagesRequest {
    private static final int MAX_STOPS = 4;
    private static final int MAX_TOOL_NAME = 64;
    private static final Set<String> TOOL = Set.of("type", "name", "description", "input_schema", "strict",
            "cache_control");

    static final List<Rule> RULES = List.of(
            drop("model", "the deployment's `model_id`"),
            drop("stream", "as the call is made"),
            new Rule("system", "a system message in front", MessagesConversation::system),
            new Rule("messages", "`messages`, see below", MessagesConversation::toChat),
            to("max_tokens", "max_completion_tokens"),
            to("temperature", "temperature"),
            to("top_p", "top_p"),
            new Rule("stop_sequences", "`stop`; not carried if more than " + MAX_STOPS, MessagesRequest::stop),
            new Rule("tools", "`tools` of type function; those that the vendor runs itself are not carried",
                    MessagesRequest::tools),
            new Rule("tool_choice", "`tool_choice`: auto, none, any = required, a tool = that function;"
                    + " `disable_parallel_tool_use` = `parallel_tool_calls: false`", MessagesRequest::toolChoice),
            new Rule("thinking", "`reasoning_effort` = `output_config.effort` if adaptive; nothing if disabled; a"
                    + " `budget_tokens` is not carried", MessagesRequest::thinking),
            new Rule("output_config", "`format` = `response_format`, strict; `effort` as above; others are not carried",
                    MessagesRequest::outputConfig),
            new Rule("metadata", "`user` = `user_id`; others are not carried", MessagesRequest::metadata),
            onlyDefault("service_tier", "auto", value -> value.asText().equals("auto")),
            drop("cache_control", "nothing: a hint that changes no answer"));

    private MessagesRequest() {
    }

    static Draft toChat(ObjectNode source) {
        Draft draft = new Draft();
        // In front of the other messages, wherever it stands in the body.
        draft.target.putArray("messages");
        if (source.hasNonNull("system")) {
            MessagesConversation.system(source.get("system"), draft);
        }
        draft.carry(source.deepCopy().without("system"), RULES);
        if (!source.path("messages").isArray()) {
            draft.refuse("no `messages`");
        }
        effort(source, draft);
        return draft;
    }

    private static void effort(ObjectNode source, Draft draft) {
        JsonNode effort = source.path("output_config").path("effort");
        boolean adaptive = source.path("thinking").path("type").asText().equals("adaptive");
        if (adaptive && effort.isTextual()) {
            draft.target.set("reasoning_effort", effort);
        } else if (effort.isTextual()) {
            draft.refuse("`output_config.effort` without adaptive thinking");
        } else if (adaptive) {
            draft.refuse("adaptive thinking without an effort");
        }
    }

    private static void thinking(JsonNode thinking, Draft draft) {
        String type = thinking.path("type").asText();
        if (!Set.of("disabled", "adaptive").contains(type)) {
            draft.refuse("`thinking` with a budget");
        }
    }

    private static void stop(JsonNode sequences, Draft draft) {
        if (sequences.size() > MAX_STOPS) {
            draft.refuse("more than " + MAX_STOPS + " `stop_sequences`");
        }
        if (!sequences.isEmpty()) {
            draft.target.set("stop", sequences);
        }
    }

    private static void tools(JsonNode tools, Draft draft) {
        for (JsonNode tool : tools) {
            String type = tool.path("type").asText("custom");
            if (!type.equals("custom")) {
                draft.refuse("a tool of type `" + Draft.name(type) + "`");
                continue;
            }
            tool.properties().forEach(member -> {
                if (!TOOL.contains(member.getKey()) && !member.getValue().isNull()) {
                    draft.refuse("`" + Draft.name(member.getKey()) + "` of a tool");
                }
            });
            if (tool.path("name").asText().length() > MAX_TOOL_NAME) {
                draft.refuse("a tool's name over " + MAX_TOOL_NAME + " characters");
            }
            ObjectNode function = draft.target.withArray("tools").addObject().put("type", "function")
                    .putObject("function");
            function.set("name", tool.path("name"));
            if (tool.hasNonNull("description")) {
                function.set("description", tool.get("description"));
            }
            function.set("parameters", tool.path("input_schema"));
            if (tool.path("strict").asBoolean()) {
                function.put("strict", true);
            }
        }
    }

    private static void toolChoice(JsonNode choice, Draft draft) {
        switch (choice.path("type").asText()) {
            case "auto" -> draft.target.put("tool_choice", "auto");
            case "none" -> draft.target.put("tool_choice", "none");
            case "any" -> draft.target.put("tool_choice", "required");
            case "tool" -> draft.target.putObject("tool_choice").put("type", "function").putObject("function")
                    .set("name", choice.path("name"));
            default -> draft.refuse("this `tool_choice`");
        }
        if (choice.path("disable_parallel_tool_use").asBoolean()) {
            draft.target.put("parallel_tool_calls", false);
        }
    }

    private static void outputConfig(JsonNode config, Draft draft) {
        config.properties().forEach(member -> {
            switch (member.getKey()) {
                case "format" -> format(member.getValue(), draft);
                case "effort" -> {
                    // Together with thinking.
                }
                default -> draft.refuse("no counterpart of `output_config." + Draft.name(member.getKey()) + "`");
            }
        });
    }

    private static void format(JsonNode format, Draft draft) {
        if (format.isNull()) {
            return;
        }
        if (!format.path("type").asText().equals("json_schema")) {
            draft.refuse("`output_config.format` of type `" + Draft.name(format.path("type").asText()) + "`");
            return;
        }
        draft.target.putObject("response_format").put("type", "json_schema").putObject("json_schema")
                .put("name", "response").put("strict", true).set("schema", format.path("schema"));
    }

    private static void metadata(JsonNode metadata, Draft draft) {
        metadata.properties().forEach(member -> {
            if (member.getKey().equals("user_id")) {
                draft.target.set("user", member.getValue());
            } else {
                draft.refuse("no counterpart of `metadata." + Draft.name(member.getKey()) + "`");
            }
        });
    }

    /** Parts of text as one string where one part is all there is, else as parts. */
    static JsonNode content(ArrayNode parts) {
        return parts.size() == 1 && parts.get(0).path("type").asText().equals("text")
                ? parts.get(0).get("text")
                : parts;
    }
}
