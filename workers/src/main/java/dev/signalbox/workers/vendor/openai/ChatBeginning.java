package dev.signalbox.workers.vendor.openai;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.signalbox.workers.vendor.BodySplice;
import dev.signalbox.workers.vendor.VendorJson;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** Puts the text that a completion's first choice went on from in front of its own; every other byte stays. */
final class ChatBeginning {
    private ChatBeginning() {
    }

    /** @param completion as it was decoded */
    static byte[] put(byte[] completion, String beginning) {
        BodySplice changes = new BodySplice(completion);
        try (JsonParser parser = VendorJson.FACTORY.createParser(completion)) {
            changes.open(parser);
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                boolean choices = parser.currentName().equals("choices");
                if (parser.nextToken() == JsonToken.START_ARRAY && choices) {
                    for (int i = 0; parser.nextToken() != JsonToken.END_ARRAY; i++) {
                        if (i == 0 && parser.currentToken() == JsonToken.START_OBJECT) {
                            choice(parser, beginning, changes);
                        } else {
                            parser.skipChildren();
                        }
                    }
                } else {
                    parser.skipChildren();
                }
            }
        } catch (IOException impossible) {
            // It was read whole before.
            throw new UncheckedIOException(impossible);
        }
        return changes.apply(true);
    }

    private static void choice(JsonParser parser, String beginning, BodySplice changes) throws IOException {
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            boolean message = parser.currentName().equals("message");
            if (parser.nextToken() == JsonToken.START_OBJECT && message) {
                message(parser, beginning, changes);
            } else {
                parser.skipChildren();
            }
        }
    }

    private static void message(JsonParser parser, String beginning, BodySplice changes) throws IOException {
        int open = BodySplice.end(parser);
        boolean put = false;
        boolean empty = true;
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            empty = false;
            boolean content = parser.currentName().equals("content");
            JsonToken value = parser.nextToken();
            if (content && value == JsonToken.START_ARRAY) {
                put = true;
                int first = BodySplice.end(parser);
                boolean none = parser.nextToken() == JsonToken.END_ARRAY;
                changes.replace(first, first, part(beginning, none));
                while (parser.currentToken() != JsonToken.END_ARRAY) {
                    parser.skipChildren();
                    parser.nextToken();
                }
            } else if (content && !value.isStructStart()) {
                put = true;
                String text = value == JsonToken.VALUE_STRING ? parser.getText() : "";
                changes.replace(parser, BodySplice.quoted(beginning + text));
            } else {
                parser.skipChildren();
            }
        }
        if (!put) {
            String quoted = new String(BodySplice.quoted(beginning), StandardCharsets.UTF_8);
            changes.replace(open, open,
                    ("\"content\":" + quoted + (empty ? "" : ",")).getBytes(StandardCharsets.UTF_8));
        }
    }

    private static byte[] part(String text, boolean last) {
        String quoted = new String(BodySplice.quoted(text), StandardCharsets.UTF_8);
        return ("{\"type\":\"text\",\"text\":" + quoted + "}" + (last ? "" : ",")).getBytes(StandardCharsets.UTF_8);
    }
}
