package dev.signalbox.system.simulation;

import java.util.concurrent.ThreadFactory;

/** Stands for the builders of {@link Thread}: whatever it builds is a thread of the process that asks. */
public final class SimulatedThreads {
    private String name = "";

    SimulatedThreads() {
    }

    /** As of the JDK's builders. */
    public SimulatedThreads name(String wanted) {
        name = wanted;
        return this;
    }

    /** As of the JDK's builders. */
    public SimulatedThreads name(String prefix, long start) {
        name = prefix + start;
        return this;
    }

    /** As of the JDK's builders. */
    public SimulatedThreads daemon() {
        return this;
    }

    /** As of the JDK's builders. */
    public Thread unstarted(Runnable body) {
        Simulation simulation = Simulated.simulation();
        SimulatedProcess process = simulation.running();
        String threadName = name;
        return process.thread(threadName, () -> {
            simulation.note("thread", threadName, 0, 0);
            body.run();
        });
    }

    /** As of the JDK's builders. */
    public Thread start(Runnable body) {
        Thread thread = unstarted(body);
        thread.start();
        return thread;
    }

    /** As of the JDK's builders. */
    public ThreadFactory factory() {
        return this::unstarted;
    }
}
