package dev.signalbox.workers.vendor.openai;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.signalbox.schemas.avro.ChunkKind;
import dev.signalbox.schemas.avro.ToolCallStart;
import dev.signalbox.workers.vendor.TokenSink;
import dev.signalbox.workers.vendor.VendorJson;
import dev.signalbox.workers.vendor.openai.ChatDelta.ToolFragment;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One choice of a streamed answer, put together from its deltas. */
final class ChatChoice {
    /** A tool call; it is opened to the sink once its name is known. */
    private static final class ToolCall {
        final int ordinal;
        final int vendorIndex;
        String id = "";
        String name = "";
        final StringBuilder arguments = new StringBuilder();
        boolean opened;

        ToolCall(int ordinal, int vendorIndex) {
            this.ordinal = ordinal;
            this.vendorIndex = vendorIndex;
        }
    }

    /** Numbers tool calls over all choices of an answer, since chunks name them by one number. */
    interface Ordinals {
        int next();
    }

    private final int index;
    private final Ordinals ordinals;
    private String role = "assistant";
    private final StringBuilder text = new StringBuilder();
    private boolean textSeen;
    private final StringBuilder reasoning = new StringBuilder(0);
    private String reasoningField = "reasoning_content";
    private final StringBuilder refusal = new StringBuilder(0);
    private final List<ToolCall> tools = new ArrayList<>(0);
    private @Nullable ToolCall function;
    private @Nullable String finishReason;
    /** Elements of the arrays in {@code logprobs}, by name, as the vendor wrote them. */
    private final Map<String, StringBuilder> logprobs = new LinkedHashMap<>(0);
    private final Map<String, byte[]> choiceExtras = new LinkedHashMap<>(0);
    private final Map<String, StringBuilder> messageArrays = new LinkedHashMap<>(0);
    private final Map<String, byte[]> messageObjects = new LinkedHashMap<>(0);

    ChatChoice(int index, Ordinals ordinals) {
        this.index = index;
        this.ordinals = ordinals;
    }

    int index() {
        return index;
    }

    @Nullable
    String finishReason() {
        return finishReason;
    }

    /** Adds a delta and passes its tokens on; the number of deltas with content. */
    int apply(ChatDelta delta, TokenSink sink) {
        int tokens = 0;
        if (delta.role != null && !delta.role.isEmpty()) {
            role = delta.role;
        }
        if (delta.reasoning != null && !delta.reasoning.isEmpty()) {
            reasoningField = delta.reasoningField;
            reasoning.append(delta.reasoning);
            sink.token(ChunkKind.REASONING, index, delta.reasoning, null);
            tokens++;
        }
        if (delta.text != null) {
            textSeen = true;
            if (!delta.text.isEmpty()) {
                text.append(delta.text);
                sink.token(ChunkKind.TEXT, index, delta.text, null);
                tokens++;
            }
        }
        if (delta.refusal != null && !delta.refusal.isEmpty()) {
            refusal.append(delta.refusal);
            sink.token(ChunkKind.REFUSAL, index, delta.refusal, null);
            tokens++;
        }
        for (int i = 0; i < delta.tools.size(); i++) {
            tokens += fragment(toolOf(delta.tools.get(i)), delta.tools.get(i), sink);
        }
        if (delta.function != null) {
            if (function == null) {
                function = new ToolCall(ordinals.next(), 0);
            }
            tokens += fragment(function, delta.function, sink);
        }
        if (delta.finishReason != null && !delta.finishReason.isEmpty()) {
            finishReason = delta.finishReason;
        }
        keepExtras(delta);
        return tokens;
    }

    /** Characters of all deltas, for estimates. */
    long chars() {
        long chars = (long) text.length() + reasoning.length() + refusal.length();
        for (ToolCall tool : tools) {
            chars += tool.name.length() + tool.arguments.length();
        }
        return chars + (function == null ? 0 : function.arguments.length());
    }

    /**
     * The call that a fragment belongs to: by index; without one, by id, else the last. A new id under a used index
     * opens a new call, since some vendors number every call 0; so does a name under neither index nor id.
     */
    private ToolCall toolOf(ToolFragment fragment) {
        String id = fragment.id();
        boolean named = id != null && !id.isEmpty();
        for (int i = tools.size() - 1; i >= 0; i--) {
            ToolCall tool = tools.get(i);
            boolean sameIndex = fragment.index() < 0 || tool.vendorIndex == fragment.index();
            boolean sameId = !named || tool.id.isEmpty() || tool.id.equals(id);
            boolean another = fragment.index() < 0 && !named && tool.opened && fragment.name() != null
                    && !fragment.name().isEmpty();
            if (sameIndex && sameId && !another) {
                return tool;
            }
        }
        ToolCall tool = new ToolCall(ordinals.next(), fragment.index());
        tools.add(tool);
        return tool;
    }

    private static int fragment(ToolCall tool, ToolFragment fragment, TokenSink sink) {
        if (fragment.id() != null && tool.id.isEmpty()) {
            tool.id = fragment.id();
        }
        if (fragment.name() != null && !tool.opened) {
            tool.name = fragment.name();
        }
        String arguments = fragment.arguments() == null ? "" : fragment.arguments();
        tool.arguments.append(arguments);
        if (!tool.opened && !tool.name.isEmpty()) {
            tool.opened = true;
            sink.token(ChunkKind.TOOL_CALL, tool.ordinal, tool.arguments.toString(),
                    new ToolCallStart(tool.id, tool.name));
            return 1;
        }
        if (tool.opened && !arguments.isEmpty()) {
            sink.token(ChunkKind.TOOL_CALL, tool.ordinal, arguments, null);
            return 1;
        }
        return 0;
    }

    private void keepExtras(ChatDelta delta) {
        if (delta.logprobs != null) {
            appendArrays(delta.logprobs, logprobs);
        }
        choiceExtras.putAll(delta.choiceExtras);
        for (Map.Entry<String, byte[]> extra : delta.messageExtras.entrySet()) {
            if (extra.getValue()[0] == '[') {
                append(extra.getKey(), extra.getValue(), messageArrays);
            } else {
                messageObjects.put(extra.getKey(), extra.getValue());
            }
        }
    }

    /** Adds the elements of each array in an object to those gathered under its name. */
    private static void appendArrays(byte[] object, Map<String, StringBuilder> gathered) {
        try (JsonParser parser = VendorJson.FACTORY.createParser(object)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                return;
            }
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String name = parser.currentName();
                if (parser.nextToken() == JsonToken.START_ARRAY) {
                    append(name, VendorJson.raw(parser, object, 0), gathered);
                } else {
                    parser.skipChildren();
                }
            }
        } catch (IOException impossible) {
            // It was read whole before.
            throw new UncheckedIOException(impossible);
        }
    }

    private static void append(String name, byte[] array, Map<String, StringBuilder> gathered) {
        String elements = new String(array, 1, array.length - 2, StandardCharsets.UTF_8).strip();
        StringBuilder all = gathered.computeIfAbsent(name, _ -> new StringBuilder());
        if (!elements.isEmpty()) {
            all.append(all.isEmpty() ? "" : ",").append(elements);
        }
    }

    /** Writes it as a choice of an unstreamed answer. */
    void write(JsonGenerator out) throws IOException {
        out.writeStartObject();
        out.writeNumberField("index", index);
        out.writeObjectFieldStart("message");
        out.writeStringField("role", role);
        if (textSeen && (!text.isEmpty() || (tools.isEmpty() && refusal.isEmpty() && function == null))) {
            out.writeStringField("content", text.toString());
        } else {
            out.writeNullField("content");
        }
        if (!reasoning.isEmpty()) {
            out.writeStringField(reasoningField, reasoning.toString());
        }
        if (refusal.isEmpty()) {
            out.writeNullField("refusal");
        } else {
            out.writeStringField("refusal", refusal.toString());
        }
        writeTools(out);
        writeArrays(out, messageArrays);
        writeRaw(out, messageObjects);
        out.writeEndObject();
        if (logprobs.isEmpty()) {
            out.writeNullField("logprobs");
        } else {
            out.writeObjectFieldStart("logprobs");
            writeArrays(out, logprobs);
            out.writeEndObject();
        }
        if (finishReason == null) {
            out.writeNullField("finish_reason");
        } else {
            out.writeStringField("finish_reason", finishReason);
        }
        writeRaw(out, choiceExtras);
        out.writeEndObject();
    }

    private void writeTools(JsonGenerator out) throws IOException {
        if (!tools.isEmpty()) {
            out.writeArrayFieldStart("tool_calls");
            for (ToolCall tool : tools) {
                out.writeStartObject();
                out.writeStringField("id", tool.id);
                out.writeStringField("type", "function");
                writeFunction(out, tool);
                out.writeEndObject();
            }
            out.writeEndArray();
        }
        if (function != null) {
            out.writeFieldName("function_call");
            writeCall(out, function);
        }
    }

    private static void writeFunction(JsonGenerator out, ToolCall tool) throws IOException {
        out.writeFieldName("function");
        writeCall(out, tool);
    }

    private static void writeCall(JsonGenerator out, ToolCall tool) throws IOException {
        out.writeStartObject();
        out.writeStringField("name", tool.name);
        out.writeStringField("arguments", tool.arguments.toString());
        out.writeEndObject();
    }

    private static void writeArrays(JsonGenerator out, Map<String, StringBuilder> arrays) throws IOException {
        for (Map.Entry<String, StringBuilder> array : arrays.entrySet()) {
            out.writeFieldName(array.getKey());
            out.writeRawValue("[" + array.getValue() + "]");
        }
    }

    static void writeRaw(JsonGenerator out, Map<String, byte[]> fields) throws IOException {
        for (Map.Entry<String, byte[]> field : fields.entrySet()) {
            out.writeFieldName(field.getKey());
            out.writeRawValue(new String(field.getValue(), StandardCharsets.UTF_8));
        }
    }
}
