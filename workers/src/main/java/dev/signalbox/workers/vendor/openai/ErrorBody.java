package dev.signalbox.workers.vendor.openai;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.signalbox.workers.vendor.VendorJson;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The shapes in which OpenAI and those compatible with it report errors, brought to one: {@code {"error":{…}}},
 * {@code {"error":"text","code":…}}, {@code {"detail":"text"}}, {@code {"object":"error","message":…}}, the same in an
 * array, plain text, HTML.
 *
 * @param code the error's code or type as words, in lower case; empty if none
 * @param type likewise
 * @param status a status named in the body, as in-stream errors do; 0 if none
 * @param message for a person; of HTML the title
 * @param json whether the body is JSON at all
 * @param resetEpochMillis when a proxy says that its limit resets, 0 if it does not
 */
record ErrorBody(String code, String type, int status, String message, boolean json, long resetEpochMillis) {
    private static final Pattern TITLE = Pattern.compile("<title>([^<]{0,200})", Pattern.CASE_INSENSITIVE);
    private static final int MAX_DEPTH = 6;

    static ErrorBody parse(byte[] body) {
        Reader reader = new Reader();
        try (JsonParser parser = VendorJson.FACTORY.createParser(body)) {
            JsonToken first = parser.nextToken();
            if (first != null && first.isStructStart()) {
                reader.value(parser, "", 0);
                return reader.toBody(true);
            }
        } catch (IOException notJson) {
            if (reader.found()) {
                return reader.toBody(true);
            }
        }
        String text = new String(body, StandardCharsets.UTF_8).strip();
        Matcher title = TITLE.matcher(text);
        if (title.find()) {
            text = title.group(1).strip();
        } else if (text.startsWith("<")) {
            text = "an HTML page";
        }
        return new ErrorBody("", "", 0, text, false, 0);
    }

    /** Gathers the first of each field, the outermost first. */
    private static final class Reader {
        private String code = "";
        private String type = "";
        private int status;
        private String message = "";
        private String detail = "";
        private String raw = "";
        private long reset;

        boolean found() {
            return !code.isEmpty() || !type.isEmpty() || !message.isEmpty() || !detail.isEmpty();
        }

        void value(JsonParser parser, String name, int depth) throws IOException {
            JsonToken token = parser.currentToken();
            if (token == JsonToken.START_OBJECT && depth < MAX_DEPTH) {
                while (parser.nextToken() == JsonToken.FIELD_NAME) {
                    String field = parser.currentName();
                    parser.nextToken();
                    value(parser, field, depth + 1);
                }
            } else if (token == JsonToken.START_ARRAY && depth < MAX_DEPTH) {
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    value(parser, name, depth + 1);
                }
            } else if (token == JsonToken.VALUE_STRING) {
                text(name, parser.getText());
            } else if (token == JsonToken.VALUE_NUMBER_INT) {
                number(name, parser.getValueAsLong());
            } else {
                parser.skipChildren();
            }
        }

        private void text(String name, String text) {
            switch (name) {
                case "code" -> {
                    code = code.isEmpty() ? text.toLowerCase(Locale.ROOT) : code;
                    if (text.length() == 3 && text.chars().allMatch(Character::isDigit)) {
                        number(name, Integer.parseInt(text));
                    }
                }
                case "type" -> type = type.isEmpty() ? text.toLowerCase(Locale.ROOT) : type;
                case "message", "error" -> message = message.isEmpty() ? text : message;
                case "detail" -> detail = detail.isEmpty() ? text : detail;
                case "raw" -> raw = raw.isEmpty() ? text : raw;
                case "X-RateLimit-Reset" -> {
                    if (text.length() < 18 && !text.isEmpty() && text.chars().allMatch(Character::isDigit)) {
                        reset = Long.parseLong(text);
                    }
                }
                default -> {
                }
            }
        }

        private void number(String name, long number) {
            if ((name.equals("code") || name.equals("status_code") || name.equals("status")) && number >= 400
                    && number < 600) {
                status = status == 0 ? (int) number : status;
            } else if (name.equals("X-RateLimit-Reset")) {
                reset = number;
            }
        }

        ErrorBody toBody(boolean json) {
            String said = message.isEmpty() ? detail : message;
            if (!raw.isEmpty() && !raw.startsWith("{")) {
                said = said + ": " + raw;
            }
            return new ErrorBody(code, type, status, said, json, reset);
        }
    }
}
