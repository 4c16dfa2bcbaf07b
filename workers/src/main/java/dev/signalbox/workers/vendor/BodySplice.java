package dev.signalbox.workers.vendor;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.io.JsonStringEncoder;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
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

    /** Replaces the value that the parser stands at, unless it is written so already, and reads to its end. */
    public void replace(JsonParser parser, byte[] replacement) throws IOException {
        int from = start(parser);
        VendorJson.finish(parser);
        int to = end(parser);
        if (!Arrays.equals(body, from, to, replacement, 0, replacement.length)) {
            edits.add(new Edit(from, to, replacement));
        }
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
        if (inserted.isEmpty() && edits.isEmpty()) {
            return body;
        }
        ByteBuffer out = ByteBuffer.allocate(length(membersKept));
        out.put(body, 0, afterOpen);
        for (int i = 0; i < inserted.size(); i += 2) {
            out.put(inserted.get(i)).put(inserted.get(i + 1));
            if (isCommaAfter(i, membersKept)) {
                out.put((byte) ',');
            }
        }
        int at = afterOpen;
        for (Edit edit : edits) {
            out.put(body, at, edit.from() - at).put(edit.replacement());
            at = edit.to();
        }
        return out.put(body, at, body.length - at).array();
    }

    private boolean isCommaAfter(int member, boolean membersKept) {
        return membersKept || member + 2 < inserted.size();
    }

    private int length(boolean membersKept) {
        int length = body.length;
        for (int i = 0; i < inserted.size(); i += 2) {
            length += inserted.get(i).length + inserted.get(i + 1).length + (isCommaAfter(i, membersKept) ? 1 : 0);
        }
        for (Edit edit : edits) {
            length += edit.replacement().length - (edit.to() - edit.from());
        }
        return length;
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
