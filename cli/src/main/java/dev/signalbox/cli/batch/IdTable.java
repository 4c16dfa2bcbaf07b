package dev.signalbox.cli.batch;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import dev.signalbox.schemas.RequestHash;
import java.util.OptionalInt;

/**
 * Which line an id stands on, for millions of ids: 128 bits of the id's SHA-256 and an int each, open addressing, about
 * 30 bytes an id. Two different ids never meet in practice (2^-64 at four billion ids).
 */
final class IdTable {
    private static final int FREE = 0;
    private final MessageDigest sha256 = RequestHash.sha256();
    private long[] keys = new long[2 * 1024];
    private int[] lines = new int[1024];
    private int size;

    /** Adds the id unless it is there; the line it already stands on, if it is. */
    OptionalInt putIfAbsent(String id, int line) {
        if (line == FREE) {
            throw new IllegalArgumentException("lines count from 1");
        }
        if (size * 3 >= lines.length * 2) {
            grow();
        }
        ByteBuffer hash = hash(id);
        long high = hash.getLong();
        long low = hash.getLong();
        int slot = slot(high, low);
        if (lines[slot] != FREE) {
            return OptionalInt.of(lines[slot]);
        }
        fill(slot, high, low, line);
        size++;
        return OptionalInt.empty();
    }

    /** The line of that id. */
    OptionalInt line(String id) {
        ByteBuffer hash = hash(id);
        int line = lines[slot(hash.getLong(), hash.getLong())];
        return line == FREE ? OptionalInt.empty() : OptionalInt.of(line);
    }

    int size() {
        return size;
    }

    private ByteBuffer hash(String id) {
        return ByteBuffer.wrap(sha256.digest(id.getBytes(StandardCharsets.UTF_8)));
    }

    /** Where the key is, or the free slot where it belongs. */
    private int slot(long high, long low) {
        int slot = Math.floorMod(high, lines.length);
        while (lines[slot] != FREE && (keys[2 * slot] != high || keys[2 * slot + 1] != low)) {
            slot = slot + 1 == lines.length ? 0 : slot + 1;
        }
        return slot;
    }

    private void fill(int slot, long high, long low, int line) {
        keys[2 * slot] = high;
        keys[2 * slot + 1] = low;
        lines[slot] = line;
    }

    private void grow() {
        long[] oldKeys = keys;
        int[] oldLines = lines;
        keys = new long[oldKeys.length * 2];
        lines = new int[oldLines.length * 2];
        for (int old = 0; old < oldLines.length; old++) {
            if (oldLines[old] != FREE) {
                fill(slot(oldKeys[2 * old], oldKeys[2 * old + 1]), oldKeys[2 * old], oldKeys[2 * old + 1],
                        oldLines[old]);
            }
        }
    }
}
