package dev.signalbox.simulator.http;

import java.util.PriorityQueue;

/**
 * Runs tasks when they are due, those of the same 2 ms in one wake-up: thousands of paced streams then cost a few
 * hundred wake-ups a second. Nothing runs early, nothing more than 2 ms and the machine's own delay late. One event
 * loop's; at most one task for each running call.
 */
final class Pacer {
    private static final long GRID_NANOS = 2_000_000;

    private final Loop loop;
    private final PriorityQueue<Due> queue = new PriorityQueue<>();
    private long arrivals;
    private long armedFor = Long.MAX_VALUE;

    /** The clock and the timer of the event loop. */
    interface Loop {
        long nanoTime();

        void runAfter(long nanos, Runnable task);
    }

    private record Due(long nanos, long order, Runnable task) implements Comparable<Due> {
        @Override
        public int compareTo(Due other) {
            int byTime = Long.compare(nanos - other.nanos, 0);
            return byTime != 0 ? byTime : Long.compare(order, other.order);
        }
    }

    Pacer(Loop loop) {
        this.loop = loop;
    }

    long now() {
        return loop.nanoTime();
    }

    void at(long dueNanos, Runnable task) {
        queue.add(new Due(dueNanos, arrivals++, task));
        arm();
    }

    private void arm() {
        Due first = queue.peek();
        if (first != null && (armedFor == Long.MAX_VALUE || first.nanos - armedFor < -GRID_NANOS)) {
            long now = loop.nanoTime();
            long wakeUp = Math.floorDiv(first.nanos, GRID_NANOS) * GRID_NANOS + GRID_NANOS;
            armedFor = wakeUp;
            loop.runAfter(Math.max(0, wakeUp - now), () -> wake(wakeUp));
        }
    }

    private void wake(long wakeUp) {
        if (wakeUp == armedFor) {
            armedFor = Long.MAX_VALUE;
        }
        long now = loop.nanoTime();
        for (Due first = queue.peek(); first != null && first.nanos - now <= 0; first = queue.peek()) {
            queue.remove();
            first.task.run();
        }
        arm();
    }
}
