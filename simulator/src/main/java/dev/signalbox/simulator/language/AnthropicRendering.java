package dev.signalbox.simulator.language;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.signalbox.simulator.fault.ErrorKind;
import dev.signalbox.simulator.fault.FaultSyntax;
import dev.signalbox.simulator.language.Answer.Finish;
import dev.signalbox.simulator.language.VendorLanguage.CallIds;
import dev.signalbox.simulator.language.VendorLanguage.ErrorDetail;

/** Messages, streamed ({@code message_start} to {@code message_stop}) and whole. */
final class AnthropicRendering implements Rendering {
    private static final String ID_FILL = "01Sim000000000000000000";
    private static final String SIGNATURE = "EqQBCkYIARgCKkBzaW11bGF0ZWQtc2lnbmF0dXJlLW5vdC1hLXJlYWwtb25l";
    private static final byte[] DELTA = "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":"
            .getBytes(UTF_8);
    private static final byte[] TEXT_DELTA = ",\"delta\":{\"type\":\"text_delta\",\"text\":\"".getBytes(UTF_8);
    private static final byte[] THINKING_DELTA = ",\"delta\":{\"type\":\"thinking_delta\",\"thinking\":\""
            .getBytes(UTF_8);
    private static final byte[] JSON_DELTA = ",\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\""
            .getBytes(UTF_8);
    private static final byte[] DELTA_END = "\"}}\n\n".getBytes(UTF_8);
    private static final byte[] PING = "event: ping\ndata: {\"type\": \"ping\"}\n\n".getBytes(UTF_8);
    private static final byte[] STOP = "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n".getBytes(UTF_8);

    private final CallRequest request;
    private final Answer answer;
    private final String id;
    private final String vendorRequestId;
    private final byte[] model;

    AnthropicRendering(CallRequest request, Answer answer, CallIds ids) {
        this.request = request;
        this.answer = answer;
        String digits = Long.toString(ids.number(), 36);
        id = ID_FILL.substring(0, ID_FILL.length() - digits.length()) + digits;
        vendorRequestId = ids.vendorRequestId();
        model = Json.bytes(FaultSyntax.baseModel(request.model()));
    }

    @Override
    public String reason(Finish finish) {
        return switch (finish) {
            case STOP -> "end_turn";
            case STOP_SEQUENCE -> "stop_sequence";
            case LENGTH -> "max_tokens";
            case TOOL_CALLS -> "tool_use";
        };
    }

    @Override
    public String reason(String word) {
        return switch (word) {
            case "stop" -> "end_turn";
            case "length" -> "max_tokens";
            case "tool_calls" -> "tool_use";
            case "content_filter" -> "refusal";
            default -> word;
        };
    }

    @Override
    public void opening(ByteWriter out) {
        out.put("event: message_start\ndata: {\"type\":\"message_start\",\"message\":{").put(head())
                .put("[],\"stop_reason\":null,\"stop_sequence\":null,\"stop_details\":null,\"usage\":{")
                .put(inputUsage()).put(",\"output_tokens\":1,\"service_tier\":\"standard\"}}}\n\n");
        if (answer.tokens() > 0) {
            blockStart(0, out);
        }
        ping(out);
    }

    /** A message from its first key to the value of {@code content}. */
    private byte[] head() {
        return new ByteWriter(160).put("\"model\":").put(model).put(",\"id\":\"msg_" + id
                + "\",\"type\":\"message\",\"role\":\"assistant\",\"content\":").toBytes();
    }

    private void blockStart(int number, ByteWriter out) {
        out.put("event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":").put(number)
                .put(",\"content_block\":").put(switch (answer.blocks().get(number)) {
                    case Block.Thinking thinking -> "{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}";
                    case Block.Text text -> "{\"type\":\"text\",\"text\":\"\"}";
                    case Block.Tool tool -> toolStart(number, tool) + "{}}";
                }).put("}\n\n");
    }

    private String toolStart(int number, Block.Tool tool) {
        return "{\"type\":\"tool_use\",\"id\":\"toolu_" + id + number + "\",\"name\":" + Json.text(tool.name())
                + ",\"input\":";
    }

    private void blockStop(int number, ByteWriter out) {
        if (answer.blocks().get(number) instanceof Block.Thinking) {
            out.put(DELTA).put(number).put(",\"delta\":{\"type\":\"signature_delta\",\"signature\":\"" + SIGNATURE)
                    .put(DELTA_END);
        }
        out.put("event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":").put(number)
                .put("}\n\n");
    }

    @Override
    public void piece(int index, ByteWriter out) {
        int number = answer.blockOf(index);
        Block block = answer.blocks().get(number);
        int offset = index - answer.startOf(number);
        if (offset == 0 && number > 0) {
            blockStop(number - 1, out);
            blockStart(number, out);
        }
        out.put(DELTA).put(number).put(switch (block) {
            case Block.Thinking thinking -> THINKING_DELTA;
            case Block.Text text -> TEXT_DELTA;
            case Block.Tool tool -> JSON_DELTA;
        }).put(block.pieces().json(offset)).put(DELTA_END);
    }

    @Override
    public boolean tellsUsage() {
        return true;
    }

    @Override
    public void finish(String reason, ByteWriter out) {
        if (answer.tokens() > 0) {
            blockStop(answer.blockOf(answer.tokens() - 1), out);
        }
        out.put("event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{").put(ending(reason))
                .put("},\"usage\":{").put(inputUsage()).put(",").put(outputUsage()).put("}}\n\n");
    }

    private String ending(String reason) {
        return "\"stop_reason\":\"" + reason + "\",\"stop_sequence\":"
                + (reason.equals("stop_sequence") ? Json.text(answer.stopSequence()) : "null") + ",\"stop_details\":"
                + (reason.equals("refusal")
                        ? "{\"type\":\"refusal\",\"category\":null,\"explanation\":null}"
                        : "null");
    }

    /** Tokens that the cache read or wrote are not among {@code input_tokens}. */
    private String inputUsage() {
        CacheUse cache = answer.cache();
        return "\"input_tokens\":" + (answer.promptTokens() - cache.readTokens() - cache.writtenTokens())
                + ",\"cache_creation_input_tokens\":" + cache.writtenTokens() + ",\"cache_read_input_tokens\":"
                + cache.readTokens() + ",\"cache_creation\":{\"ephemeral_5m_input_tokens\":" + cache.writtenTokens()
                + ",\"ephemeral_1h_input_tokens\":0}";
    }

    private String outputUsage() {
        return "\"output_tokens\":" + answer.tokens() + (answer.thinkingTokens() == 0
                ? ""
                : ",\"output_tokens_details\":{\"thinking_tokens\":" + answer.thinkingTokens() + "}");
    }

    @Override
    public void endMarker(ByteWriter out) {
        out.put(STOP);
    }

    @Override
    public void error(ErrorKind kind, ByteWriter out) {
        out.put("event: error\ndata: ").put(AnthropicErrors.event(kind,
                ErrorDetail.of(request.model(), request.promptTokens()), vendorRequestId)).put("\n\n");
    }

    @Override
    public void ping(ByteWriter out) {
        out.put(PING);
    }

    @Override
    public void malformed(ByteWriter out) {
        out.put(DELTA).put("0").put(TEXT_DELTA).put("\n\n");
    }

    @Override
    public void padding(ByteWriter out) {
        out.put("event: ping\ndata: {\"type\": \"ping\",\"padding\":\"");
    }

    @Override
    public void garbage(ByteWriter out) {
        out.put("event: content_block_delta\ndata: {\"late\":true}\n\n").put(STOP).put("\u0000garbage\n\n");
    }

    @Override
    public Whole whole(String reason) {
        ByteWriter out = new ByteWriter(1024).put("{").put(head()).put("[");
        if (answer.tokens() > 0) {
            out.put(open(0));
        }
        int start = out.length();
        pieces(answer.tokens(), out);
        if (answer.tokens() > 0) {
            out.put(close(answer.blockOf(answer.tokens() - 1)));
        }
        out.put("],").put(ending(reason)).put(",\"usage\":{").put(inputUsage()).put(",").put(outputUsage())
                .put(",\"service_tier\":\"standard\"}}");
        return new Whole(out.toBytes(), start);
    }

    private String open(int number) {
        return switch (answer.blocks().get(number)) {
            case Block.Thinking thinking -> "{\"type\":\"thinking\",\"thinking\":\"";
            case Block.Text text -> "{\"type\":\"text\",\"text\":\"";
            case Block.Tool tool -> toolStart(number, tool);
        };
    }

    /** Input that the caller's maximum cut is no JSON: none of it is sent. */
    private String close(int number) {
        return switch (answer.blocks().get(number)) {
            case Block.Thinking thinking -> "\",\"signature\":\"" + SIGNATURE + "\"}";
            case Block.Text text -> "\"}";
            case Block.Tool tool -> answer.isWhole(number) ? "}" : "{}}";
        };
    }

    /** The body from its first token to the end of token number {@code tokens}. */
    private void pieces(int tokens, ByteWriter out) {
        int left = tokens;
        for (int number = 0; left > 0; number++) {
            if (number > 0) {
                out.put(close(number - 1)).put(",").put(open(number));
            }
            Block block = answer.blocks().get(number);
            int count = Math.min(left, block.pieces().size());
            for (int i = 0; i < count; i++) {
                switch (block) {
                    case Block.Tool tool -> out.put(answer.isWhole(number) ? tool.pieces().text(i) : "");
                    case Block.Thinking thinking -> out.put(thinking.pieces().json(i));
                    case Block.Text text -> out.put(text.pieces().json(i));
                }
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
}
