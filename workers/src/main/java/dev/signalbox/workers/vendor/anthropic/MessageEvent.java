package dev.signalbox.workers.vendor.anthropic;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.signalbox.workers.vendor.VendorJson;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What one event of a stream says. It is read whole before it is applied, because its members may stand in any order,
 * and one that is cut says nothing. Reused from event to event.
 */
final class MessageEvent {
    String type = "";
    int index;
    /** Texts of the delta by name: {@code text}, {@code partial_json}, {@code thinking}, {@code signature}, … */
    final Map<String, String> deltaTexts = new LinkedHashMap<>(4);
    /** The delta's other members as the vendor wrote them; all members of a {@code message_delta}'s delta. */
    final Map<String, byte[]> deltaMembers = new LinkedHashMap<>(4);
    String deltaType = "";
    /** Members of {@code message} or {@code content_block}. */
    final Map<String, byte[]> members = new LinkedHashMap<>(8);
    /** Members of the event that are none of these, such as {@code context_management}. */
    final Map<String, byte[]> extras = new LinkedHashMap<>(0);
    boolean failed;

    /** The parser has read nothing yet; usage goes straight to its gatherer, which is only asked once more is known. */
    void read(JsonParser parser, byte[] bytes, int offset, MessageUsage usage) throws IOException {
        clear();
        if (parser.nextToken() != JsonToken.START_OBJECT) {
            throw new IOException("not an object");
        }
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = parser.currentName();
            JsonToken value = parser.nextToken();
            if (value == JsonToken.VALUE_NULL) {
                continue;
            }
            boolean object = value == JsonToken.START_OBJECT;
            switch (name) {
                case "type" -> type = orEmpty(VendorJson.text(parser));
                case "index" -> index = parser.getValueAsInt(0);
                case "delta" -> readDelta(parser, bytes, offset);
                case "message", "content_block" -> {
                    if (object) {
                        readMembers(parser, bytes, offset, usage);
                    } else {
                        parser.skipChildren();
                    }
                }
                case "usage" -> {
                    if (object) {
                        usage.read(parser, bytes, offset);
                    } else {
                        parser.skipChildren();
                    }
                }
                case "error" -> {
                    failed = true;
                    parser.skipChildren();
                }
                default -> extras.put(name, VendorJson.raw(parser, bytes, offset));
            }
        }
        failed |= type.equals("error");
        if (parser.currentToken() != JsonToken.END_OBJECT) {
            throw new IOException("cut");
        }
    }

    private void clear() {
        type = "";
        index = 0;
        deltaTexts.clear();
        deltaMembers.clear();
        deltaType = "";
        members.clear();
        extras.clear();
        failed = false;
    }

    private void readDelta(JsonParser parser, byte[] bytes, int offset) throws IOException {
        if (parser.currentToken() != JsonToken.START_OBJECT) {
            parser.skipChildren();
            return;
        }
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = parser.currentName();
            JsonToken value = parser.nextToken();
            if (name.equals("type") && value == JsonToken.VALUE_STRING) {
                deltaType = parser.getText();
            } else if (value == JsonToken.VALUE_STRING) {
                deltaTexts.put(name, parser.getText());
            } else if (value != JsonToken.VALUE_NULL) {
                deltaMembers.put(name, VendorJson.raw(parser, bytes, offset));
            }
        }
    }

    private void readMembers(JsonParser parser, byte[] bytes, int offset, MessageUsage usage) throws IOException {
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = parser.currentName();
            if (parser.nextToken() == JsonToken.START_OBJECT && name.equals("usage")) {
                usage.read(parser, bytes, offset);
                members.put(name, new byte[0]);
            } else {
                members.put(name, VendorJson.raw(parser, bytes, offset));
            }
        }
    }

    private static String orEmpty(@Nullable String text) {
        return text == null ? "" : text;
    }
}
