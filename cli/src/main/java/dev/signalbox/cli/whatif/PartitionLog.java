package dev.signalbox.cli.whatif;

import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What lies in a partition of a lane's request topic, or of its overflow topic, and what of it is not done. */
final class PartitionLog {
    private final int partition;
    private final boolean isOverflow;
    private final ArrayDeque<Entry> unread = new ArrayDeque<>();
    private final Set<Long> open = new HashSet<>();
    private long next;

    /** A request at its offset. */
    record Entry(PartitionLog log, long offset, WhatIfRequest request) {
        /** It needs no room of the worker any more. */
        void done() {
            log.open.remove(offset);
        }
    }

    PartitionLog(int partition, boolean isOverflow) {
        this.partition = partition;
        this.isOverflow = isOverflow;
    }

    int partition() {
        return partition;
    }

    boolean isOverflow() {
        return isOverflow;
    }

    /** @return its offset */
    long append(WhatIfRequest request) {
        unread.add(new Entry(this, next, request));
        open.add(next);
        return next++;
    }

    /** The one that is read next, if there is any. */
    @Nullable
    Entry first() {
        return unread.peek();
    }

    Entry read() {
        return unread.remove();
    }

    int unread() {
        return unread.size();
    }

    boolean isDone(long offset) {
        return offset < next && !open.contains(offset);
    }
}
