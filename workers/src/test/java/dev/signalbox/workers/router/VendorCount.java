package dev.signalbox.workers.router;

import java.util.ArrayDeque;
import java.util.Deque;

/** What a simulated vendor counts in a sliding minute, and the most that it ever was; times in order, ns. */
final class VendorCount {
    private static final long MINUTE = 60_000_000_000L;

    private record Amount(long atNanos, long amount) {
    }

    private final Deque<Amount> window = new ArrayDeque<>();
    private long sum;
    private long most;
    private long afterFirstMinute;

    void add(long amount, long nowNanos) {
        while (!window.isEmpty() && nowNanos - window.element().atNanos() >= MINUTE) {
            sum -= window.remove().amount();
        }
        window.add(new Amount(nowNanos, amount));
        sum += amount;
        most = Math.max(most, sum);
        afterFirstMinute += nowNanos >= MINUTE ? amount : 0;
    }

    long most() {
        return most;
    }

    /** Part of the limit that was used on average from the first minute to that time. */
    double used(long limit, long untilNanos) {
        return (double) afterFirstMinute * MINUTE / limit / (untilNanos - MINUTE);
    }
}
