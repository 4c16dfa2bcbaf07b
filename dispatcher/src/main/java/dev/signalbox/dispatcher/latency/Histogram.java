package dev.signalbox.dispatcher.latency;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.OptionalLong;

/**
 * Counts of times in fixed exponential buckets, eight to an octave, so that any two add up and a percentile is off by at
 * most 5 % (by at most 1 µs below 20 µs). Times in µs; what is longer than the last bound, about 71 minutes, counts as
 * that long. Only the buckets between the lowest and the highest used one are held. Immutable.
 */
public final class Histogram {
    /** Upper bounds, inclusive, µs. They are part of the stored form: another list needs another version of the slice. */
    private static final long[] BOUNDS = bounds();
    private static final long LAST_BOUND = 1L << 32;

    public static final Histogram EMPTY = new Histogram(0, new int[0]);

    private final int first;
    private final int[] counts;
    private final long total;

    private Histogram(int first, int[] counts) {
        this.first = first;
        this.counts = counts;
        long sum = 0;
        for (int count : counts) {
            sum += count;
        }
        this.total = sum;
    }

    private static long[] bounds() {
        long[] bounds = new long[256];
        int size = 0;
        for (long bound = 1; bound < LAST_BOUND; bound = Math.max(bound + 1,
                Math.round(bound * StrictMath.pow(2, 0.125)))) {
            bounds[size++] = bound;
        }
        bounds[size++] = LAST_BOUND;
        return Arrays.copyOf(bounds, size);
    }

    /** With one more time. @throws IllegalArgumentException if it is negative */
    public Histogram plus(long micros) {
        if (micros < 0) {
            throw new IllegalArgumentException("a time of " + micros + " µs");
        }
        int found = Arrays.binarySearch(BOUNDS, Math.min(micros, LAST_BOUND));
        return plus(new Histogram(found < 0 ? -found - 1 : found, new int[]{1}));
    }

    /** With all times of another. */
    public Histogram plus(Histogram other) {
        if (other.counts.length == 0) {
            return this;
        }
        if (counts.length == 0) {
            return other;
        }
        int low = Math.min(first, other.first);
        int high = Math.max(first + counts.length, other.first + other.counts.length);
        int[] sum = new int[high - low];
        System.arraycopy(counts, 0, sum, first - low, counts.length);
        for (int i = 0; i < other.counts.length; i++) {
            sum[other.first - low + i] += other.counts[i];
        }
        return new Histogram(low, sum);
    }

    public long count() {
        return total;
    }

    /**
     * The time, µs, that a part of all times does not exceed: the middle of its bucket.
     *
     * @param part above 0, at most 1
     * @return empty without times
     */
    public OptionalLong percentile(double part) {
        if (part <= 0 || part > 1) {
            throw new IllegalArgumentException("a part of " + part);
        }
        long rank = (long) Math.ceil(part * total);
        long seen = 0;
        for (int i = 0; i < counts.length; i++) {
            seen += counts[i];
            if (seen >= rank) {
                int bucket = first + i;
                long below = bucket == 0 ? 0 : BOUNDS[bucket - 1];
                return OptionalLong.of((below + 1 + BOUNDS[bucket]) / 2);
            }
        }
        return OptionalLong.empty();
    }

    void write(DataOutputStream out) throws IOException {
        out.writeByte(first);
        out.writeByte(counts.length);
        for (int count : counts) {
            int rest = count;
            while (rest > 0x7F) {
                out.writeByte((rest & 0x7F) | 0x80);
                rest >>>= 7;
            }
            out.writeByte(rest);
        }
    }

    static Histogram read(DataInputStream in) throws IOException {
        int first = in.readUnsignedByte();
        int[] counts = new int[in.readUnsignedByte()];
        if (first + counts.length > BOUNDS.length) {
            throw new IOException("a histogram of unknown buckets");
        }
        for (int i = 0; i < counts.length; i++) {
            int shift = 0;
            int next;
            do {
                next = in.readUnsignedByte();
                counts[i] |= (next & 0x7F) << shift;
                shift += 7;
            } while (next > 0x7F && shift < 35);
        }
        return new Histogram(first, counts);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Histogram that && first == that.first && Arrays.equals(counts, that.counts);
    }

    @Override
    public int hashCode() {
        return 31 * first + Arrays.hashCode(counts);
    }

    @Override
    public String toString() {
        return total + " times from bucket " + first + ": " + Arrays.toString(counts);
    }
}
