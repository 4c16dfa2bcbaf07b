package dev.signalbox.simulator.meter;

import dev.signalbox.simulator.meter.CallEntry.CallHead;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The newest calls, running and ended, in order of arrival. Not thread-safe. */
public final class CallLog {
    private final @Nullable CallEntry[] ring;
    private final Consumer<CallRecord> ended;
    private final boolean listened;
    private long arrived;
    private long forgottenUpTo;
    private final Map<String, Bill> bills = new TreeMap<>();

    /** @param capacity calls it keeps */
    public CallLog(int capacity) {
        this(capacity, null);
    }

    /** @param listener told of each call's end; null: nobody is */
    public CallLog(int capacity, @Nullable Consumer<CallRecord> listener) {
        ring = new @Nullable CallEntry[capacity];
        listened = listener != null;
        ended = listener != null ? listener : call -> {
        };
    }

    public CallEntry arrived(CallHead head, long wallMillis, long nowNanos) {
        CallEntry entry = new CallEntry(++arrived, wallMillis, nowNanos, head);
        ring[(int) ((entry.number - 1) % ring.length)] = entry;
        return entry;
    }

    public void ended(CallEntry entry, CallOutcome outcome, long nowNanos) {
        entry.ended(outcome, nowNanos);
        CallRecord record = entry.record(nowNanos);
        bills.merge(record.vendor(), record.bill(), Bill::plus);
        if (listened) {
            ended.accept(record);
        }
    }

    public List<CallRecord> calls(long nowNanos) {
        List<CallRecord> calls = new ArrayList<>();
        for (long number = Math.max(forgottenUpTo, arrived - ring.length) + 1; number <= arrived; number++) {
            CallEntry entry = ring[(int) ((number - 1) % ring.length)];
            if (entry != null) {
                calls.add(entry.record(nowNanos));
            }
        }
        return calls;
    }

    /** What each vendor charges for all calls that have ended since the start or last reset, however many it remembers. */
    public Map<String, Bill> bills() {
        return Map.copyOf(bills);
    }

    /** Forgets all calls; those that run are still told to the listener when they end. */
    public void reset() {
        forgottenUpTo = arrived;
        Arrays.fill(ring, null);
        bills.clear();
    }
}
