package dev.signalbox.workers;

import java.util.PriorityQueue;
import java.util.concurrent.TimeUnit;

/** A simulation's time, and what happens in it in order. */
final class WaitingEvents {
    private final PriorityQueue<Event> events = new PriorityQueue<>();
    private long nanos;
    private long order;

    private record Event(long atNanos, long order, Runnable what) implements Comparable<Event> {
        @Override
        public int compareTo(Event other) {
            return atNanos != other.atNanos ? Long.compare(atNanos, other.atNanos) : Long.compare(order, other.order);
        }
    }

    WaitingEvents(long startMillis) {
        nanos = TimeUnit.MILLISECONDS.toNanos(startMillis);
    }

    long nanos() {
        return nanos;
    }

    long nowMillis() {
        return TimeUnit.NANOSECONDS.toMillis(nanos);
    }

    void at(long atNanos, Runnable what) {
        events.add(new Event(atNanos, order++, what));
    }

    void after(long millis, Runnable what) {
        at(nanos + TimeUnit.MILLISECONDS.toNanos(millis), what);
    }

    void every(long millis, Runnable what) {
        after(millis, () -> {
            what.run();
            every(millis, what);
        });
    }

    /** What is next happens. */
    void turn() {
        Event next = events.remove();
        nanos = next.atNanos;
        next.what.run();
    }
}
