package dev.signalbox.workers.vendor.translation;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The conversation of a Chat Completions request as system, user and assistant messages of Anthropic's. The results of
 * parallel tool calls, a message each, become blocks of one user message, as the vendor demands.
 */
final class ChatMessages {
    /** For the documentation: messages and their parts. */
    static final Map<String, String> PARTS = TableOrder.of(
            "system and developer message", "a text block of `system`; not carried behind other messages",
            "text part", "`text` block", "`image_url` part, data URL", "`image` block, base64 source",
            "`image_url` part, http(s) URL", "`image` block, url source",
            "`image_url.detail`", "nothing if auto; else not carried",
            "`file` part with PDF data", "`document` block, base64 source, `title` = `filename`",
            "`file_id`, `input_audio`", "not carried",
            "`tool_calls`", "`tool_use` blocks; not carried if the arguments are no JSON object",
            "tool message", "`tool_result` block; those in a row in one user message",
            "`thinking_blocks` of an assistant message", "the blocks themselves, in front",
            "`reasoning_content` without `thinking_blocks`", "not carried: no signature",
            "`name`, `refusal`, `audio`, `function_call`, function message", "not carried",
            "an empty message", "not carried",
            "an assistant message at the end", "not carried: the vendor would continue it");

    private static final Set<String> ASSISTANT = Set.of("role", "content", "tool_calls", "thinking_blocks",
            "reasoning_content", "annotations");
    private static final Set<String> PLAIN = Set.of("role", "content");
    private static final Set<String> TOOL = Set.of("role", "content", "tool_call_id");

    private final Draft draft;
    private final ArrayNode messages;
    private final ArrayNode system = TranslationJson.array();
    private Optional<ArrayNode> results = Optional.empty();

    private ChatMessages(Draft draft) {
        this.draft = draft;
        this.messages = draft.target.putArray("messages");
    }

    static void toMessages(JsonNode source, Draft draft) {
        ChatMessages conversation = new ChatMessages(draft);
        for (JsonNode message : source) {
            conversation.add(message);
        }
        if (!conversation.system.isEmpty()) {
            draft.target.set("system", conversation.system);
        }
        if (conversation.messages.isEmpty()) {
            draft.refuse("no user message");
        } else if (conversation.messages.get(conversation.messages.size() - 1).path("role").asText()
                .equals("assistant")) {
            draft.refuse("a conversation that ends with an assistant message");
        }
    }

    private void add(JsonNode message) {
        String role = message.path("role").asText();
        if (!role.equals("tool")) {
            results = Optional.empty();
        }
        switch (role) {
            case "system", "developer" -> system(message);
            case "user" -> {
                only(message, PLAIN);
                ArrayNode content = content(message.path("content"), true);
                addMessage("user", message.path("content"), content);
            }
            case "assistant" -> assistant(message);
            case "tool" -> result(message);
            default -> draft.refuse("a message of role `" + Draft.name(role) + "`");
        }
    }

    private void only(JsonNode message, Set<String> known) {
        message.properties().forEach(member -> {
            if (!known.contains(member.getKey()) && !member.getValue().isNull()) {
                draft.refuse("`" + Draft.name(member.getKey()) + "` of a message");
            }
        });
    }

    private void system(JsonNode message) {
        only(message, PLAIN);
        if (!messages.isEmpty()) {
            draft.refuse("a system message behind other messages");
        }
        content(message.path("content"), false).forEach(system::add);
    }

    /** A string stays a string, so that it comes back as one. */
    private void addMessage(String role, JsonNode given, ArrayNode content) {
        if (content.isEmpty()) {
            draft.refuse("an empty message");
            return;
        }
        ObjectNode message = messages.addObject().put("role", role);
        if (given.isTextual() && content.size() == 1 && content.get(0).path("type").asText().equals("text")) {
            message.set("content", given);
        } else {
            message.set("content", content);
        }
    }

    private ArrayNode content(JsonNode content, boolean media) {
        ArrayNode blocks = TranslationJson.array();
        if (content.isTextual()) {
            text(content.asText(), blocks);
        } else if (content.isArray()) {
            for (JsonNode part : content) {
                part(part, media, blocks);
            }
        } else if (!content.isNull() && !content.isMissingNode()) {
            draft.refuse("this `content`");
        }
        return blocks;
    }

    private static void text(String text, ArrayNode blocks) {
        if (!text.isEmpty()) {
            blocks.add(TranslationJson.textPart(text));
        }
    }

    private void part(JsonNode part, boolean media, ArrayNode blocks) {
        String type = part.path("type").asText();
        if (type.equals("text")) {
            text(part.path("text").asText(), blocks);
        } else if (type.equals("image_url") && media) {
            image(part.path("image_url"), blocks);
        } else if (type.equals("file") && media) {
            file(part.path("file"), blocks);
        } else {
            draft.refuse("a content part of type `" + Draft.name(type) + "`");
        }
    }

    private void image(JsonNode image, ArrayNode blocks) {
        String url = image.isTextual() ? image.asText() : image.path("url").asText();
        if (!Set.of("", "auto").contains(image.path("detail").asText(""))) {
            draft.refuse("`detail` of an image");
        }
        ObjectNode source = blocks.addObject().put("type", "image").putObject("source");
        Optional<DataUrl> data = DataUrl.parse(url);
        if (data.isPresent()) {
            source.put("type", "base64").put("media_type", data.get().mediaType()).put("data", data.get().base64());
        } else if (url.startsWith("https://") || url.startsWith("http://")) {
            source.put("type", "url").put("url", url);
        } else {
            draft.refuse("an image URL that is neither data nor http(s)");
        }
    }

    private void file(JsonNode file, ArrayNode blocks) {
        Optional<DataUrl> data = DataUrl.parse(file.path("file_data").asText());
        if (data.isEmpty() || !data.get().mediaType().equals("application/pdf")) {
            draft.refuse("a file that is not PDF data");
            return;
        }
        ObjectNode document = blocks.addObject().put("type", "document");
        document.putObject("source").put("type", "base64").put("media_type", "application/pdf").put("data",
                data.get().base64());
        if (file.hasNonNull("filename")) {
            document.set("title", file.get("filename"));
        }
    }

    private void assistant(JsonNode message) {
        only(message, ASSISTANT);
        ArrayNode blocks = TranslationJson.array();
        if (message.path("thinking_blocks").isArray()) {
            message.get("thinking_blocks").forEach(blocks::add);
        } else if (message.hasNonNull("reasoning_content")) {
            draft.refuse("`reasoning_content` without its signature");
        }
        content(message.path("content"), false).forEach(blocks::add);
        for (JsonNode call : message.path("tool_calls")) {
            JsonNode function = call.path("function");
            String arguments = function.path("arguments").asText("");
            Optional<ObjectNode> input = arguments.isBlank()
                    ? Optional.of(TranslationJson.object())
                    : TranslationJson.object(arguments);
            if (!call.path("type").asText("function").equals("function") || input.isEmpty()) {
                draft.refuse("a tool call whose arguments are no JSON object");
                continue;
            }
            ObjectNode use = blocks.addObject().put("type", "tool_use");
            use.set("id", call.path("id"));
            use.set("name", function.path("name"));
            use.set("input", input.get());
        }
        addMessage("assistant", message.path("content"), blocks);
    }

    private void result(JsonNode message) {
        only(message, TOOL);
        ArrayNode content = content(message.path("content"), false);
        ArrayNode all = results.orElseGet(() -> messages.addObject().put("role", "user").putArray("content"));
        results = Optional.of(all);
        ObjectNode block = all.addObject().put("type", "tool_result");
        block.set("tool_use_id", message.path("tool_call_id"));
        if (message.path("content").isTextual()) {
            block.set("content", message.get("content"));
        } else if (!content.isEmpty()) {
            block.set("content", content);
        }
    }

}
