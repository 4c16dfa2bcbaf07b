package dev.signalbox.workers.vendor.anthropic;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.signalbox.schemas.avro.ChunkKind;
import dev.signalbox.schemas.avro.ToolCallStart;
import dev.signalbox.workers.vendor.BodySplice;
import dev.signalbox.workers.vendor.TokenSink;
import dev.signalbox.workers.vendor.VendorJson;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * One block of a streamed message, of any type: what its start said, and what its deltas add. Texts are appended to the
 * member of their name, citations to the list, {@code partial_json} makes up {@code input}; anything else replaces the
 * member of its name. So blocks of types that are not known here are kept whole.
 */
final class ContentBlock {
    private static final String INPUT_TEXT = "partial_json";
    private static final byte[] NO_INPUT = {'{', '}'};

    private final Map<String, byte[]> members;
    private final Map<String, StringBuilder> texts = new LinkedHashMap<>(2);
    private final StringBuilder citations = new StringBuilder(0);
    private final String type;
    /** Number among the message's tool calls; -1: it is none. */
    private final int toolCall;
    private long chars;

    /** @param toolCall the number that it gets if it is a tool call of the caller's */
    ContentBlock(Map<String, byte[]> start, int toolCall) {
        this.members = new LinkedHashMap<>(start);
        this.type = text("type");
        this.toolCall = type.equals("tool_use") ? toolCall : -1;
    }

    boolean isToolCall() {
        return toolCall >= 0;
    }

    /** Characters of its deltas so far. */
    long chars() {
        return chars;
    }

    /** Passes on what the start holds; the number of deltas with content. */
    int open(TokenSink sink) {
        if (isToolCall()) {
            sink.token(ChunkKind.TOOL_CALL, toolCall, "", new ToolCallStart(text("id"), text("name")));
            return 1;
        }
        return switch (type) {
            case "text" -> pass(ChunkKind.TEXT, text("text"), sink);
            case "thinking" -> pass(ChunkKind.REASONING, text("thinking"), sink);
            default -> 0;
        };
    }

    /** Adds a delta and passes its tokens on; the number of deltas with content. */
    int apply(MessageEvent event, TokenSink sink) {
        int tokens = 0;
        for (Map.Entry<String, String> text : event.deltaTexts.entrySet()) {
            texts.computeIfAbsent(text.getKey(), _ -> new StringBuilder()).append(text.getValue());
            tokens += switch (text.getKey()) {
                case "text" -> pass(ChunkKind.TEXT, text.getValue(), sink);
                case "thinking" -> pass(ChunkKind.REASONING, text.getValue(), sink);
                case INPUT_TEXT -> input(text.getValue(), sink);
                default -> text.getValue().isEmpty() ? 0 : 1;
            };
        }
        for (Map.Entry<String, byte[]> member : event.deltaMembers.entrySet()) {
            if (member.getKey().equals("citation")) {
                citations.append(citations.isEmpty() ? "" : ",")
                        .append(new String(member.getValue(), StandardCharsets.UTF_8));
            } else {
                members.put(member.getKey(), member.getValue());
            }
            tokens++;
        }
        return tokens;
    }

    private int pass(ChunkKind kind, String text, TokenSink sink) {
        if (text.isEmpty()) {
            return 0;
        }
        chars += text.length();
        sink.token(kind, 0, text, null);
        return 1;
    }

    private int input(String fragment, TokenSink sink) {
        if (fragment.isEmpty()) {
            return 0;
        }
        chars += fragment.length();
        if (isToolCall()) {
            sink.token(ChunkKind.TOOL_CALL, toolCall, fragment, null);
        }
        return 1;
    }

    /** Whether its input was cut, as {@code max_tokens} does: the fragment is then kept as it came. */
    boolean inputIsCut() {
        String input = input();
        return !input.isEmpty() && !isOneObject(input);
    }

    private String input() {
        StringBuilder fragments = texts.get(INPUT_TEXT);
        return fragments == null ? "" : fragments.toString();
    }

    private static boolean isOneObject(String json) {
        try (JsonParser parser = VendorJson.FACTORY.createParser(json)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                return false;
            }
            parser.skipChildren();
            return parser.currentToken() == JsonToken.END_OBJECT && parser.nextToken() == null;
        } catch (IOException cut) {
            return false;
        }
    }

    /** As a block of an unstreamed answer. */
    byte[] json() {
        String input = input();
        Map<String, byte[]> whole = new LinkedHashMap<>(members);
        texts.forEach((name, added) -> {
            if (!name.equals(INPUT_TEXT)) {
                whole.put(name, BodySplice.quoted(text(name) + added));
            }
        });
        if (inputIsCut()) {
            whole.put("input", NO_INPUT);
            whole.put(INPUT_TEXT, BodySplice.quoted(input));
        } else if (!input.isEmpty()) {
            whole.put("input", input.getBytes(StandardCharsets.UTF_8));
        }
        if (!citations.isEmpty()) {
            whole.put("citations", ("[" + earlierCitations() + citations + "]").getBytes(StandardCharsets.UTF_8));
        }
        return MessageUsage.object(whole);
    }

    private String earlierCitations() {
        byte[] list = members.get("citations");
        if (list == null || list[0] != '[') {
            return "";
        }
        String elements = new String(list, 1, list.length - 2, StandardCharsets.UTF_8).strip();
        return elements.isEmpty() ? "" : elements + ",";
    }

    /** A member of the start that is a string; else empty. */
    private String text(String name) {
        byte[] raw = members.get(name);
        if (raw == null || raw[0] != '"') {
            return "";
        }
        try (JsonParser parser = VendorJson.FACTORY.createParser(raw)) {
            parser.nextToken();
            return parser.getText();
        } catch (IOException impossible) {
            // It was read whole before.
            throw new UncheckedIOException(impossible);
        }
    }
}
