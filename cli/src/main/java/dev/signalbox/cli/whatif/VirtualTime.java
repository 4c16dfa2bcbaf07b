package dev.signalbox.cli.whatif;

import java.util.PriorityQueue;

/** What happens when, in order. Time is ns on a monotonic clock and on the broker's, which agree. */
final class VirtualTime {
    /** Of the load's beginning: models take 0 for never. */
    static final long BEGIN_NANOS = 1_000_000_000_000L;

    private final PriorityQueue<Event> events = new PriorityQueue<>((a, b) -> a.atNanos != b.atNanos
            ? Long.compare(a.atNanos, b.atNanos)
            : Long.compare(a.order, b.order));
    private long order;
    private long now;

    private record Event(long atNanos, long order, Runnable run) {
    }

    /** @param warmUpNanos that pass before the load begins */
    VirtualTime(long warmUpNanos) {
        this.now = BEGIN_NANOS - warmUpNanos;
    }

    long nanos() {
        return now;
    }

    long millis() {
        return now / 1_000_000;
    }

    /** After the load's beginning. */
    long sinceBegin() {
        return now - BEGIN_NANOS;
    }

    void in(long nanos, Runnable run) {
        at(now + Math.max(0, nanos), run);
    }

    void at(long nanos, Runnable run) {
        events.add(new Event(nanos, order++, run));
    }

    /** @param afterNanos until it happens first */
    void every(long afterNanos, long nanos, Runnable run) {
        in(afterNanos, () -> {
            run.run();
            every(nanos, nanos, run);
        });
    }

    /** The next thing happens; false if that would be later. */
    boolean step(long untilNanos) {
        if (events.isEmpty() || events.element().atNanos > untilNanos) {
            return false;
        }
        Event event = events.remove();
        now = event.atNanos;
        event.run.run();
        return true;
    }
}
