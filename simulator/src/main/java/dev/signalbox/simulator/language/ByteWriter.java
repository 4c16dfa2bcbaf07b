package dev.signalbox.simulator.language;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Bytes in the making. */
public final class ByteWriter {
    private byte[] bytes;
    private int length;

    public ByteWriter(int expectedLength) {
        bytes = new byte[expectedLength];
    }

    public ByteWriter put(byte[] more) {
        if (length + more.length > bytes.length) {
            bytes = Arrays.copyOf(bytes, Math.max(2 * bytes.length, length + more.length));
        }
        System.arraycopy(more, 0, bytes, length, more.length);
        length += more.length;
        return this;
    }

    public ByteWriter put(String text) {
        return put(text.getBytes(StandardCharsets.UTF_8));
    }

    public ByteWriter put(long number) {
        return put(Long.toString(number).getBytes(StandardCharsets.ISO_8859_1));
    }

    public int length() {
        return length;
    }

    public byte[] toBytes() {
        return length == bytes.length ? bytes : Arrays.copyOf(bytes, length);
    }
}
