package dev.signalbox.workers.vendor;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.signalbox.schemas.avro.BodyFormat;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * A request that makes its model go on from a text: the text becomes the last message, the assistant's own (prefill), and
 * the longest answer asked for is shorter by it; every other byte stays. Both languages write it alike.
 */
public final class PrefilledBody {
    private PrefilledBody() {
    }

    /**
     * Why no answer to a request can be put together from two; empty: it can. What the vendors refuse beside a prefill
     * (tools, thinking, a schema for the answer), and what the first half would be without.
     *
     * @param body a valid JSON object in {@code format}
     */
    public static Optional<String> obstacle(BodyFormat format, byte[] body, TextSoFar soFar) {
        Scan scan = new Scan(format);
        try (JsonParser parser = VendorJson.FACTORY.createParser(body)) {
            scan.run(parser);
        } catch (IOException notJson) {
            return Optional.of("the request is not one JSON object");
        }
        if (scan.obstacle.isPresent()) {
            return scan.obstacle;
        }
        return scan.maxTokens <= soFar.tokens()
                ? Optional.of("the text so far is about as long as the request allows")
                : Optional.empty();
    }

    /**
     * The request with the text as its last message.
     *
     * @throws IOException if the body is not one JSON object in UTF-8
     */
    public static byte[] of(byte[] body, TextSoFar soFar) throws IOException {
        BodySplice changes = new BodySplice(body);
        try (JsonParser parser = VendorJson.FACTORY.createParser(body)) {
            changes.open(parser);
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String name = parser.currentName();
                JsonToken value = parser.nextToken();
                if (name.equals("messages") && value == JsonToken.START_ARRAY) {
                    boolean empty = true;
                    while (parser.nextToken() != JsonToken.END_ARRAY) {
                        empty = false;
                        parser.skipChildren();
                    }
                    int end = BodySplice.end(parser) - 1;
                    changes.replace(end, end, message(soFar.text(), empty));
                } else if (isMaxTokens(name) && value == JsonToken.VALUE_NUMBER_INT) {
                    long left = Math.max(1, parser.getLongValue() - soFar.tokens());
                    changes.replace(parser, BodySplice.ascii(Long.toString(left)));
                } else {
                    parser.skipChildren();
                }
            }
        }
        return changes.apply(true);
    }

    private static byte[] message(String text, boolean first) {
        ByteArrayOutputStream message = new ByteArrayOutputStream(text.length() + 48);
        message.writeBytes(((first ? "" : ",") + "{\"role\":\"assistant\",\"content\":")
                .getBytes(StandardCharsets.US_ASCII));
        message.writeBytes(BodySplice.quoted(text));
        message.write('}');
        return message.toByteArray();
    }

    private static boolean isMaxTokens(String name) {
        return name.equals("max_tokens") || name.equals("max_completion_tokens");
    }

    /** Top-level members that matter; of the messages only the last one's role, and citations anywhere in them. */
    private static final class Scan {
        private final BodyFormat format;
        private Optional<String> obstacle = Optional.empty();
        private long maxTokens = Long.MAX_VALUE;

        Scan(BodyFormat format) {
            this.format = format;
        }

        void run(JsonParser parser) throws IOException {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                throw new IOException("not an object");
            }
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String name = parser.currentName();
                JsonToken value = parser.nextToken();
                if (value != JsonToken.VALUE_NULL) {
                    common(name, value, parser);
                }
            }
        }

        private void common(String name, JsonToken value, JsonParser parser) throws IOException {
            switch (name) {
                case "messages" -> messages(parser);
                case "tools", "functions", "mcp_servers" -> {
                    if (value == JsonToken.START_ARRAY && parser.nextToken() != JsonToken.END_ARRAY) {
                        against("the request offers tools");
                        skipRest(parser);
                    }
                }
                case "max_tokens", "max_completion_tokens" ->
                    maxTokens = Math.min(maxTokens, parser.getValueAsLong(Long.MAX_VALUE));
                default -> {
                    switch (format) {
                        case OPENAI_CHAT_COMPLETIONS -> ofChat(name, value, parser);
                        case ANTHROPIC_MESSAGES -> ofMessages(name, parser);
                    }
                }
            }
        }

        private void ofChat(String name, JsonToken value, JsonParser parser) throws IOException {
            switch (name) {
                case "n" -> against(parser.getValueAsInt(1) > 1, "the request asks for several choices");
                case "logprobs" -> against(value == JsonToken.VALUE_TRUE, "the request asks for probabilities");
                case "audio", "modalities" -> {
                    against(name.equals("audio"), "the request asks for audio");
                    parser.skipChildren();
                }
                case "reasoning_effort" ->
                    against(!parser.getText().equals("none"), "the request asks for reasoning");
                case "response_format" ->
                    against(!member(parser, "type").equals("text"), "the request asks for structured output");
                default -> parser.skipChildren();
            }
        }

        private void ofMessages(String name, JsonParser parser) throws IOException {
            switch (name) {
                case "thinking" -> against(!member(parser, "type").equals("disabled"), "the request asks for thinking");
                case "output_config" ->
                    against(!member(parser, "format").isEmpty(), "the request asks for structured output");
                case "output_format" -> {
                    against("the request asks for structured output");
                    parser.skipChildren();
                }
                default -> parser.skipChildren();
            }
        }

        private void messages(JsonParser parser) throws IOException {
            String lastRole = "";
            int depth = 0;
            for (JsonToken token = parser.currentToken(); token != null; token = parser.nextToken()) {
                depth += token.isStructStart() ? 1 : token.isStructEnd() ? -1 : 0;
                if (depth == 0) {
                    break;
                }
                if (token == JsonToken.FIELD_NAME && depth == 2 && parser.currentName().equals("role")) {
                    lastRole = String.valueOf(parser.nextTextValue());
                } else if (token == JsonToken.FIELD_NAME && parser.currentName().equals("citations")) {
                    against(parser.nextToken() == JsonToken.START_OBJECT && member(parser, "enabled").equals("true"),
                            "the request asks for citations");
                    parser.skipChildren();
                }
            }
            against(lastRole.equals("assistant"), "the request itself begins the answer");
        }

        private void against(boolean condition, String reason) {
            if (condition) {
                against(reason);
            }
        }

        private void against(String reason) {
            obstacle = obstacle.or(() -> Optional.of(reason));
        }

        /** The text of an object's scalar member, "{" of one that holds more; empty if there is none. */
        private static String member(JsonParser parser, String wanted) throws IOException {
            String found = "";
            if (parser.currentToken() != JsonToken.START_OBJECT) {
                parser.skipChildren();
                return found;
            }
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                boolean it = parser.currentName().equals(wanted);
                JsonToken value = parser.nextToken();
                if (it && value != JsonToken.VALUE_NULL) {
                    found = value.isStructStart() ? "{" : parser.getText();
                }
                parser.skipChildren();
            }
            return found;
        }

        /** From inside an array's first element to the array's end. */
        private static void skipRest(JsonParser parser) throws IOException {
            parser.skipChildren();
            while (parser.nextToken() != JsonToken.END_ARRAY) {
                parser.skipChildren();
            }
        }
    }
}
