package dev.signalbox.simulator.language;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.signalbox.simulator.fault.ErrorKind;
import dev.signalbox.simulator.language.CallRequest.Text;
import dev.signalbox.simulator.language.CallRequest.ToolCall;
import dev.signalbox.simulator.language.VendorLanguage.ErrorDetail;
import java.util.Arrays;

/** Chat completions, streamed ({@code chat.completion.chunk}) and whole ({@code chat.completion}). */
final class OpenAiRendering implements Rendering {
    private static final String FINGERPRINT = "\"service_tier\":\"default\",\"system_fingerprint\":\"fp_51317b0c\"";
    private static final byte[] CHUNK_END = "},\"logprobs\":null,\"finish_reason\":null}]".getBytes(UTF_8);
    private static final byte[] DONE = "data: [DONE]\n\n".getBytes(UTF_8);
    private static final byte[] EVENT_END = "}\n\n".getBytes(UTF_8);
    private static final byte[] USAGE_NULL = ",\"usage\":null".getBytes(UTF_8);
    private static final byte[] CONTENT_DELTA = "{\"index\":0,\"delta\":{\"content\":\"".getBytes(UTF_8);
    private static final byte[] TOOL_DELTA = ("{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":"
            + "{\"arguments\":\"").getBytes(UTF_8);
    private static final byte[] QUOTE = "\"".getBytes(UTF_8);
    private static final byte[] TOOL_DELTA_END = "\"}}]".getBytes(UTF_8);
    private static final byte[][] WORDS = new byte[FixedAnswer.WORDS.size()][];
    static {
        for (int i = 0; i < WORDS.length; i++) {
            WORDS[i] = (" " + FixedAnswer.WORDS.get(i)).getBytes(UTF_8);
        }
    }
    private static final byte[] FIRST_WORD = FixedAnswer.WORDS.getFirst().getBytes(UTF_8);

    private final CallRequest request;
    private final Answer answer;
    private final OpenAiErrors errors;
    private final String id;
    private final String callId;
    private final byte[] model;
    private final long created;
    private final byte[] prefix;

    OpenAiRendering(CallRequest request, Answer answer, OpenAiErrors errors, byte[] modelJson, String id,
            long created) {
        this.request = request;
        this.answer = answer;
        this.errors = errors;
        this.id = id;
        this.callId = "call_" + id;
        this.model = modelJson;
        this.created = created;
        prefix = request.streamed()
                ? new ByteWriter(256).put("data: {\"id\":\"chatcmpl-").put(id)
                        .put("\",\"object\":\"chat.completion.chunk\",\"created\":").put(created).put(",\"model\":")
                        .put(model).put("," + FINGERPRINT + ",\"choices\":[").toBytes()
                : new byte[0];
    }

    @Override
    public void opening(ByteWriter out) {
        String tool = answer.asked() instanceof ToolCall call
                ? "null,\"tool_calls\":[{\"index\":0,\"id\":\"" + callId + "\",\"type\":\"function\",\"function\":{"
                        + "\"name\":" + text(call.name()) + ",\"arguments\":\"\"}}]"
                : "\"\"";
        out.put(prefix).put("{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":" + tool
                + ",\"refusal\":null").put(CHUNK_END);
        eventEnd(out);
    }

    @Override
    public void piece(int index, ByteWriter out) {
        boolean tool = answer.asked() instanceof ToolCall;
        out.put(prefix).put(tool ? TOOL_DELTA : CONTENT_DELTA).put(pieceJson(index)).put(tool ? TOOL_DELTA_END : QUOTE)
                .put(CHUNK_END);
        eventEnd(out);
    }

    private void eventEnd(ByteWriter out) {
        if (request.includeUsage()) {
            out.put(USAGE_NULL);
        }
        out.put(EVENT_END);
    }

    @Override
    public void finish(String reason, ByteWriter out) {
        out.put(prefix).put("{\"index\":0,\"delta\":{},\"logprobs\":null,\"finish_reason\":\"" + reason + "\"}]");
        eventEnd(out);
        if (request.includeUsage()) {
            out.put(prefix).put("],").put(usage()).put(EVENT_END);
        }
    }

    @Override
    public void endMarker(ByteWriter out) {
        out.put(DONE);
    }

    @Override
    public void error(ErrorKind kind, ByteWriter out) {
        out.put("data: ").put(errors.json(kind, ErrorDetail.of(request.model(), request.promptTokens()))).put("\n\n");
    }

    @Override
    public void malformed(ByteWriter out) {
        out.put(prefix).put("{\"index\":0,\"delta\":{\"content\":\"\n\n");
    }

    @Override
    public Whole whole(String reason) {
        ByteWriter out = new ByteWriter(1024).put("{\"id\":\"chatcmpl-").put(id)
                .put("\",\"object\":\"chat.completion\",\"created\":").put(created).put(",\"model\":").put(model)
                .put(",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":");
        if (answer.asked() instanceof ToolCall call) {
            out.put("null,\"tool_calls\":[{\"id\":\"" + callId + "\",\"type\":\"function\",\"function\":{\"name\":"
                    + text(call.name()) + ",\"arguments\":");
        }
        int start = out.put(QUOTE).length();
        for (int i = 0; i < answer.tokens(); i++) {
            out.put(pieceJson(i));
        }
        out.put(QUOTE);
        if (answer.asked() instanceof ToolCall) {
            out.put("}}]");
        }
        out.put(",\"refusal\":null,\"annotations\":[]},\"logprobs\":null,\"finish_reason\":\"").put(reason).put("\"}],")
                .put(usage()).put("," + FINGERPRINT + "}");
        return new Whole(out.toBytes(), start);
    }

    @Override
    public int lengthOf(int tokens) {
        int length = 0;
        for (int i = 0; i < Math.min(tokens, answer.tokens()); i++) {
            length += pieceJson(i).length;
        }
        return length;
    }

    private String usage() {
        int total = answer.promptTokens() + answer.tokens();
        return "\"usage\":{\"prompt_tokens\":" + answer.promptTokens() + ",\"completion_tokens\":" + answer.tokens()
                + ",\"total_tokens\":" + total + ",\"prompt_tokens_details\":{\"cached_tokens\":"
                + answer.cachedTokens() + ",\"audio_tokens\":0},\"completion_tokens_details\":{\"reasoning_tokens\":0,"
                + "\"audio_tokens\":0,\"accepted_prediction_tokens\":0,\"rejected_prediction_tokens\":0}}";
    }

    /** A token as the inside of a JSON string. */
    private byte[] pieceJson(int index) {
        if (answer.asked() instanceof Text) {
            return index == 0 ? FIRST_WORD : WORDS[index % WORDS.length];
        }
        byte[] quoted = OpenAiReader.json(answer.piece(index));
        return Arrays.copyOfRange(quoted, 1, quoted.length - 1);
    }

    private static String text(String value) {
        return new String(OpenAiReader.json(value), UTF_8);
    }
}
