package dev.signalbox.cli;

import java.io.Writer;
import java.util.function.Consumer;

/** Hands whole lines on. */
final class LineWriter extends Writer {
    private final StringBuilder pending = new StringBuilder();
    private final Consumer<String> lines;

    LineWriter(Consumer<String> lines) {
        this.lines = lines;
    }

    @Override
    public void write(char[] characters, int offset, int length) {
        pending.append(characters, offset, length);
        int end = pending.indexOf("\n");
        while (end >= 0) {
            lines.accept(pending.substring(0, end));
            pending.delete(0, end + 1);
            end = pending.indexOf("\n");
        }
    }

    @Override
    public void flush() {
        // Lines are handed on as they end.
    }

    @Override
    public void close() {
        if (!pending.isEmpty()) {
            lines.accept(pending.toString());
            pending.setLength(0);
        }
    }
}
