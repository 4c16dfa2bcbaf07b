package dev.signalbox.workers.intake;

import java.util.Map;
import java.util.TreeMap;

/** A set of offsets as disjoint, non-adjacent half-open runs, so that its size is that of its gaps. Not thread-safe. */
final class OffsetRuns {
    private final TreeMap<Long, Long> endByStart = new TreeMap<>();

    /** Takes one run. */
    interface RunConsumer {
        void accept(long from, long to);
    }

    /** Adds the offsets of {@code [from, to)}, some of which may be there already. */
    void add(long from, long to) {
        if (from >= to) {
            return;
        }
        long start = from;
        long end = to;
        Map.Entry<Long, Long> before = endByStart.floorEntry(from);
        if (before != null && before.getValue() >= from) {
            start = before.getKey();
            end = Math.max(end, before.getValue());
        }
        Map.Entry<Long, Long> after = endByStart.higherEntry(start);
        while (after != null && after.getKey() <= end) {
            end = Math.max(end, after.getValue());
            endByStart.remove(after.getKey());
            after = endByStart.higherEntry(start);
        }
        endByStart.put(start, end);
    }

    boolean contains(long offset) {
        return endOfRunWith(offset) > offset;
    }

    /** End of the run that holds this offset; the offset itself if none does. */
    long endOfRunWith(long offset) {
        Map.Entry<Long, Long> run = endByStart.floorEntry(offset);
        return run == null ? offset : Math.max(offset, run.getValue());
    }

    /** Number of offsets of {@code [from, to)} that it does not hold. */
    long missing(long from, long to) {
        long missing = 0;
        for (long at = endOfRunWith(from); at < to; at = endOfRunWith(at)) {
            Long next = endByStart.higherKey(at);
            long end = next == null ? to : Math.min(next, to);
            missing += end - at;
            at = end;
        }
        return missing;
    }

    /** The first offset above all of it; 0 if it is empty. */
    long end() {
        return endByStart.isEmpty() ? 0 : endByStart.lastEntry().getValue();
    }

    /** Removes what is below the offset. */
    void removeBelow(long offset) {
        while (!endByStart.isEmpty() && endByStart.firstKey() < offset) {
            long end = endByStart.pollFirstEntry().getValue();
            if (end > offset) {
                endByStart.put(offset, end);
            }
        }
    }

    /** Removes the offset and what is above it. */
    void removeFrom(long offset) {
        while (!endByStart.isEmpty() && endByStart.lastEntry().getValue() > offset) {
            long start = endByStart.pollLastEntry().getKey();
            if (start < offset) {
                endByStart.put(start, offset);
            }
        }
    }

    /** Number of runs. */
    int runs() {
        return endByStart.size();
    }

    /** Visits at most that many runs, lowest first. */
    void forFirst(int limit, RunConsumer consumer) {
        int left = limit;
        for (Map.Entry<Long, Long> run : endByStart.entrySet()) {
            if (left-- <= 0) {
                return;
            }
            consumer.accept(run.getKey(), run.getValue());
        }
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof OffsetRuns runs && endByStart.equals(runs.endByStart);
    }

    @Override
    public int hashCode() {
        return endByStart.hashCode();
    }

    @Override
    public String toString() {
        return endByStart.toString();
    }
}
