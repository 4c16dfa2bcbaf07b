package dev.signalbox.simulator.meter;

import java.util.Arrays;

/**
 * The sum of amounts over the last 60 s and the largest it ever was, exact to the millisecond: an amount at {@code t}
 * counts from {@code t} to {@code t + 59,999 ms}. A window's sum only grows when an amount is added, so the largest sum
 * is one seen at an addition. Amounts of one millisecond share an entry: at most 60,000 entries, 16 bytes each.
 * Not thread-safe. Times must not go back.
 */
public final class SlidingWindow {
    public static final int SPAN_MILLIS = 60_000;

    private long[] times = new long[64];
    private long[] amounts = new long[64];
    private int head;
    private int size;
    private long sum;
    private long max;

    public void add(long nowMillis, long amount) {
        forget(nowMillis);
        int last = (head + size - 1) & (times.length - 1);
        if (size > 0 && times[last] == nowMillis) {
            amounts[last] += amount;
        } else {
            if (size == times.length) {
                grow();
            }
            int next = (head + size) & (times.length - 1);
            times[next] = nowMillis;
            amounts[next] = amount;
            size++;
        }
        sum += amount;
        max = Math.max(max, sum);
    }

    /** Amounts of the last 60 s. */
    public long sum(long nowMillis) {
        forget(nowMillis);
        return sum;
    }

    /** The largest sum of any 60 s. */
    public long max() {
        return max;
    }

    /** Milliseconds until the sum is at most {@code most}: 0 if it is; what nobody adds meanwhile. */
    public long millisUntilAtMost(long most, long nowMillis) {
        forget(nowMillis);
        long left = sum;
        for (int i = 0; i < size && left > most; i++) {
            int at = (head + i) & (times.length - 1);
            left -= amounts[at];
            if (left <= most) {
                return times[at] + SPAN_MILLIS - nowMillis;
            }
        }
        return 0;
    }

    private void forget(long nowMillis) {
        while (size > 0 && times[head] <= nowMillis - SPAN_MILLIS) {
            sum -= amounts[head];
            head = (head + 1) & (times.length - 1);
            size--;
        }
    }

    private void grow() {
        int old = times.length;
        long[] newTimes = Arrays.copyOf(times, 2 * old);
        long[] newAmounts = Arrays.copyOf(amounts, 2 * old);
        // A full ring: what stands before the head follows after the old end.
        System.arraycopy(times, 0, newTimes, old, head);
        System.arraycopy(amounts, 0, newAmounts, old, head);
        times = newTimes;
        amounts = newAmounts;
    }
}
