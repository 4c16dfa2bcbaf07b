package dev.signalbox.system.benchmark;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** Vendor calls that do nothing but last, each on a virtual thread. */
record Calls(int millis) {

    void start(Runnable atEnd) {
        Thread.startVirtualThread(() -> {
            long nanos = TimeUnit.MILLISECONDS.toNanos(millis);
            long end = System.nanoTime() + nanos;
            for (long left = nanos; left > 0; left = end - System.nanoTime()) {
                LockSupport.parkNanos(left);
            }
            atEnd.run();
        });
    }
}
