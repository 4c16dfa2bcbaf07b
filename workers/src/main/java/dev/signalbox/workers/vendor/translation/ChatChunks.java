package dev.signalbox.workers.vendor.translation;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.signalbox.schemas.avro.ChunkKind;
import dev.signalbox.schemas.avro.ToolCallStart;
import dev.signalbox.workers.vendor.TokenSink;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Tokens of any family as chat completion chunks, the data of one event each. What a chunk must say before the answer
 * is known, such as its id, is given at the start; finish reason and usage come from the whole answer.
 */
public final class ChatChunks implements TokenSink {
    private final String id;
    private final String model;
    private final long createdSeconds;
    private final Consumer<String> out;
    private boolean begun;

    /** @param out takes each event's data, without {@code data:} and blank line */
    public ChatChunks(String id, String model, long createdSeconds, Consumer<String> out) {
        this.id = id;
        this.model = model;
        this.createdSeconds = createdSeconds;
        this.out = out;
    }

    @Override
    public void token(ChunkKind kind, int index, String delta, @Nullable ToolCallStart toolCall) {
        begin();
        ObjectNode said = TranslationJson.object();
        switch (kind) {
            case TEXT -> said.put("content", delta);
            case REASONING -> said.put("reasoning_content", delta);
            case REFUSAL -> said.put("refusal", delta);
            case TOOL_CALL -> {
                ObjectNode call = said.putArray("tool_calls").addObject().put("index", index);
                if (toolCall != null) {
                    call.put("id", toolCall.getId()).put("type", "function");
                }
                ObjectNode function = call.putObject("function");
                if (toolCall != null) {
                    function.put("name", toolCall.getName());
                }
                function.put("arguments", delta);
            }
            case END -> throw new IllegalArgumentException("the end is no token");
        }
        chunk(said, null);
    }

    /** @param completion the whole answer as a chat completion */
    public void end(byte[] completion) {
        begin();
        JsonNode whole = TranslationJson.object(completion)
                .orElseThrow(() -> new IllegalArgumentException("not a JSON object"));
        chunk(TranslationJson.object(), whole.at("/choices/0/finish_reason").asText("stop"));
        if (whole.path("usage").isObject()) {
            ObjectNode last = head();
            last.putArray("choices");
            last.set("usage", whole.get("usage"));
            out.accept(TranslationJson.text(last));
        }
        out.accept("[DONE]");
    }

    private void begin() {
        if (!begun) {
            begun = true;
            chunk(TranslationJson.object().put("role", "assistant").put("content", ""), null);
        }
    }

    private ObjectNode head() {
        return TranslationJson.object().put("id", id).put("object", "chat.completion.chunk")
                .put("created", createdSeconds).put("model", model);
    }

    private void chunk(ObjectNode delta, @Nullable String finishReason) {
        ObjectNode chunk = head();
        ObjectNode choice = chunk.putArray("choices").addObject().put("index", 0);
        choice.set("delta", delta);
        choice.put("finish_reason", finishReason);
        out.accept(TranslationJson.text(chunk));
    }
}
