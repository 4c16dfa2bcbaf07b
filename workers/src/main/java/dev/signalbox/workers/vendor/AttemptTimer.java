package dev.signalbox.workers.vendor;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;

/**
 * Asks every running attempt {@value #PERIOD_MILLIS} ms after {@value #PERIOD_MILLIS} ms what is due, on one thread
 * that sleeps while there are none. With 2,000 attempts a round takes tens of microseconds; arming and disarming
 * a timer for each would cost more, and limits of seconds need no finer grain. Bounded by the calls at once.
 */
final class AttemptTimer implements AutoCloseable {
    private static final long PERIOD_MILLIS = 20;

    private final LongSupplier nanoTicker;
    private final Set<AttemptWatch> running = ConcurrentHashMap.newKeySet();
    private final Thread thread;
    private volatile boolean idle;
    private volatile boolean closed;

    AttemptTimer(LongSupplier nanoTicker) {
        this.nanoTicker = nanoTicker;
        this.thread = Thread.ofPlatform().daemon().name("signalbox-attempt-timer").unstarted(this::rounds);
        thread.start();
    }

    void start(AttemptWatch watch) {
        running.add(watch);
        if (idle) {
            LockSupport.unpark(thread);
        }
    }

    void stop(AttemptWatch watch) {
        running.remove(watch);
    }

    /** Attempts being watched. */
    int size() {
        return running.size();
    }

    private void rounds() {
        while (!closed) {
            if (running.isEmpty()) {
                idle = true;
                if (running.isEmpty() && !closed) {
                    LockSupport.park(this);
                }
                idle = false;
            }
            LockSupport.parkNanos(this, TimeUnit.MILLISECONDS.toNanos(PERIOD_MILLIS));
            long now = nanoTicker.getAsLong();
            for (AttemptWatch watch : running) {
                watch.check(now);
            }
        }
    }

    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(thread);
    }
}
