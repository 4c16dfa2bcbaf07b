package dev.signalbox.workers;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Ids of requests that their callers do not want any more, as {@code llm.cancellations} tells them: also of requests that
 * are still to come, and of those that ended long ago. One thread adds, any may ask; asking takes no lock.
 *
 * <p>Bounds: an id is kept until its time, which is the append time of its record plus how long the topic keeps it, and at
 * most {@link #MAX_BYTES} of them, oldest let go first: such a request is served as if nobody had cancelled it.
 */
final class Cancellations {
    static final long MAX_BYTES = 16 << 20;
    /** Of an id's entries in the map and the order, beside its characters. */
    private static final int ENTRY_BYTES = 160;
    /** As long as a request's id may be. */
    private static final int MAX_ID_CHARS = 128;

    private final long keptMillis;
    private final long maxBytes;
    private final Map<String, Boolean> ids = new ConcurrentHashMap<>();
    /** In the order of their records. */
    private final Deque<Kept> order = new ArrayDeque<>();
    private final AtomicLong bytes = new AtomicLong();
    private final AtomicLong added = new AtomicLong();
    private final AtomicLong letGo = new AtomicLong();

    private record Kept(String id, long untilMillis) {
        long bytes() {
            return ENTRY_BYTES + (long) id.length();
        }
    }

    /** @param keptMillis how long an id is kept */
    Cancellations(long keptMillis) {
        this(keptMillis, MAX_BYTES);
    }

    Cancellations(long keptMillis, long maxBytes) {
        this.keptMillis = keptMillis;
        this.maxBytes = maxBytes;
    }

    /**
     * A request is cancelled. What no request's id can be is left out; the same id once more changes nothing.
     *
     * @param appendMillis of the record, on the broker's clock
     */
    void add(String id, long appendMillis) {
        while (!order.isEmpty() && order.element().untilMillis <= appendMillis) {
            removeOldest();
        }
        if (id.isEmpty() || id.length() > MAX_ID_CHARS || ids.putIfAbsent(id, true) != null) {
            return;
        }
        Kept kept = new Kept(id, appendMillis + keptMillis);
        order.add(kept);
        bytes.addAndGet(kept.bytes());
        while (bytes.get() > maxBytes) {
            removeOldest();
            letGo.incrementAndGet();
        }
        // After the id can be found: who sees the number sees the id.
        added.incrementAndGet();
    }

    private void removeOldest() {
        Kept oldest = order.remove();
        ids.remove(oldest.id);
        bytes.addAndGet(-oldest.bytes());
    }

    /** Whether the request is cancelled. */
    boolean contains(String id) {
        return !ids.isEmpty() && ids.containsKey(id);
    }

    /** How many were added so far: while it stays, no answer of {@link #contains} turns into yes. */
    long added() {
        return added.get();
    }

    /** Ids that are kept. */
    int size() {
        return ids.size();
    }

    /** What they take, roughly. */
    long bytes() {
        return bytes.get();
    }

    /** Ids that had to be let go before their time. */
    long letGo() {
        return letGo.get();
    }
}
