package dev.signalbox.cli.usage;

import java.util.HashMap;
import java.util.Map;

/**
 * Which record of each key is the last one, in two readings of the same partition: {@link #saw} each record in the first,
 * ask {@link #isLatest} in the second. Exact; takes two bytes for each expected record, and an entry for each key that
 * comes again (and for one key in some 400 that only seems to).
 */
final class LatestOfKeys {
    private static final int BITS_PER_RECORD = 16;
    private static final int PROBES = 4;
    private static final long MAX_WORDS = 1L << 26;

    private final long[] filter;
    private final Map<String, Long> lastOffsets = new HashMap<>();

    /** @param expected number of records, about */
    LatestOfKeys(long expected) {
        long words = Math.clamp(expected * BITS_PER_RECORD / Long.SIZE, 1, MAX_WORDS);
        filter = new long[Math.toIntExact(words)];
    }

    /** In the order of offsets. */
    void saw(String key, long offset) {
        long hash = hash(key);
        long step = mixed(hash) | 1;
        boolean seen = true;
        for (int i = 0; i < PROBES; i++) {
            long bit = Long.remainderUnsigned(hash + i * step, (long) filter.length * Long.SIZE);
            int word = (int) (bit / Long.SIZE);
            seen &= (filter[word] & 1L << bit) != 0;
            filter[word] |= 1L << bit;
        }
        if (seen) {
            lastOffsets.put(key, offset);
        }
    }

    /** Whether no later record has this key; once all were seen. */
    boolean isLatest(String key, long offset) {
        Long last = lastOffsets.get(key);
        return last == null || last == offset;
    }

    private static long hash(String key) {
        long hash = 0xcbf29ce484222325L;
        for (int i = 0; i < key.length(); i++) {
            hash = (hash ^ key.charAt(i)) * 0x100000001b3L;
        }
        return mixed(hash);
    }

    private static long mixed(long value) {
        long mixed = (value ^ value >>> 30) * 0xbf58476d1ce4e5b9L;
        mixed = (mixed ^ mixed >>> 27) * 0x94d049bb133111ebL;
        return mixed ^ mixed >>> 31;
    }
}
