package dev.signalbox.workers.vendor.translation;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.signalbox.schemas.avro.ChunkKind;
import dev.signalbox.schemas.avro.ToolCallStart;
import dev.signalbox.workers.vendor.TokenSink;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Tokens of any family as events of a message stream. A block is open at a time; fragments of a tool call whose block is
 * closed are held back until the end, since blocks cannot be opened again. Of several choices only the first is told.
 */
public final class MessageEvents implements TokenSink {
    /** @param toolCall its number; -1 under other kinds */
    private record Block(ChunkKind kind, int toolCall) {
    }

    /** A tool call that began while another block was open, in pieces. */
    private record Held(int toolCall, StringBuilder arguments, ToolCallStart start) {
    }

    private final String id;
    private final String model;
    private final BiConsumer<String, String> out;
    private final List<Held> held = new ArrayList<>(0);
    private @Nullable Block open;
    private int blocks;
    private boolean begun;

    /** @param out takes each event's type and data */
    public MessageEvents(String id, String model, BiConsumer<String, String> out) {
        this.id = id;
        this.model = model;
        this.out = out;
    }

    @Override
    public void token(ChunkKind kind, int index, String delta, @Nullable ToolCallStart toolCall) {
        begin();
        if (kind == ChunkKind.TOOL_CALL) {
            toolCall(index, delta, toolCall);
        } else if (index == 0) {
            Block block = new Block(kind == ChunkKind.REASONING ? ChunkKind.REASONING : ChunkKind.TEXT, -1);
            boolean reasoning = block.kind() == ChunkKind.REASONING;
            if (!block.equals(open)) {
                open(block, reasoning
                        ? TranslationJson.object().put("type", "thinking").put("thinking", "").put("signature", "")
                        : TranslationJson.textPart(""));
            }
            delta(TranslationJson.object().put("type", reasoning ? "thinking_delta" : "text_delta")
                    .put(reasoning ? "thinking" : "text", delta));
        }
    }

    private void toolCall(int index, String delta, @Nullable ToolCallStart start) {
        Block block = new Block(ChunkKind.TOOL_CALL, index);
        if (block.equals(open)) {
            input(delta);
            return;
        }
        for (Held call : held) {
            if (call.toolCall() == index) {
                call.arguments().append(delta);
                return;
            }
        }
        if (start == null) {
            throw new IllegalArgumentException("a tool call that was never opened, or one that was closed");
        }
        if (open != null && open.kind() == ChunkKind.TOOL_CALL) {
            // Its fragments may come between those of the open one.
            held.add(new Held(index, new StringBuilder(delta), start));
            return;
        }
        openCall(block, start);
        input(delta);
    }

    private void openCall(Block block, ToolCallStart start) {
        open(block, TranslationJson.object().put("type", "tool_use").put("id", start.getId())
                .put("name", start.getName()).set("input", TranslationJson.object()));
    }

    private void input(String fragment) {
        if (!fragment.isEmpty()) {
            delta(TranslationJson.object().put("type", "input_json_delta").put("partial_json", fragment));
        }
    }

    /** @param message the whole answer as a message */
    public void end(byte[] message) {
        begin();
        for (Held call : held) {
            openCall(new Block(ChunkKind.TOOL_CALL, call.toolCall()), call.start());
            input(call.arguments().toString());
        }
        close();
        JsonNode whole = TranslationJson.object(message)
                .orElseThrow(() -> new IllegalArgumentException("not a JSON object"));
        ObjectNode last = TranslationJson.object().put("type", "message_delta");
        ObjectNode delta = last.putObject("delta");
        delta.set("stop_reason", whole.path("stop_reason"));
        delta.set("stop_sequence", whole.path("stop_sequence"));
        last.set("usage", whole.path("usage"));
        event("message_delta", last);
        event("message_stop", TranslationJson.object().put("type", "message_stop"));
    }

    private void begin() {
        if (begun) {
            return;
        }
        begun = true;
        ObjectNode start = TranslationJson.object().put("type", "message_start");
        ObjectNode message = start.putObject("message").put("id", id).put("type", "message").put("role", "assistant")
                .put("model", model);
        message.putArray("content");
        message.putNull("stop_reason").putNull("stop_sequence");
        message.putObject("usage").put("input_tokens", 0).put("output_tokens", 0);
        event("message_start", start);
    }

    private void open(Block block, JsonNode start) {
        close();
        open = block;
        ObjectNode event = TranslationJson.object().put("type", "content_block_start").put("index", blocks);
        event.set("content_block", start);
        event("content_block_start", event);
    }

    private void delta(ObjectNode delta) {
        ObjectNode event = TranslationJson.object().put("type", "content_block_delta").put("index", blocks);
        event.set("delta", delta);
        event("content_block_delta", event);
    }

    private void close() {
        if (open != null) {
            open = null;
            event("content_block_stop",
                    TranslationJson.object().put("type", "content_block_stop").put("index", blocks++));
        }
    }

    private void event(String type, ObjectNode data) {
        out.accept(type, TranslationJson.text(data));
    }
}
