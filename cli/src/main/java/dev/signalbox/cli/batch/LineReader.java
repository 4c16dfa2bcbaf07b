package dev.signalbox.cli.batch;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.Iterator;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/**
 * Reads lines as bytes, one at a time; blank lines, a byte order mark and the carriage return of CRLF are left out.
 * Memory: one line and a buffer of 64 KiB.
 */
final class LineReader implements Iterator<LineReader.Line>, AutoCloseable {
    private static final byte[] BYTE_ORDER_MARK = {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF};

    /**
     * @param number 1-based
     * @param bytes without the line's end; cut at the bound where {@code tooLong}
     */
    record Line(int number, byte[] bytes, boolean tooLong) {
    }

    private final InputStream in;
    private final int maxBytes;
    private final byte[] buffer = new byte[64 * 1024];
    private int from;
    private int to;
    private byte[] line = new byte[8 * 1024];
    private int lineNumber;
    private @Nullable Line next;

    /** @param maxBytes longest line kept, bytes; the rest of a longer one is skipped */
    LineReader(InputStream in, int maxBytes) {
        this.in = in;
        this.maxBytes = maxBytes;
    }

    @Override
    public boolean hasNext() {
        try {
            while (next == null) {
                Line read = read();
                if (read == null) {
                    return false;
                }
                if (!isBlank(read.bytes())) {
                    next = read;
                }
            }
            return true;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public Line next() {
        if (!hasNext() || next == null) {
            throw new NoSuchElementException();
        }
        Line result = next;
        next = null;
        return result;
    }

    private @Nullable Line read() throws IOException {
        int length = 0;
        boolean tooLong = false;
        while (true) {
            if (from == to) {
                from = 0;
                to = Math.max(in.read(buffer), 0);
                if (to == 0) {
                    return length == 0 ? null : line(length, tooLong);
                }
            }
            int end = from;
            while (end < to && buffer[end] != '\n') {
                end++;
            }
            int taken = Math.min(end - from, maxBytes - length);
            tooLong |= taken < end - from;
            if (length + taken > line.length) {
                line = Arrays.copyOf(line, Math.max(length + taken, line.length * 2));
            }
            System.arraycopy(buffer, from, line, length, taken);
            length += taken;
            if (end < to) {
                from = end + 1;
                return line(length, tooLong);
            }
            from = end;
        }
    }

    private Line line(int length, boolean tooLong) {
        lineNumber++;
        int start = lineNumber == 1 && length >= 3 && Arrays.equals(line, 0, 3, BYTE_ORDER_MARK, 0, 3) ? 3 : 0;
        int end = length > start && line[length - 1] == '\r' ? length - 1 : length;
        return new Line(lineNumber, Arrays.copyOfRange(line, start, end), tooLong);
    }

    private static boolean isBlank(byte[] bytes) {
        for (byte b : bytes) {
            if (b != ' ' && b != '\t') {
                return false;
            }
        }
        return true;
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
