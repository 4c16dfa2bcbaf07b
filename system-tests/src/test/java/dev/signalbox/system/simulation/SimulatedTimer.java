package dev.signalbox.system.simulation;

import java.util.Collections;
import java.util.List;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.Callable;
import java.util.concurrent.Delayed;
import java.util.concurrent.FutureTask;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/** A process's timer on the virtual clock; each task runs on a thread of its own, as none may block. */
final class SimulatedTimer extends AbstractExecutorService implements ScheduledExecutorService {
    private final Simulation simulation;
    private final SimulatedProcess process;
    private boolean closed;

    SimulatedTimer(Simulation simulation, SimulatedProcess process) {
        this.simulation = simulation;
        this.process = process;
    }

    /** A planned task. */
    private final class Planned<V> extends FutureTask<V> implements ScheduledFuture<V> {
        private final long againNanos;
        private Simulation.Alarm alarm;

        Planned(Callable<V> task, long delayNanos, long againNanos) {
            super(task);
            this.againNanos = againNanos;
            this.alarm = simulation.after(delayNanos, process, this::begin);
        }

        private void begin() {
            if (!closed) {
                process.thread("timer", this).start();
            }
        }

        @Override
        public void run() {
            if (againNanos == 0) {
                super.run();
            } else if (super.runAndReset() && !closed) {
                alarm = simulation.after(againNanos, process, this::begin);
            }
        }

        @Override
        public boolean cancel(boolean interrupt) {
            alarm.cancel();
            return super.cancel(false);
        }

        @Override
        public long getDelay(TimeUnit unit) {
            return 0;
        }

        @Override
        public int compareTo(Delayed other) {
            return 0;
        }
    }

    @Override
    public ScheduledFuture<?> schedule(Runnable task, long delay, TimeUnit unit) {
        return new Planned<>(() -> {
            task.run();
            return true;
        }, unit.toNanos(delay), 0);
    }

    @Override
    public <V> ScheduledFuture<V> schedule(Callable<V> task, long delay, TimeUnit unit) {
        return new Planned<>(task, unit.toNanos(delay), 0);
    }

    @Override
    public ScheduledFuture<?> scheduleAtFixedRate(Runnable task, long first, long period, TimeUnit unit) {
        return scheduleWithFixedDelay(task, first, period, unit);
    }

    @Override
    public ScheduledFuture<?> scheduleWithFixedDelay(Runnable task, long first, long delay, TimeUnit unit) {
        return new Planned<>(() -> {
            task.run();
            return true;
        }, unit.toNanos(first), unit.toNanos(delay));
    }

    @Override
    public void execute(Runnable task) {
        var _ = schedule(task, 0, TimeUnit.NANOSECONDS);
    }

    @Override
    public void shutdown() {
        closed = true;
    }

    @Override
    public List<Runnable> shutdownNow() {
        closed = true;
        return Collections.emptyList();
    }

    @Override
    public boolean isShutdown() {
        return closed;
    }

    @Override
    public boolean isTerminated() {
        return closed;
    }

    @Override
    public boolean awaitTermination(long limit, TimeUnit unit) {
        return closed;
    }
}
