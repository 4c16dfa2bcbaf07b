package dev.signalbox.workers.intake;

import java.util.Arrays;

/** Non-negative longs in 7-bit groups, lowest first: writes to a growing array, or reads from a part of one. */
final class Varints {
    private byte[] bytes;
    private int at;
    private final int end;

    /** To write. */
    Varints() {
        this.bytes = new byte[64];
        this.end = Integer.MAX_VALUE;
    }

    /** To read {@code [from, to)}. */
    Varints(byte[] bytes, int from, int to) {
        this.bytes = bytes;
        this.at = from;
        this.end = to;
    }

    void write(long value) {
        if (at + 10 > bytes.length) {
            bytes = Arrays.copyOf(bytes, bytes.length * 2);
        }
        long rest = value;
        while (rest >= 0x80) {
            bytes[at++] = (byte) (rest | 0x80);
            rest >>>= 7;
        }
        bytes[at++] = (byte) rest;
    }

    byte[] written() {
        return Arrays.copyOf(bytes, at);
    }

    boolean hasMore() {
        return at < end;
    }

    /** Index of the next byte. */
    int at() {
        return at;
    }

    /**
     * @throws IllegalArgumentException if the value is cut short or does not fit 63 bits
     */
    long read() {
        long value = 0;
        for (int shift = 0; shift < 63; shift += 7) {
            if (at >= end) {
                throw new IllegalArgumentException("cut short");
            }
            byte next = bytes[at++];
            value |= (next & 0x7FL) << shift;
            if (next >= 0) {
                return value;
            }
        }
        throw new IllegalArgumentException("too long");
    }
}
