package dev.signalbox.workers.vendor.anthropic;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.signalbox.workers.vendor.VendorJson;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An error body: {@code {"type":"error","error":{"type":…,"message":…}}}, in an answer or in an event; or what stands
 * before the vendor says, such as HTML or plain text.
 *
 * @param type the error's type, in lower case; empty if none
 * @param code its code or one in its details, in lower case; empty if none
 * @param message for a person; of HTML the title
 * @param json whether the body is JSON at all
 */
record AnthropicError(String type, String code, String message, boolean json) {
    private static final Pattern TITLE = Pattern.compile("<title>([^<]{0,200})", Pattern.CASE_INSENSITIVE);

    static AnthropicError parse(byte[] body) {
        Reader reader = new Reader();
        boolean json = false;
        try (JsonParser parser = VendorJson.FACTORY.createParser(body)) {
            json = parser.nextToken() == JsonToken.START_OBJECT;
            if (json) {
                reader.object(parser, 0);
            }
        } catch (IOException cut) {
            json &= !reader.type.isEmpty() || !reader.message.isEmpty();
        }
        return json
                ? new AnthropicError(reader.type, reader.code, reader.message, true)
                : new AnthropicError("", "", text(new String(body, StandardCharsets.UTF_8).strip()), false);
    }

    private static String text(String body) {
        Matcher title = TITLE.matcher(body);
        if (title.find()) {
            return title.group(1).strip();
        }
        return body.startsWith("<") ? "an HTML page" : body;
    }

    private static final class Reader {
        private static final int MAX_DEPTH = 3;

        private String type = "";
        private String code = "";
        private String message = "";

        void object(JsonParser parser, int depth) throws IOException {
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String name = parser.currentName();
                JsonToken value = parser.nextToken();
                if (value == JsonToken.START_OBJECT && depth < MAX_DEPTH
                        && (name.equals("error") || name.equals("details"))) {
                    object(parser, depth + 1);
                    continue;
                }
                String text = VendorJson.text(parser);
                if (text == null) {
                    continue;
                }
                switch (name) {
                    case "type" -> type = text.equals("error") || !type.isEmpty() ? type : lower(text);
                    case "code", "error_code", "reason" -> code = code.isEmpty() ? lower(text) : code;
                    case "message", "error", "detail" -> message = message.isEmpty() ? text : message;
                    default -> {
                    }
                }
            }
        }

        private static String lower(String text) {
            return text.toLowerCase(Locale.ROOT);
        }
    }
}
