package dev.signalbox.workers.vendor.anthropic;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.signalbox.schemas.avro.TokenUsage;
import dev.signalbox.workers.vendor.AttemptFailure;
import dev.signalbox.workers.vendor.BodySplice;
import dev.signalbox.workers.vendor.Decoded;
import dev.signalbox.workers.vendor.FailureClass;
import dev.signalbox.workers.vendor.StreamDecoder;
import dev.signalbox.workers.vendor.TokenSink;
import dev.signalbox.workers.vendor.UsageEstimate;
import dev.signalbox.workers.vendor.VendorError;
import dev.signalbox.workers.vendor.VendorJson;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Reads a stream of message events.
 *
 * <p>INVARIANT: it gives an answer only if {@code message_start} and {@code message_stop} were read and no error between
 * them; a stop reason alone is not the end. What follows {@code message_stop} is not read.
 */
final class MessageStreamDecoder implements StreamDecoder {
    private final byte[] request;
    private final UsageEstimate estimate;
    private final AnthropicFailureClassifier classifier;
    private final TokenSink sink;
    private final MessageEvent event = new MessageEvent();
    private final Map<String, byte[]> message = new LinkedHashMap<>(12);
    private final TreeMap<Integer, ContentBlock> blocks = new TreeMap<>();
    private final MessageUsage usage = new MessageUsage();
    private int toolCalls;
    private long tokens;
    private boolean heard;
    /** The count at the end was read; the one at the start is of little but the input. */
    private boolean outputCounted;
    private boolean started;
    private boolean stopped;
    private boolean unreadable;
    private @Nullable AttemptFailure error;

    MessageStreamDecoder(byte[] request, UsageEstimate estimate, AnthropicFailureClassifier classifier,
            TokenSink sink) {
        this.request = request;
        this.estimate = estimate;
        this.classifier = classifier;
        this.sink = sink;
    }

    @Override
    public long tokens() {
        return tokens;
    }

    @Override
    public boolean done() {
        return stopped || error != null || unreadable;
    }

    @Override
    public void comment() {
        // A sign of life is not a token.
    }

    @Override
    public void event(String type, byte[] data, int offset, int length) {
        if (done() || length == 0) {
            return;
        }
        heard = true;
        try (JsonParser parser = VendorJson.FACTORY.createParser(data, offset, length)) {
            event.read(parser, data, offset, usage);
        } catch (IOException notJson) {
            unreadable = true;
            return;
        }
        if (event.failed || type.equals("error")) {
            error = classifier.classify(
                    new VendorError(200, Map.of(), Arrays.copyOfRange(data, offset, offset + length)));
            return;
        }
        switch (event.type) {
            case "message_start" -> {
                // Of a second message nothing may be mixed into the first.
                unreadable = started;
                started = true;
                message.putAll(event.members);
            }
            case "content_block_start" -> {
                if (blocks.containsKey(event.index)) {
                    unreadable = true;
                    return;
                }
                ContentBlock block = new ContentBlock(event.members, toolCalls);
                toolCalls += block.isToolCall() ? 1 : 0;
                blocks.put(event.index, block);
                tokens += block.open(sink);
            }
            case "content_block_delta" -> {
                ContentBlock block = blocks.get(event.index);
                if (block == null) {
                    unreadable = true;
                } else {
                    tokens += block.apply(event, sink);
                }
            }
            case "message_delta" -> {
                event.deltaTexts.forEach((name, text) -> message.put(name, BodySplice.quoted(text)));
                message.putAll(event.deltaMembers);
                message.putAll(event.extras);
                outputCounted = true;
            }
            case "message_stop" -> {
                stopped = started;
                unreadable = !started;
            }
            default -> {
                // Pings, block ends, and what may be added: the vendor asks its readers to ignore what they do not know.
            }
        }
    }

    @Override
    public Decoded finish() {
        return end(new AttemptFailure(FailureClass.TRUNCATED, OptionalInt.of(200), unreadable
                ? "the stream holds an event that is cut, not JSON or out of order"
                : heard ? "the stream ended before its message_stop" : "the stream ended before it began",
                Optional.empty()), List.of());
    }

    @Override
    public Decoded cut(AttemptFailure cause) {
        return end(cause, List.of("the connection was lost after the end of the answer"));
    }

    private Decoded end(AttemptFailure cause, List<String> late) {
        if (stopped && error == null) {
            List<String> warnings = new ArrayList<>(late);
            if (text("stop_reason").isEmpty()) {
                warnings.add("the answer has no stop reason");
            }
            if (blocks.values().stream().anyMatch(ContentBlock::inputIsCut)) {
                warnings.add("a tool call's input is cut");
            }
            return new Decoded.Answer(body(), text("stop_reason"), text("model"), usage.counts(),
                    List.copyOf(warnings));
        }
        return new Decoded.NoAnswer(error == null ? cause : error,
                tokens > 0 ? Optional.of(body()) : Optional.empty(), Optional.of(spent()));
    }

    @Override
    public UsageEstimate.Received received() {
        return new UsageEstimate.Received(tokens,
                blocks.values().stream().mapToLong(ContentBlock::chars).sum(), toolCalls);
    }

    private TokenUsage spent() {
        Optional<TokenUsage> counts = usage.counts();
        if (outputCounted && counts.isPresent()) {
            return estimate.of(counts.get(), request);
        }
        return estimate.of(counts, request, received());
    }

    private Optional<String> text(String name) {
        byte[] raw = message.get(name);
        if (raw == null) {
            return Optional.empty();
        }
        try (JsonParser parser = VendorJson.FACTORY.createParser(raw)) {
            return parser.nextToken() == JsonToken.VALUE_STRING ? Optional.of(parser.getText()) : Optional.empty();
        } catch (IOException impossible) {
            // It was read whole before.
            throw new UncheckedIOException(impossible);
        }
    }

    /** The message as an unstreamed call returns it. */
    private byte[] body() {
        ByteArrayOutputStream content = new ByteArrayOutputStream(512);
        content.write('[');
        for (ContentBlock block : blocks.values()) {
            if (content.size() > 1) {
                content.write(',');
            }
            content.writeBytes(block.json());
        }
        content.write(']');
        Map<String, byte[]> whole = new LinkedHashMap<>(message);
        whole.put("content", content.toByteArray());
        if (!usage.isEmpty()) {
            whole.put("usage", usage.json());
        }
        return MessageUsage.object(whole);
    }
}
