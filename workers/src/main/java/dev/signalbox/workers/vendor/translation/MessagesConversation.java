package dev.signalbox.workers.vendor.translation;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;
import java.util.Set;

/** The conversation of an Anthropic Messages request as messages of Chat Completions: a tool result is one of its own. */
final class MessagesConversation {
    /** For the documentation: messages and their blocks. */
    static final Map<String, String> BLOCKS = TableOrder.of(
            "`text` block", "string or text part; not carried with citations",
            "`image` block, base64 source", "`image_url` part, data URL",
            "`image` block, url source", "`image_url` part",
            "`document` block, base64 PDF", "`file` part with data; not carried with `context` or citations",
            "`tool_use` block", "`tool_calls`; not carried if text follows it",
            "`tool_result` block of text", "tool message; not carried with media or `is_error`",
            "`thinking`, `redacted_thinking` of an earlier turn", "not carried",
            "`server_tool_use`, its results, any other block", "not carried",
            "`cache_control`", "nothing: a hint that changes no answer",
            "system message behind the first message", "not carried",
            "an assistant message at the end (prefill)", "not carried");

    private static final Set<String> TEXT = Set.of("type", "text", "cache_control");
    private static final Set<String> MEDIA = Set.of("type", "source", "title", "cache_control");
    private static final Set<String> USE = Set.of("type", "id", "name", "input", "cache_control", "caller");
    private static final Set<String> RESULT = Set.of("type", "tool_use_id", "content", "is_error", "cache_control");

    private final Draft draft;
    private final ArrayNode messages;

    private MessagesConversation(Draft draft) {
        this.draft = draft;
        this.messages = draft.target.withArray("messages");
    }

    static void system(JsonNode system, Draft draft) {
        MessagesConversation conversation = new MessagesConversation(draft);
        if (system.isTextual()) {
            if (!system.asText().isEmpty()) {
                conversation.messages.addObject().put("role", "system").set("content", system);
            }
            return;
        }
        ArrayNode parts = TranslationJson.array();
        for (JsonNode block : system) {
            conversation.text(block, parts);
        }
        if (!parts.isEmpty()) {
            conversation.messages.addObject().put("role", "system").set("content", MessagesRequest.content(parts));
        }
    }

    static void toChat(JsonNode source, Draft draft) {
        MessagesConversation conversation = new MessagesConversation(draft);
        String role = "";
        for (JsonNode message : source) {
            role = message.path("role").asText();
            switch (role) {
                case "user" -> conversation.user(message.path("content"));
                case "assistant" -> conversation.assistant(message.path("content"));
                default -> draft.refuse("a message of role `" + Draft.name(role) + "`");
            }
        }
        if (role.equals("assistant")) {
            draft.refuse("a conversation that ends with an assistant message");
        }
    }

    private void only(JsonNode block, Set<String> known) {
        block.properties().forEach(member -> {
            boolean nothing = member.getValue().isNull() || (member.getKey().equals("citations")
                    && (member.getValue().isEmpty() || !member.getValue().path("enabled").asBoolean(true)));
            if (!known.contains(member.getKey()) && !nothing) {
                draft.refuse("`" + Draft.name(member.getKey()) + "` of a block");
            }
        });
    }

    private void text(JsonNode block, ArrayNode parts) {
        if (!block.path("type").asText().equals("text")) {
            draft.refuse("a block of type `" + Draft.name(block.path("type").asText()) + "`");
            return;
        }
        only(block, TEXT);
        parts.add(TranslationJson.textPart(block.path("text").asText()));
    }

    private void user(JsonNode content) {
        if (content.isTextual()) {
            messages.addObject().put("role", "user").set("content", content);
            return;
        }
        ArrayNode parts = TranslationJson.array();
        for (JsonNode block : content) {
            switch (block.path("type").asText()) {
                case "tool_result" -> {
                    if (!parts.isEmpty()) {
                        draft.refuse("a tool result behind other content");
                    }
                    result(block);
                }
                case "image" -> image(block, parts);
                case "document" -> document(block, parts);
                default -> text(block, parts);
            }
        }
        if (!parts.isEmpty()) {
            messages.addObject().put("role", "user").set("content", MessagesRequest.content(parts));
        }
    }

    private void result(JsonNode block) {
        only(block, RESULT);
        if (block.path("is_error").asBoolean()) {
            draft.refuse("a tool result that is an error");
        }
        ObjectNode message = messages.addObject().put("role", "tool");
        message.set("tool_call_id", block.path("tool_use_id"));
        JsonNode content = block.path("content");
        if (content.isArray()) {
            ArrayNode parts = TranslationJson.array();
            for (JsonNode part : content) {
                text(part, parts);
            }
            message.set("content", MessagesRequest.content(parts));
        } else {
            message.put("content", content.asText(""));
        }
    }

    private void image(JsonNode block, ArrayNode parts) {
        only(block, MEDIA);
        JsonNode source = block.path("source");
        String url = switch (source.path("type").asText()) {
            case "base64" -> new DataUrl(source.path("media_type").asText(), source.path("data").asText()).toString();
            case "url" -> source.path("url").asText();
            default -> {
                draft.refuse("an image that the vendor keeps");
                yield "";
            }
        };
        parts.addObject().put("type", "image_url").putObject("image_url").put("url", url);
    }

    private void document(JsonNode block, ArrayNode parts) {
        only(block, MEDIA);
        JsonNode source = block.path("source");
        if (!source.path("type").asText().equals("base64")
                || !source.path("media_type").asText().equals("application/pdf")) {
            draft.refuse("a document that is not PDF data");
            return;
        }
        parts.addObject().put("type", "file").putObject("file")
                .put("filename", block.path("title").asText("document.pdf"))
                .put("file_data", new DataUrl("application/pdf", source.path("data").asText()).toString());
    }

    private void assistant(JsonNode content) {
        ObjectNode message = messages.addObject().put("role", "assistant");
        if (content.isTextual()) {
            message.set("content", content);
            return;
        }
        ArrayNode parts = TranslationJson.array();
        message.putNull("content");
        for (JsonNode block : content) {
            if (block.path("type").asText().equals("tool_use")) {
                only(block, USE);
                ObjectNode call = message.withArray("tool_calls").addObject();
                call.set("id", block.path("id"));
                call.put("type", "function");
                call.putObject("function").put("name", block.path("name").asText()).put("arguments",
                        TranslationJson.text(block.path("input")));
            } else {
                if (message.has("tool_calls")) {
                    draft.refuse("text behind a tool call");
                }
                text(block, parts);
            }
        }
        if (!parts.isEmpty()) {
            message.set("content", MessagesRequest.content(parts));
        } else if (!message.has("tool_calls")) {
            draft.refuse("an empty message");
        }
    }
}
