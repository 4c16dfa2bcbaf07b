package dev.signalbox.workers.vendor.openai;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.signalbox.workers.vendor.VendorJson;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What one chunk says about one choice. It is read whole before it is applied, because the choice's index may stand
 * behind its delta. Reused from chunk to chunk.
 */
final class ChatDelta {
    /** A fragment of a tool call; an index of -1: the vendor gave none. */
    record ToolFragment(int index, @Nullable String id, @Nullable String name, @Nullable String arguments) {
    }

    int index;
    @Nullable
    String role;
    @Nullable
    String text;
    @Nullable
    String reasoning;
    String reasoningField = "reasoning_content";
    @Nullable
    String refusal;
    @Nullable
    String finishReason;
    final List<ToolFragment> tools = new ArrayList<>(0);
    @Nullable
    ToolFragment function;
    byte @Nullable [] logprobs;
    /** Fields of the choice and of its message that are not read here, as the vendor wrote them. */
    final Map<String, byte[]> choiceExtras = new LinkedHashMap<>(0);
    final Map<String, byte[]> messageExtras = new LinkedHashMap<>(0);

    /** The parser stands at the choice's start and ends at its end. */
    void read(JsonParser parser, byte[] bytes, int offset) throws IOException {
        clear();
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = parser.currentName();
            JsonToken value = parser.nextToken();
            if (value == JsonToken.VALUE_NULL) {
                continue;
            }
            switch (name) {
                case "index" -> index = parser.getValueAsInt(0);
                case "finish_reason" -> finishReason = VendorJson.text(parser);
                case "delta" -> {
                    if (value == JsonToken.START_OBJECT) {
                        readMessage(parser, bytes, offset);
                    } else {
                        parser.skipChildren();
                    }
                }
                case "text" -> addText(VendorJson.text(parser));
                case "logprobs" -> logprobs = VendorJson.raw(parser, bytes, offset);
                case "message" -> parser.skipChildren();
                default -> choiceExtras.put(name, VendorJson.raw(parser, bytes, offset));
            }
        }
    }

    private void clear() {
        index = 0;
        role = null;
        text = null;
        reasoning = null;
        refusal = null;
        finishReason = null;
        function = null;
        logprobs = null;
        if (!tools.isEmpty()) {
            tools.clear();
        }
        if (!choiceExtras.isEmpty()) {
            choiceExtras.clear();
        }
        if (!messageExtras.isEmpty()) {
            messageExtras.clear();
        }
    }

    private void readMessage(JsonParser parser, byte[] bytes, int offset) throws IOException {
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = parser.currentName();
            JsonToken value = parser.nextToken();
            if (value == JsonToken.VALUE_NULL) {
                continue;
            }
            switch (name) {
                case "role" -> role = VendorJson.text(parser);
                case "content" -> readContent(parser);
                case "reasoning_content", "reasoning" -> {
                    String more = VendorJson.text(parser);
                    // Some vendors say the same under both names.
                    if (reasoning == null && more != null && !more.isEmpty()) {
                        reasoning = more;
                        reasoningField = name;
                    }
                }
                case "refusal" -> refusal = VendorJson.text(parser);
                case "tool_calls" -> readTools(parser);
                case "function_call" -> function = readFunction(parser, -1, null);
                default -> {
                    if (value.isStructStart()) {
                        messageExtras.put(name, VendorJson.raw(parser, bytes, offset));
                    }
                }
            }
        }
    }

    /** Text, or typed parts of which text and thinking are read. */
    private void readContent(JsonParser parser) throws IOException {
        if (parser.currentToken() == JsonToken.VALUE_STRING) {
            addText(parser.getText());
        } else if (parser.currentToken() == JsonToken.START_ARRAY) {
            while (parser.nextToken() != JsonToken.END_ARRAY) {
                if (parser.currentToken() == JsonToken.START_OBJECT) {
                    readPart(parser);
                } else {
                    parser.skipChildren();
                }
            }
        } else {
            parser.skipChildren();
        }
    }

    private void readPart(JsonParser parser) throws IOException {
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = parser.currentName();
            parser.nextToken();
            switch (name) {
                case "text" -> addText(VendorJson.text(parser));
                case "thinking", "summary" -> readThinking(parser);
                default -> parser.skipChildren();
            }
        }
    }

    private void readThinking(JsonParser parser) throws IOException {
        if (parser.currentToken() == JsonToken.VALUE_STRING) {
            addReasoning(parser.getText());
            return;
        }
        if (parser.currentToken() != JsonToken.START_ARRAY) {
            parser.skipChildren();
            return;
        }
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            if (parser.currentToken() != JsonToken.START_OBJECT) {
                parser.skipChildren();
                continue;
            }
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                boolean isText = parser.currentName().equals("text");
                parser.nextToken();
                String more = VendorJson.text(parser);
                if (isText) {
                    addReasoning(more);
                }
            }
        }
    }

    private void readTools(JsonParser parser) throws IOException {
        if (parser.currentToken() != JsonToken.START_ARRAY) {
            parser.skipChildren();
            return;
        }
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            if (parser.currentToken() == JsonToken.START_OBJECT) {
                tools.add(readTool(parser));
            } else {
                parser.skipChildren();
            }
        }
    }

    private static ToolFragment readTool(JsonParser parser) throws IOException {
        int index = -1;
        String id = null;
        ToolFragment function = new ToolFragment(-1, null, null, null);
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = parser.currentName();
            parser.nextToken();
            switch (name) {
                case "index" -> index = parser.getValueAsInt(-1);
                case "id" -> id = VendorJson.text(parser);
                case "function" -> function = readFunction(parser, -1, null);
                default -> parser.skipChildren();
            }
        }
        return new ToolFragment(index, id, function.name(), function.arguments());
    }

    private static ToolFragment readFunction(JsonParser parser, int index, @Nullable String id) throws IOException {
        String functionName = null;
        String arguments = null;
        if (parser.currentToken() != JsonToken.START_OBJECT) {
            parser.skipChildren();
            return new ToolFragment(index, id, null, null);
        }
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = parser.currentName();
            parser.nextToken();
            switch (name) {
                case "name" -> functionName = VendorJson.text(parser);
                case "arguments" -> arguments = VendorJson.text(parser);
                default -> parser.skipChildren();
            }
        }
        return new ToolFragment(index, id, functionName, arguments);
    }

    private void addText(@Nullable String more) {
        if (more != null) {
            text = text == null ? more : text + more;
        }
    }

    private void addReasoning(@Nullable String more) {
        if (more != null) {
            reasoning = reasoning == null ? more : reasoning + more;
        }
    }
}
