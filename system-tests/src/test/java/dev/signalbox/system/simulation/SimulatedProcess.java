package dev.signalbox.system.simulation;

import java.lang.reflect.Constructor;
import java.util.concurrent.Executor;

/**
 * One worker process: the scheduler of its virtual threads. What they start inherits it; nothing of it runs but when the
 * simulation picks it. A killed one never runs again, whatever its threads were at; a frozen one goes on later.
 */
final class SimulatedProcess implements Executor {
    private static final Constructor<?> BUILDERS = builders();

    private final Simulation simulation;
    private final String name;
    private boolean dead;
    private long frozenUntil = Long.MIN_VALUE;
    private int threads;

    SimulatedProcess(Simulation simulation, String name) {
        this.simulation = simulation;
        this.name = name;
    }

    /** The JDK's own way to give virtual threads a scheduler; it has no public one yet. */
    private static Constructor<?> builders() {
        try {
            Constructor<?> constructor = Class.forName("java.lang.ThreadBuilders$VirtualThreadBuilder")
                    .getDeclaredConstructor(Executor.class);
            constructor.setAccessible(true);
            return constructor;
        } catch (ReflectiveOperationException | RuntimeException e) {
            throw new IllegalStateException(
                    "the simulation needs JDK 25 with --add-opens=java.base/java.lang=ALL-UNNAMED",
                    e);
        }
    }

    @Override
    public void execute(Runnable continuation) {
        Thread current = Thread.currentThread();
        if (!current.isVirtual() && current != simulation.thread) {
            simulation.wokenFromOutside(current);
        } else if (!dead) {
            simulation.enable(this, continuation);
        }
    }

    /** A thread of this process, not started. */
    Thread thread(String threadName, Runnable body) {
        try {
            return ((Thread.Builder.OfVirtual) BUILDERS.newInstance(this)).name(threadName)
                    .uncaughtExceptionHandler((thread, defect) -> died(threadName, defect)).unstarted(() -> {
                        threads++;
                        try {
                            body.run();
                        } finally {
                            threads--;
                        }
                    });
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    private void died(String threadName, Throwable defect) {
        StackTraceElement[] stack = defect.getStackTrace();
        simulation.violated("thread " + threadName + " of " + name + " died of " + defect
                + (stack.length == 0 ? "" : " at " + stack[0]));
    }

    String name() {
        return name;
    }

    boolean isDead() {
        return dead;
    }

    /** Its memory is gone. */
    void kill() {
        dead = true;
    }

    long frozenUntil() {
        return frozenUntil;
    }

    /** Nothing of it runs for that long, as in a long collection or on a stopped machine. */
    void freeze(long lengthNanos) {
        frozenUntil = Math.max(frozenUntil, simulation.nanos() + lengthNanos);
    }

    /** Threads that have begun and not ended. */
    int threads() {
        return threads;
    }
}
