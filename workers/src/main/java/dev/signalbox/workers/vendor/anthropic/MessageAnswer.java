package dev.signalbox.workers.vendor.anthropic;

import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.io.JsonEOFException;
import dev.signalbox.workers.vendor.AttemptFailure;
import dev.signalbox.workers.vendor.Decoded;
import dev.signalbox.workers.vendor.FailureClass;
import dev.signalbox.workers.vendor.VendorError;
import dev.signalbox.workers.vendor.VendorJson;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/** Reads an unstreamed answer for what the worker must know of it; the vendor's own bytes are the body. */
final class MessageAnswer {
    private boolean failed;
    private boolean contentSeen;
    private @Nullable String stopReason;
    private @Nullable String model;
    private final MessageUsage usage = new MessageUsage();

    private MessageAnswer() {
    }

    static Decoded read(byte[] body, AnthropicFailureClassifier classifier) {
        MessageAnswer answer = new MessageAnswer();
        try (JsonParser parser = VendorJson.FACTORY.createParser(body)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                return failure(FailureClass.SERVER_ERROR, "the answer is not a JSON object");
            }
            answer.scan(parser, body);
        } catch (JsonEOFException cut) {
            return failure(FailureClass.TRUNCATED, "the answer ends early");
        } catch (JsonParseException notJson) {
            return failure(FailureClass.SERVER_ERROR, "the answer is not JSON");
        } catch (IOException unreadable) {
            return failure(FailureClass.SERVER_ERROR, "the answer is not readable JSON");
        }
        return answer.judge(body, classifier);
    }

    private Decoded judge(byte[] body, AnthropicFailureClassifier classifier) {
        if (failed) {
            return new Decoded.NoAnswer(classifier.classify(new VendorError(200, Map.of(), body)), Optional.empty(),
                    usage.counts());
        }
        if (!contentSeen) {
            return failure(FailureClass.SERVER_ERROR, "the answer has no content");
        }
        return new Decoded.Answer(body, Optional.ofNullable(stopReason), Optional.ofNullable(model), usage.counts(),
                stopReason == null ? List.of("the answer has no stop reason") : List.of());
    }

    private static Decoded failure(FailureClass failureClass, String message) {
        return new Decoded.NoAnswer(
                new AttemptFailure(failureClass, OptionalInt.of(200), message, Optional.empty()), Optional.empty(),
                Optional.empty());
    }

    private void scan(JsonParser parser, byte[] body) throws IOException {
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = parser.currentName();
            JsonToken value = parser.nextToken();
            switch (name) {
                case "type" -> failed |= "error".equals(VendorJson.text(parser));
                case "error" -> {
                    failed |= value != JsonToken.VALUE_NULL;
                    parser.skipChildren();
                }
                case "model" -> model = VendorJson.text(parser);
                case "stop_reason" -> stopReason = VendorJson.text(parser);
                case "content" -> {
                    contentSeen |= value == JsonToken.START_ARRAY;
                    parser.skipChildren();
                }
                case "usage" -> {
                    if (value == JsonToken.START_OBJECT) {
                        usage.read(parser, body, 0);
                    }
                }
                default -> parser.skipChildren();
            }
        }
    }
}
