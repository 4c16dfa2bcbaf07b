package dev.signalbox.simulator.language;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.signalbox.simulator.fault.ErrorKind;
import dev.signalbox.simulator.language.Answer.Finish;
import dev.signalbox.simulator.language.VendorLanguage.ErrorDetail;
import org.jspecify.annotations.Nullable;

/** Chat completions, streamed ({@code chat.completion.chunk}) and whole ({@code chat.completion}). */
final class OpenAiRendering implements Rendering {
    private static final String FINGERPRINT = "\"service_tier\":\"default\",\"system_fingerprint\":\"fp_51317b0c\"";
    private static final byte[] CHUNK_END = "},\"logprobs\":null,\"finish_reason\":null}]".getBytes(UTF_8);
    private static final byte[] DONE = "data: [DONE]\n\n".getBytes(UTF_8);
    private static final byte[] EVENT_END = "}\n\n".getBytes(UTF_8);
    private static final byte[] USAGE_NULL = ",\"usage\":null".getBytes(UTF_8);
    private static final byte[] CONTENT_DELTA = "{\"index\":0,\"delta\":{\"content\":\"".getBytes(UTF_8);
    private static final byte[] TOOL_DELTA = "{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":".getBytes(UTF_8);
    private static final byte[] QUOTE = "\"".getBytes(UTF_8);
    private static final byte[] TOOL_ARGUMENTS = ",\"function\":{\"arguments\":\"".getBytes(UTF_8);
    private static final byte[] TOOL_END = "\"}}]".getBytes(UTF_8);

    private final CallRequest request;
    private final Answer answer;
    private final OpenAiErrors errors;
    private final String id;
    private final byte[] model;
    private final long created;
    private final byte[] prefix;

    OpenAiRendering(CallRequest request, Answer answer, OpenAiErrors errors, byte[] modelJson, String id,
            long created) {
        this.request = request;
        this.answer = answer;
        this.errors = errors;
        this.id = id;
        this.model = modelJson;
        this.created = created;
        prefix = request.streamed()
                ? new ByteWriter(256).put("data: {\"id\":\"chatcmpl-").put(id)
                        .put("\",\"object\":\"chat.completion.chunk\",\"created\":").put(created).put(",\"model\":")
                        .put(model).put("," + FINGERPRINT + ",\"choices\":[").toBytes()
                : new byte[0];
    }

    @Override
    public String reason(Finish finish) {
        return switch (finish) {
            case STOP, STOP_SEQUENCE -> "stop";
            case LENGTH -> "length";
            case TOOL_CALLS -> "tool_calls";
        };
    }

    @Override
    public String reason(String word) {
        return word;
    }

    @Override
    public void opening(ByteWriter out) {
        out.put(prefix).put("{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":");
        if (first() instanceof Block.Tool tool) {
            out.put("null,\"tool_calls\":[{\"index\":0,").put(toolOpening(0, tool)).put(TOOL_END);
        } else {
            out.put("\"\"");
        }
        out.put(",\"refusal\":null").put(CHUNK_END);
        eventEnd(out);
    }

    private @Nullable Block first() {
        return answer.blocks().isEmpty() ? null : answer.blocks().getFirst();
    }

    /** A call's object from its id to the inside of its arguments. */
    private String toolOpening(int block, Block.Tool tool) {
        return "\"id\":\"call_" + id + (block == 0 ? "" : block) + "\",\"type\":\"function\",\"function\":{\"name\":"
                + Json.text(tool.name()) + ",\"arguments\":\"";
    }

    @Override
    public void piece(int index, ByteWriter out) {
        int number = answer.blockOf(index);
        Block block = answer.blocks().get(number);
        int offset = index - answer.startOf(number);
        if (block instanceof Block.Tool tool) {
            if (offset == 0 && number > 0) {
                out.put(prefix).put(TOOL_DELTA).put(number).put(",").put(toolOpening(number, tool)).put(TOOL_END)
                        .put(CHUNK_END);
                eventEnd(out);
            }
            out.put(prefix).put(TOOL_DELTA).put(number).put(TOOL_ARGUMENTS).put(block.pieces().json(offset))
                    .put(TOOL_END);
        } else {
            out.put(prefix).put(CONTENT_DELTA).put(block.pieces().json(offset)).put(QUOTE);
        }
        out.put(CHUNK_END);
        eventEnd(out);
    }

    private void eventEnd(ByteWriter out) {
        if (request.includeUsage()) {
            out.put(USAGE_NULL);
        }
        out.put(EVENT_END);
    }

    @Override
    public boolean tellsUsage() {
        return !request.streamed() || request.includeUsage();
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
        out.put("data: ").put(errors.json(kind, ErrorDetail.of(request.model(), request.promptTokens())))
                .put("\n\n");
        endMarker(out);
    }

    @Override
    public void ping(ByteWriter out) {
        out.put(": ping\n\n");
    }

    @Override
    public void malformed(ByteWriter out) {
        out.put(prefix).put("{\"index\":0,\"delta\":{\"content\":\"\n\n");
    }

    @Override
    public void padding(ByteWriter out) {
        out.put("data: {\"padding\":\"");
    }

    @Override
    public void garbage(ByteWriter out) {
        out.put("data: {\"late\":true}\n\ndata: [DONE]\n\n\u0000garbage\n\n");
    }

    @Override
    public Whole whole(String reason) {
        ByteWriter out = new ByteWriter(1024).put("{\"id\":\"chatcmpl-").put(id)
                .put("\",\"object\":\"chat.completion\",\"created\":").put(created).put(",\"model\":").put(model)
                .put(",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":");
        Block first = first();
        if (first instanceof Block.Tool tool) {
            out.put("null,\"tool_calls\":[{").put(toolOpening(0, tool));
        } else {
            out.put(QUOTE);
        }
        int start = out.length();
        pieces(answer.tokens(), out);
        out.put(first instanceof Block.Tool ? TOOL_END : QUOTE)
                .put(",\"refusal\":null,\"annotations\":[]},\"logprobs\":null,\"finish_reason\":\"").put(reason)
                .put("\"}],")
                .put(usage()).put("," + FINGERPRINT + "}");
        return new Whole(out.toBytes(), start);
    }

    /** The body from its first token to the end of token number {@code tokens}. */
    private void pieces(int tokens, ByteWriter out) {
        int left = tokens;
        for (int number = 0; left > 0 && number < answer.blocks().size(); number++) {
            Block block = answer.blocks().get(number);
            if (number > 0 && block instanceof Block.Tool tool) {
                out.put("\"}},{").put(toolOpening(number, tool));
            }
            int count = Math.min(left, block.pieces().size());
            for (int i = 0; i < count; i++) {
                out.put(block.pieces().json(i));
            }
            left -= count;
        }
    }

    @Override
    public int lengthOf(int tokens) {
        ByteWriter out = new ByteWriter(1024);
        pieces(Math.min(tokens, answer.tokens()), out);
        return out.length();
    }

    private String usage() {
        int total = answer.promptTokens() + answer.tokens();
        return "\"usage\":{\"prompt_tokens\":" + answer.promptTokens() + ",\"completion_tokens\":" + answer.tokens()
                + ",\"total_tokens\":" + total + ",\"prompt_tokens_details\":{\"cached_tokens\":"
                + answer.cache().readTokens()
                + ",\"audio_tokens\":0},\"completion_tokens_details\":{\"reasoning_tokens\":0,"
                + "\"audio_tokens\":0,\"accepted_prediction_tokens\":0,\"rejected_prediction_tokens\":0}}";
    }
}
