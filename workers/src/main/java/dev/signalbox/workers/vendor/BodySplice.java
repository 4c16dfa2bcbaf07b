package dev.signalbox.workers.vendor;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.io.JsonStringEncoder;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Changes to a JSON object's bytes: whatever is not replaced stays as it was written. Edits are given in the order in
 * which they stand; what is inserted goes first, so that nothing behind it needs to be known.
 */
public final class BodySplice {
    public static final byte[] TRUE = ascii("true");
    public static final byte[] FALSE = ascii("false");

    private record Edit(int from, int to, byte[] replacement) {
    }

    private final byte[] body;
    private final List<Edit> edits = new ArrayList<>(4);
    private final List<byte[]> inserted = new ArrayList<>(4);
    private int afterOpen;

    public BodySplice(byte[] body) {
        this.body = body;
    }

    /** A string as a JSON value. */
    public static byte[] quoted(String text) {
        byte[] quoted = JsonStringEncoder.getInstance().quoteAsUTF8(text);
        byte[] value = new byte[quoted.length + 2];
        value[0] = '"';
        System.arraycopy(quoted, 0, value, 1, quoted.length);
        value[quoted.length + 1] = '"';
        return value;
    }

    public static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /** Reads the object's opening; the parser has read nothing yet. */
    public void open(JsonParser parser) throws IOException {
        if (parser.nextToken() != JsonToken.START_OBJECT) {
            throw new IOException("not a JSON object");
        }
        int open = start(parser);
        if (open < 0 || body[open] != '{') {
            throw new IOException("not UTF-8");
        }
        afterOpen = open + 1;
    }

    /** Replaces the value that the parser stands at, and reads to its end. */
    public void replace(JsonParser parser, byte[] replacement) throws IOException {
        int from = start(parser);
        VendorJson.finish(parser);
        edits.add(new Edit(from, end(parser), replacement));
    }

    /** @param to exclusive; {@code from} for a pure insertion */
    public void replace(int from, int to, byte[] replacement) {
        edits.add(new Edit(from, to, replacement));
    }

    /** Adds a top-level member. */
    public void insert(String name, byte[] value) {
        inserted.add(ascii("\"" + name + "\":"));
        inserted.add(value);
    }

    /** @param membersKept whether any member of the object is left, which a comma must part from what is inserted */
    public byte[] apply(boolean membersKept) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(body.length + 128);
        out.write(body, 0, afterOpen);
        for (int i = 0; i < inserted.size(); i += 2) {
            out.writeBytes(inserted.get(i));
            out.writeBytes(inserted.get(i + 1));
            if (membersKept || i + 2 < inserted.size()) {
                out.write(',');
            }
        }
        int at = afterOpen;
        for (Edit edit : edits) {
            out.write(body, at, edit.from() - at);
            out.writeBytes(edit.replacement());
            at = edit.to();
        }
        out.write(body, at, body.length - at);
        return out.toByteArray();
    }

    /** Where the current token begins, in bytes. */
    public static int start(JsonParser parser) {
        return (int) parser.currentTokenLocation().getByteOffset();
    }

    /** Where what was read so far ends, in bytes. */
    public static int end(JsonParser parser) {
        return (int) parser.currentLocation().getByteOffset();
    }
}
