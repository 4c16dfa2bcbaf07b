package dev.signalbox.system.simulation;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * The scheduler of a simulated world: a virtual clock, what is enabled now, and what is due later. Each step picks by the
 * seed's chance what happens next; computing takes no time, and time passes only when nothing is enabled. One thread.
 */
final class Simulation {
    /** Broker's wall clock at the start, ms. */
    static final long EPOCH_MILLIS = 1_800_000_000_000L;
    static final long MILLI = 1_000_000L;
    /** One of so many continuations is held up for a while, as by a busy machine. */
    private static final int HELD_UP = 200;

    final long seed;
    final SplittableRandom random;
    /** The one that runs everything. */
    final Thread thread = Thread.currentThread();
    private final PriorityQueue<Alarm> alarms = new PriorityQueue<>(
            Comparator.comparingLong((Alarm alarm) -> alarm.at).thenComparingLong(alarm -> alarm.number));
    private final List<Ready> ready = new ArrayList<>();
    private final List<String> violations = new ArrayList<>();
    private final @Nullable List<String> trace;
    private long nanos;
    private long alarmsMade;
    private long steps;
    private long hash;
    private @Nullable SimulatedProcess running;
    private volatile @Nullable String outsider;

    /** Something that happens at its time, unless it is cancelled or its process is dead by then. */
    static final class Alarm {
        private final long at;
        private final long number;
        private final @Nullable SimulatedProcess process;
        private final Runnable action;
        private boolean cancelled;

        private Alarm(long at, long number, @Nullable SimulatedProcess process, Runnable action) {
            this.at = at;
            this.number = number;
            this.process = process;
            this.action = action;
        }

        void cancel() {
            cancelled = true;
        }
    }

    private record Ready(SimulatedProcess process, Runnable continuation) {
    }

    /** @param recorded whether the trace is kept as text, for a person to read */
    Simulation(long seed, boolean recorded) {
        this.seed = seed;
        this.random = new SplittableRandom(seed);
        this.trace = recorded ? new ArrayList<>() : null;
    }

    /** Monotonic virtual time, ns. */
    long nanos() {
        return nanos;
    }

    long millis() {
        return nanos / MILLI;
    }

    /** The broker's clock, ms since 1970. */
    long brokerMillis() {
        return EPOCH_MILLIS + nanos / MILLI;
    }

    /** Whose code is running. */
    SimulatedProcess running() {
        if (running == null) {
            throw new IllegalStateException("no simulated process runs here");
        }
        return running;
    }

    boolean isRunning() {
        return running != null;
    }

    /** A random length from the one to the other, ns. */
    long between(long fromMillis, long toMillis) {
        return random.nextLong(fromMillis * MILLI, toMillis * MILLI + 1);
    }

    boolean oneIn(int chances) {
        return random.nextInt(chances) == 0;
    }

    Alarm after(long delayNanos, Runnable action) {
        return after(delayNanos, null, action);
    }

    /** @param process whose death takes the alarm with it and whose freezing holds it up; null: the world's */
    Alarm after(long delayNanos, @Nullable SimulatedProcess process, Runnable action) {
        Alarm alarm = new Alarm(nanos + Math.max(0, delayNanos), alarmsMade++, process, action);
        alarms.add(alarm);
        return alarm;
    }

    void enable(SimulatedProcess process, Runnable continuation) {
        ready.add(new Ready(process, continuation));
    }

    /** Somebody waited in real time: this is no simulation any more. Called by any thread. */
    void wokenFromOutside(Thread by) {
        outsider = by.getName();
    }

    /** Makes one thing happen; false if nothing ever will. */
    boolean step() {
        if (outsider != null) {
            throw new IllegalStateException("a simulated thread was woken by " + outsider
                    + ": it waits by something that Redirections does not know, or for a contended monitor");
        }
        steps++;
        Alarm next = alarms.peek();
        boolean due = next != null && next.at <= nanos;
        if (!ready.isEmpty() && !(due && oneIn(ready.size() + 1))) {
            int chosen = ready.size() == 1 ? 0 : random.nextInt(ready.size());
            Ready picked = ready.set(chosen, ready.getLast());
            ready.removeLast();
            run(picked);
            return true;
        }
        if (next == null) {
            return false;
        }
        alarms.remove();
        if (!next.cancelled) {
            nanos = Math.max(nanos, next.at);
            fire(next);
        }
        return true;
    }

    private void run(Ready picked) {
        SimulatedProcess process = picked.process;
        if (process.isDead()) {
            return;
        }
        long heldUp = process.frozenUntil() > nanos
                ? process.frozenUntil() - nanos
                : oneIn(HELD_UP) ? between(0, 40) : 0;
        if (heldUp > 0) {
            after(heldUp, process, () -> ready.add(picked));
            return;
        }
        running = process;
        try {
            picked.continuation.run();
        } finally {
            running = null;
        }
    }

    private void fire(Alarm alarm) {
        SimulatedProcess process = alarm.process;
        if (process == null) {
            alarm.action.run();
        } else if (!process.isDead()) {
            if (process.frozenUntil() > nanos) {
                Alarm later = new Alarm(process.frozenUntil(), alarmsMade++, null, () -> {
                    if (!alarm.cancelled) {
                        fire(alarm);
                    }
                });
                alarms.add(later);
                return;
            }
            running = process;
            try {
                alarm.action.run();
            } finally {
                running = null;
            }
        }
    }

    /** Whether anything is left to do for the process. */
    boolean isIdle(SimulatedProcess process) {
        return ready.stream().noneMatch(each -> each.process == process)
                && alarms.stream().noneMatch(each -> each.process == process && !each.cancelled);
    }

    /** Something that can be told from outside happened: it goes into the hash, and into the trace if that is kept. */
    void note(String what, long first, long second) {
        note(what, "", first, second);
    }

    void note(String what, String whom, long first, long second) {
        hash = mix(hash ^ nanos);
        hash = mix(hash ^ what.hashCode());
        hash = mix(hash ^ whom.hashCode());
        hash = mix(hash ^ first);
        hash = mix(hash ^ second);
        if (trace != null) {
            trace.add(String.format("%10.3f ms %-8s %s %s %d %d", nanos / 1e6, running == null ? "-" : running.name(),
                    what, whom, first, second));
        }
    }

    private static long mix(long value) {
        long z = value + 0x9E3779B97F4A7C15L;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }

    void violated(String what) {
        note("VIOLATION " + what, 0, 0);
        violations.add(what);
    }

    List<String> violations() {
        return violations;
    }

    /** Everything noted, in its order. */
    List<String> trace() {
        return trace == null ? List.of() : trace;
    }

    long hash() {
        return mix(hash ^ steps);
    }

    long steps() {
        return steps;
    }
}
