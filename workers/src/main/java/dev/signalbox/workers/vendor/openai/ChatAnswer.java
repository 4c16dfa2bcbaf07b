package dev.signalbox.workers.vendor.openai;

import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.io.JsonEOFException;
import dev.signalbox.schemas.avro.TokenUsage;
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
final class ChatAnswer {
    private boolean failed;
    private int choices;
    private @Nullable String finishReason;
    private @Nullable String model;
    private @Nullable TokenUsage usage;

    private ChatAnswer() {
    }

    static Decoded read(byte[] body, OpenAiFailureClassifier classifier) {
        ChatAnswer answer = new ChatAnswer();
        try (JsonParser parser = VendorJson.FACTORY.createParser(body)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                return failure(FailureClass.SERVER_ERROR, "the answer is not a JSON object");
            }
            answer.scan(parser);
        } catch (JsonEOFException cut) {
            return failure(FailureClass.TRUNCATED, "the answer ends early");
        } catch (JsonParseException notJson) {
            return failure(FailureClass.SERVER_ERROR, "the answer is not JSON");
        } catch (IOException unreadable) {
            return failure(FailureClass.SERVER_ERROR, "the answer is not readable JSON");
        }
        return answer.judge(body, classifier);
    }

    private Decoded judge(byte[] body, OpenAiFailureClassifier classifier) {
        if (failed) {
            return new Decoded.NoAnswer(classifier.classify(new VendorError(200, Map.of(), body)), Optional.empty(),
                    Optional.ofNullable(usage));
        }
        if (choices == 0) {
            return failure(FailureClass.SERVER_ERROR, "the answer has no choices");
        }
        if ("error".equals(finishReason)) {
            return new Decoded.NoAnswer(new AttemptFailure(FailureClass.SERVER_ERROR, OptionalInt.of(200),
                    "the answer has finish reason error", Optional.empty()), Optional.empty(),
                    Optional.ofNullable(usage));
        }
        return new Decoded.Answer(body, Optional.ofNullable(finishReason), Optional.ofNullable(model),
                Optional.ofNullable(usage),
                finishReason == null ? List.of("the answer has no finish reason") : List.of());
    }

    private static Decoded failure(FailureClass failureClass, String message) {
        return new Decoded.NoAnswer(
                new AttemptFailure(failureClass, OptionalInt.of(200), message, Optional.empty()), Optional.empty(),
                Optional.empty());
    }

    private void scan(JsonParser parser) throws IOException {
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = parser.currentName();
            JsonToken value = parser.nextToken();
            switch (name) {
                case "error" -> {
                    failed |= value != JsonToken.VALUE_NULL;
                    parser.skipChildren();
                }
                case "model" -> model = VendorJson.text(parser);
                case "usage" -> {
                    if (value == JsonToken.START_OBJECT) {
                        usage = ChatUsage.read(parser);
                    }
                }
                case "choices" -> {
                    if (value == JsonToken.START_ARRAY) {
                        scanChoices(parser);
                    }
                }
                default -> parser.skipChildren();
            }
        }
    }

    private void scanChoices(JsonParser parser) throws IOException {
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            choices++;
            if (parser.currentToken() != JsonToken.START_OBJECT) {
                continue;
            }
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                boolean isReason = choices == 1 && parser.currentName().equals("finish_reason");
                parser.nextToken();
                String text = isReason ? VendorJson.text(parser) : null;
                if (text != null) {
                    finishReason = text;
                }
                parser.skipChildren();
            }
        }
    }
}
