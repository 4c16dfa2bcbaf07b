package dev.signalbox.workers.vendor;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Cuts bytes into server-sent events, however the bytes are cut: line ends LF, CR or CRLF, a leading byte order mark,
 * comments, data over several lines. Fields {@code id} and {@code retry} are ignored. Buffers grow to the limits and
 * are reused. Not for several threads.
 */
public final class SseReader {
    private static final byte[] BOM = {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF};
    private static final byte[] DATA = "data".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] EVENT = "event".getBytes(StandardCharsets.US_ASCII);

    /** Takes what was read; the bytes are valid during the call only. */
    public interface Listener {
        /** @param type the event's type; empty where it has none */
        void event(String type, byte[] data, int offset, int length);

        /** A comment: a sign of life and nothing else. */
        void comment();
    }

    private final int maxLineBytes;
    private final int maxEventBytes;
    private final Listener listener;
    private byte[] line = new byte[512];
    private int lineLength;
    private byte[] data = new byte[512];
    private int dataLength;
    private boolean dataSeen;
    private String type = "";
    private boolean afterCr;
    private boolean firstLine = true;
    private boolean tooLarge;

    public SseReader(int maxLineBytes, int maxEventBytes, Listener listener) {
        this.maxLineBytes = maxLineBytes;
        this.maxEventBytes = maxEventBytes;
        this.listener = listener;
    }

    /** Reads on; false once a line or an event is over its limit, from when on nothing is read any more. */
    public boolean feed(byte[] bytes, int offset, int length) {
        int end = offset + length;
        int start = offset;
        if (afterCr && start < end) {
            afterCr = false;
            if (bytes[start] == '\n') {
                start++;
            }
        }
        for (int i = start; i < end && !tooLarge; i++) {
            byte b = bytes[i];
            if (b != '\n' && b != '\r') {
                continue;
            }
            endLine(bytes, start, i);
            if (b == '\r') {
                if (i + 1 == end) {
                    afterCr = true;
                } else if (bytes[i + 1] == '\n') {
                    i++;
                }
            }
            start = i + 1;
        }
        if (!tooLarge && start < end) {
            keep(bytes, start, end);
        }
        return !tooLarge;
    }

    /** The bytes have ended in good order: an event that lacks only its closing blank line is read all the same. */
    public void end() {
        if (lineLength > 0 && !tooLarge) {
            endLine(line, 0, 0);
        }
        if (!tooLarge) {
            dispatch();
        }
    }

    private void keep(byte[] bytes, int from, int to) {
        int length = to - from;
        if (lineLength + length > maxLineBytes) {
            tooLarge = true;
            return;
        }
        line = room(line, lineLength, length);
        System.arraycopy(bytes, from, line, lineLength, length);
        lineLength += length;
    }

    private void endLine(byte[] bytes, int from, int to) {
        if (lineLength == 0) {
            if (to - from > maxLineBytes) {
                tooLarge = true;
                return;
            }
            line(bytes, from, to);
            return;
        }
        keep(bytes, from, to);
        if (!tooLarge) {
            int length = lineLength;
            lineLength = 0;
            line(line, 0, length);
        }
    }

    private void line(byte[] bytes, int start, int to) {
        int from = start;
        if (firstLine) {
            firstLine = false;
            if (startsWith(bytes, from, to, BOM)) {
                from += BOM.length;
            }
        }
        if (from == to) {
            dispatch();
        } else if (bytes[from] == ':') {
            listener.comment();
        } else if (isField(bytes, from, to, DATA)) {
            appendData(bytes, valueStart(bytes, from + DATA.length, to), to);
        } else if (isField(bytes, from, to, EVENT)) {
            int value = valueStart(bytes, from + EVENT.length, to);
            type = new String(bytes, value, to - value, StandardCharsets.UTF_8);
        }
    }

    private void appendData(byte[] bytes, int from, int to) {
        int length = to - from;
        if (dataLength + length + 1 > maxEventBytes) {
            tooLarge = true;
            return;
        }
        data = room(data, dataLength, length + 1);
        if (dataSeen) {
            data[dataLength++] = '\n';
        }
        dataSeen = true;
        System.arraycopy(bytes, from, data, dataLength, length);
        dataLength += length;
    }

    private void dispatch() {
        if (dataSeen) {
            listener.event(type, data, 0, dataLength);
        }
        dataSeen = false;
        dataLength = 0;
        type = "";
    }

    private static boolean isField(byte[] bytes, int from, int to, byte[] name) {
        return startsWith(bytes, from, to, name)
                && (to - from == name.length || bytes[from + name.length] == ':');
    }

    private static boolean startsWith(byte[] bytes, int from, int to, byte[] prefix) {
        return to - from >= prefix.length
                && Arrays.equals(bytes, from, from + prefix.length, prefix, 0, prefix.length);
    }

    /** Where a field's value begins: behind the colon and one space. */
    private static int valueStart(byte[] bytes, int nameEnd, int to) {
        if (nameEnd >= to) {
            return to;
        }
        int start = nameEnd + 1;
        return start < to && bytes[start] == ' ' ? start + 1 : start;
    }

    private static byte[] room(byte[] buffer, int length, int more) {
        return length + more <= buffer.length
                ? buffer
                : Arrays.copyOf(buffer, Math.max(buffer.length * 2, length + more));
    }
}
