package dev.signalbox.cli.batch;

import com.fasterxml.jackson.core.JsonParser;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Collects the faults of one line and turns the parser's byte offsets into columns. */
final class LineFaults {
    private final int line;
    private final byte[] bytes;
    private final List<Fault> faults = new ArrayList<>();

    LineFaults(int line, byte[] bytes) {
        this.line = line;
        this.bytes = bytes;
    }

    /** Column of the parser's token: 1-based, in characters. */
    int column(JsonParser parser) {
        return column(parser.currentTokenLocation().getByteOffset());
    }

    int column(long byteOffset) {
        int length = Math.clamp(byteOffset, 0, bytes.length);
        String before = new String(bytes, 0, length, StandardCharsets.UTF_8);
        return before.codePointCount(0, before.length()) + 1;
    }

    void add(int column, String message) {
        faults.add(new Fault(line, column, message));
    }

    int count() {
        return faults.size();
    }

    List<Fault> all() {
        return List.copyOf(faults);
    }
}
