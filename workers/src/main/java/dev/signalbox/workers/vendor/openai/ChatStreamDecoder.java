package dev.signalbox.workers.vendor.openai;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.signalbox.schemas.avro.TokenUsage;
import dev.signalbox.workers.vendor.AttemptFailure;
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
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * Reads a stream of chat completion chunks.
 *
 * <p>INVARIANT: it gives an answer only if a terminal signal was read and no error: every choice has a finish reason,
 * or the stream was closed by {@code [DONE]} after at least one choice had. What is lacking of the two is a warning.
 */
final class ChatStreamDecoder implements StreamDecoder {
    private static final byte[] DONE = "[DONE]".getBytes(StandardCharsets.US_ASCII);
    private static final int MAX_EXTRAS = 32;

    private final byte[] request;
    private final UsageEstimate estimate;
    private final int wantedChoices;
    private final boolean expectsDone;
    private final OpenAiFailureClassifier classifier;
    private final TokenSink sink;
    /** What the event being read says; reused from event to event. */
    private final List<ChatDelta> deltas = new ArrayList<>(1);
    private int deltasRead;
    private final List<ChatChoice> choices = new ArrayList<>(1);
    private int toolCalls;
    private long tokens;
    private boolean started;
    private boolean doneSeen;
    private boolean unreadable;
    private @Nullable AttemptFailure error;
    private @Nullable String id;
    private @Nullable String model;
    private long created;
    private @Nullable TokenUsage usage;
    private byte @Nullable [] rawUsage;
    private final Map<String, byte[]> extras = new LinkedHashMap<>(4);

    ChatStreamDecoder(byte[] request, UsageEstimate estimate, int wantedChoices, boolean expectsDone,
            OpenAiFailureClassifier classifier, TokenSink sink) {
        this.request = request;
        this.estimate = estimate;
        this.wantedChoices = wantedChoices;
        this.expectsDone = expectsDone;
        this.classifier = classifier;
        this.sink = sink;
    }

    @Override
    public long tokens() {
        return tokens;
    }

    @Override
    public UsageEstimate.Received received() {
        return new UsageEstimate.Received(tokens, chars(), toolCalls);
    }

    @Override
    public boolean done() {
        return doneSeen || error != null || unreadable;
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
        if (length >= DONE.length && length <= DONE.length + 2 && data[offset] == '['
                && new String(data, offset, length, StandardCharsets.UTF_8).strip().equals("[DONE]")) {
            doneSeen = true;
            return;
        }
        started = true;
        boolean failed = type.equals("error");
        try (JsonParser parser = VendorJson.FACTORY.createParser(data, offset, length)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                unreadable = true;
                return;
            }
            deltasRead = 0;
            failed |= readChunk(parser, data, offset);
        } catch (IOException notJson) {
            unreadable = true;
            return;
        }
        applyDeltas();
        if (failed) {
            error = classifier.classify(
                    new VendorError(200, Map.of(), Arrays.copyOfRange(data, offset, offset + length)));
        }
    }

    /** Only now that the event is known to be whole: a finish reason in one that was cut is none. */
    private void applyDeltas() {
        for (int i = 0; i < deltasRead; i++) {
            ChatDelta delta = deltas.get(i);
            tokens += choice(delta.index).apply(delta, sink);
        }
    }

    /** Whether it carries an error. */
    private boolean readChunk(JsonParser parser, byte[] data, int offset) throws IOException {
        boolean failed = false;
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = parser.currentName();
            JsonToken value = parser.nextToken();
            if (value == JsonToken.VALUE_NULL) {
                continue;
            }
            switch (name) {
                case "choices" -> readChoices(parser, data, offset);
                case "id" -> id = id == null || id.isEmpty() ? VendorJson.text(parser) : skip(parser, id);
                case "model" ->
                    model = model == null || model.isEmpty() ? VendorJson.text(parser) : skip(parser, model);
                case "created" -> created = created == 0 ? parser.getValueAsLong(0) : created;
                case "object" -> failed |= "error".equals(VendorJson.text(parser));
                case "usage" -> readUsage(parser, value, data, offset);
                case "error" -> {
                    failed = true;
                    parser.skipChildren();
                }
                case "obfuscation", "p", "stream_options" -> parser.skipChildren();
                default -> {
                    if (isWorthKeeping(name, value)) {
                        extras.put(name, VendorJson.raw(parser, data, offset));
                    } else {
                        parser.skipChildren();
                    }
                }
            }
        }
        return failed;
    }

    /** Of a scalar that every chunk repeats the first will do; of lists and objects the last is the fullest. */
    private boolean isWorthKeeping(String name, JsonToken value) {
        return extras.containsKey(name) ? value.isStructStart() : extras.size() < MAX_EXTRAS;
    }

    private static @Nullable String skip(JsonParser parser, @Nullable String kept) throws IOException {
        parser.skipChildren();
        return kept;
    }

    private void readUsage(JsonParser parser, JsonToken value, byte[] data, int offset) throws IOException {
        if (value != JsonToken.START_OBJECT) {
            parser.skipChildren();
            return;
        }
        int start = (int) parser.currentTokenLocation().getByteOffset();
        usage = ChatUsage.read(parser);
        int end = (int) parser.currentLocation().getByteOffset();
        rawUsage = Arrays.copyOfRange(data, offset + start, offset + end);
    }

    private void readChoices(JsonParser parser, byte[] data, int offset) throws IOException {
        if (parser.currentToken() != JsonToken.START_ARRAY) {
            parser.skipChildren();
            return;
        }
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            if (parser.currentToken() != JsonToken.START_OBJECT) {
                parser.skipChildren();
                continue;
            }
            if (deltasRead == deltas.size()) {
                deltas.add(new ChatDelta());
            }
            deltas.get(deltasRead++).read(parser, data, offset);
        }
    }

    private ChatChoice choice(int index) {
        for (int i = 0; i < choices.size(); i++) {
            if (choices.get(i).index() == index) {
                return choices.get(i);
            }
        }
        ChatChoice choice = new ChatChoice(index, () -> toolCalls++);
        choices.add(choice);
        choices.sort((left, right) -> Integer.compare(left.index(), right.index()));
        return choice;
    }

    @Override
    public Decoded finish() {
        return end(new AttemptFailure(FailureClass.TRUNCATED, OptionalInt.of(200), unreadable
                ? "the stream holds an event that is cut or not JSON"
                : started ? "the stream ended before its finish reason" : "the stream ended before it began",
                Optional.empty()));
    }

    @Override
    public Decoded cut(AttemptFailure cause) {
        return end(cause);
    }

    private Decoded end(AttemptFailure cause) {
        long finished = choices.stream().filter(choice -> choice.finishReason() != null).count();
        if (error == null && choices.stream().anyMatch(choice -> "error".equals(choice.finishReason()))) {
            error = new AttemptFailure(FailureClass.SERVER_ERROR, OptionalInt.of(200),
                    "the stream ended with finish reason error", Optional.empty());
        }
        if (error == null && terminalSeen(finished)) {
            return answer(finished);
        }
        Optional<byte[]> partial = tokens > 0 ? Optional.of(body()) : Optional.empty();
        return new Decoded.NoAnswer(error == null ? cause : error, partial, Optional.of(estimate
                .of(Optional.ofNullable(usage), request, received())));
    }

    private boolean terminalSeen(long finished) {
        return finished > 0 && (doneSeen || (finished == choices.size() && finished >= wantedChoices));
    }

    private Decoded answer(long finished) {
        List<String> warnings = new ArrayList<>(0);
        if (!doneSeen && expectsDone) {
            warnings.add("the stream ended without its end marker");
        }
        if (finished < choices.size()) {
            warnings.add("not every choice has a finish reason");
        }
        return new Decoded.Answer(body(), Optional.ofNullable(choices.getFirst().finishReason()),
                Optional.ofNullable(model), Optional.ofNullable(usage), List.copyOf(warnings));
    }

    private long chars() {
        return choices.stream().mapToLong(ChatChoice::chars).sum();
    }

    /** The answer as an unstreamed call returns it. */
    private byte[] body() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(512 + (int) Math.min(chars() * 2, 1 << 20));
        try (JsonGenerator out = VendorJson.FACTORY.createGenerator(bytes)) {
            out.writeStartObject();
            if (id != null) {
                out.writeStringField("id", id);
            }
            out.writeStringField("object", "chat.completion");
            out.writeNumberField("created", created);
            if (model != null) {
                out.writeStringField("model", model);
            }
            out.writeArrayFieldStart("choices");
            for (ChatChoice choice : choices) {
                choice.write(out);
            }
            out.writeEndArray();
            if (rawUsage != null) {
                out.writeFieldName("usage");
                out.writeRawValue(new String(rawUsage, StandardCharsets.UTF_8));
            }
            ChatChoice.writeRaw(out, extras);
            out.writeEndObject();
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
        return bytes.toByteArray();
    }
}
