package dev.signalbox.cli.batch;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.signalbox.schemas.avro.BodyFormat;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Turns one line of an OpenAI Batch or an Anthropic Message Batch file into a request, or says all that is wrong with it. */
final class LineParser {
    static final String CHAT_COMPLETIONS = "/v1/chat/completions";
    private static final List<String> KEYS = List.of("custom_id", "method", "url", "body", "params", "signalbox");
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final JsonFactory JSON = MAPPER.getFactory();

    /** A line's meaning. */
    sealed interface Parsed {
    }

    record Request(BatchLine line) implements Parsed {
    }

    /** @param customId as far as it could be read */
    record Refused(List<Fault> faults, Optional<String> customId) implements Parsed {
    }

    private LineParser() {
    }

    /**
     * @param number 1-based line, for the faults
     * @param bytes the line without its end
     */
    static Parsed parse(int number, byte[] bytes) {
        LineFaults faults = new LineFaults(number, bytes);
        Reading reading = new Reading(number, bytes, faults);
        try (JsonParser parser = JSON.createParser(bytes)) {
            BatchLine line = reading.read(parser);
            if (line != null && faults.count() == 0) {
                return new Request(line);
            }
        } catch (JsonParseException e) {
            faults.add(faults.column(e.getLocation().getByteOffset()), "broken JSON: " + plain(e.getOriginalMessage()));
        } catch (JsonProcessingException e) {
            faults.add(1, "broken JSON: " + plain(e.getOriginalMessage()));
        } catch (IOException e) {
            throw new UncheckedIOException("reading from memory", e);
        }
        return new Refused(faults.all(), Optional.ofNullable(reading.customId));
    }

    /** Jackson's message without its talk of token kinds, on one line. */
    private static String plain(String message) {
        String text = message.replaceAll("\\s+", " ").replaceAll(" \\((code|within|for|start marker)[^)]*\\)", "")
                .replaceAll(": (was )?expecting .*", "").replaceAll(": expected (a valid value|close marker).*", "");
        return text.substring(0, 1).toLowerCase(Locale.ROOT) + text.substring(1);
    }

    /** The state of reading one line. */
    private static final class Reading {
        private final int number;
        private final byte[] bytes;
        private final LineFaults faults;
        private @Nullable String customId;
        private byte @Nullable [] body;
        private @Nullable BodyShape shape;
        private RequestOptions options = RequestOptions.NONE;
        private int optionsColumn = 1;

        private Reading(int number, byte[] bytes, LineFaults faults) {
            this.number = number;
            this.bytes = bytes;
            this.faults = faults;
        }

        private @Nullable BatchLine read(JsonParser parser) throws IOException {
            JsonToken first = parser.nextToken();
            if (first != JsonToken.START_OBJECT) {
                faults.add(1, first == JsonToken.START_ARRAY
                        ? "this is a JSON list; a batch file has one object on each line (jq -c '.[]' makes one)"
                        : "a line must be a JSON object");
                return null;
            }
            boolean hasBody = false;
            boolean hasParams = false;
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String key = parser.currentName();
                int keyColumn = faults.column(parser);
                JsonToken value = parser.nextToken();
                hasBody |= key.equals("body");
                hasParams |= key.equals("params");
                readField(parser, key, keyColumn, value);
            }
            if (parser.nextToken() != null) {
                faults.add(faults.column(parser), "more after the end of the object: one object to a line");
            }
            return finish(hasBody, hasParams);
        }

        private @Nullable BatchLine finish(boolean hasBody, boolean hasParams) {
            if (hasParams && hasBody) {
                faults.add(1,
                        "\"body\" (of an OpenAI batch) and \"params\" (of an Anthropic Message Batch) in one line");
            }
            if (hasParams && shape != null && shape.maxOutputTokens().isEmpty()) {
                faults.add(1, "params has no \"max_tokens\"");
            }
            if (customId == null && faults.count() == 0) {
                faults.add(1, "no \"custom_id\"");
            }
            if (!hasBody && !hasParams && faults.count() == 0) {
                faults.add(1, "no \"body\"");
            }
            return customId == null || body == null || shape == null
                    ? null
                    : new BatchLine(number, customId, hasParams
                            ? BodyFormat.ANTHROPIC_MESSAGES
                            : BodyFormat.OPENAI_CHAT_COMPLETIONS, body, shape, options, optionsColumn);
        }

        private void readField(JsonParser parser, String key, int keyColumn, JsonToken value) throws IOException {
            switch (key) {
                case "custom_id" -> readCustomId(parser, value);
                case "method" -> expect(parser, value, key, "POST");
                case "url" -> expect(parser, value, key, CHAT_COMPLETIONS);
                case "body", "params" -> readBody(parser, value, key);
                case "signalbox" -> readOptions(parser);
                default -> {
                    DidYouMean.closest(key, KEYS).ifPresent(known -> faults.add(keyColumn,
                            "unknown key \"" + key + "\", did you mean \"" + known + "\"?"));
                    parser.skipChildren();
                }
            }
        }

        private void readCustomId(JsonParser parser, JsonToken value) throws IOException {
            if (value != JsonToken.VALUE_STRING || parser.getText().isEmpty() || parser.getTextLength() > 512) {
                faults.add(faults.column(parser), "\"custom_id\" must be a string of 1 to 512 characters");
                parser.skipChildren();
                return;
            }
            customId = parser.getText();
        }

        private void expect(JsonParser parser, JsonToken value, String key, String wanted) throws IOException {
            if (value != JsonToken.VALUE_STRING || !parser.getText().equals(wanted)) {
                String found = value.isScalarValue() ? ", not \"" + parser.getText() + "\"" : "";
                faults.add(faults.column(parser), "\"" + key + "\" must be \"" + wanted + "\"" + found);
                parser.skipChildren();
            }
        }

        private void readBody(JsonParser parser, JsonToken value, String key) throws IOException {
            if (value != JsonToken.START_OBJECT) {
                faults.add(faults.column(parser), "\"" + key + "\" must be an object");
                parser.skipChildren();
                return;
            }
            int from = (int) parser.currentTokenLocation().getByteOffset();
            shape = new BodyScanner(faults, key).scan(parser);
            body = Arrays.copyOfRange(bytes, from, (int) parser.currentLocation().getByteOffset());
        }

        private void readOptions(JsonParser parser) throws IOException {
            optionsColumn = faults.column(parser);
            JsonNode node = MAPPER.readTree(parser);
            options = OptionsReader.read(node, message -> faults.add(optionsColumn, message));
        }
    }
}
