package dev.signalbox.dispatcher.latency;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.OptionalLong;

/**
 * Times apart by a number of tokens, since a long prompt takes longer to its first token and a long answer to its last: two
 * deployments that are asked for different things compare only size by size. Immutable, and they add up.
 *
 * @param sizes one histogram for each size, the smallest first
 */
record SizedTimes(List<Histogram> sizes) {
    /** Up to so many tokens; the last size has no bound. They are part of the stored form. */
    private static final List<Long> BOUNDS = List.of(100L, 400L, 1_600L, 6_400L, 25_600L);
    static final SizedTimes EMPTY = new SizedTimes(Collections.nCopies(BOUNDS.size() + 1, Histogram.EMPTY));

    SizedTimes {
        sizes = List.copyOf(sizes);
    }

    /** With one more time, µs. */
    SizedTimes plus(long tokens, long micros) {
        int size = 0;
        while (size < BOUNDS.size() && tokens > BOUNDS.get(size)) {
            size++;
        }
        List<Histogram> sum = new ArrayList<>(sizes);
        sum.set(size, sizes.get(size).plus(micros));
        return new SizedTimes(sum);
    }

    SizedTimes plus(SizedTimes other) {
        List<Histogram> sum = new ArrayList<>(sizes.size());
        for (int size = 0; size < sizes.size(); size++) {
            sum.add(sizes.get(size).plus(other.sizes.get(size)));
        }
        return new SizedTimes(sum);
    }

    /** Each call of a size had at least so many tokens. */
    static long from(int size) {
        return size == 0 ? 0 : BOUNDS.get(size - 1) + 1;
    }

    /** And at most so many; empty for the largest size. */
    static OptionalLong upTo(int size) {
        return size == BOUNDS.size() ? OptionalLong.empty() : OptionalLong.of(BOUNDS.get(size));
    }

    void write(DataOutputStream out) throws IOException {
        for (Histogram times : sizes) {
            times.write(out);
        }
    }

    static SizedTimes read(DataInputStream in) throws IOException {
        List<Histogram> sizes = new ArrayList<>(EMPTY.sizes.size());
        for (int size = 0; size < EMPTY.sizes.size(); size++) {
            sizes.add(Histogram.read(in));
        }
        return new SizedTimes(sizes);
    }
}
