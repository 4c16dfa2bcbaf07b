package dev.signalbox.system.simulation;

import java.net.http.HttpClient;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * What the code of simulated workers calls instead of the JDK's clocks, timed waits, threads and chance: see
 * {@link Redirections}. One simulation at a time in each {@link SimulatedClasses}.
 */
public final class Simulated {
    /** One of so many locks is taken a moment later than asked for, so that others come between. */
    private static final int YIELDS = 32;

    private static @Nullable Simulation current;

    private Simulated() {
    }

    static void enter(Simulation simulation) {
        current = simulation;
    }

    static void leave() {
        current = null;
    }

    static Simulation simulation() {
        if (current == null) {
            throw new IllegalStateException("no simulation runs");
        }
        return current;
    }

    /** {@link System#nanoTime()}. */
    public static long nanoTime() {
        return simulation().nanos();
    }

    /** {@link System#currentTimeMillis()}: each process's own idea of it. */
    public static long currentTimeMillis() {
        Simulation simulation = simulation();
        long skew = simulation.isRunning() ? simulation.running().name().hashCode() % 3_600_000L : 0;
        return simulation.brokerMillis() + skew;
    }

    /** {@link Thread#sleep(Duration)}. */
    public static void sleep(Duration length) throws InterruptedException {
        long until = nanoTime() + length.toNanos();
        while (until - nanoTime() > 0) {
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
            parkNanos(until - nanoTime());
        }
    }

    /** {@link Thread#sleep(long)}. */
    public static void sleep(long millis) throws InterruptedException {
        sleep(Duration.ofMillis(millis));
    }

    /** {@link LockSupport#parkNanos(long)}. */
    public static void parkNanos(long nanos) {
        Thread thread = Thread.currentThread();
        Simulation simulation = simulation();
        Simulation.Alarm alarm = simulation.after(nanos, simulation.running(), () -> LockSupport.unpark(thread));
        LockSupport.park();
        alarm.cancel();
    }

    /** {@link LockSupport#parkNanos(Object, long)}. */
    public static void parkNanos(Object blocker, long nanos) {
        parkNanos(nanos);
    }

    private interface Wait {
        void run() throws InterruptedException;
    }

    /** Ends an untimed wait by an interrupt when its time is over; whether that was so. */
    private static boolean timedOut(long nanos, Wait wait) throws InterruptedException {
        Thread thread = Thread.currentThread();
        Simulation simulation = simulation();
        boolean[] over = {false};
        Simulation.Alarm alarm = simulation.after(nanos, simulation.running(), () -> {
            over[0] = true;
            thread.interrupt();
        });
        try {
            wait.run();
        } catch (InterruptedException e) {
            if (!over[0]) {
                throw e;
            }
        } finally {
            alarm.cancel();
            if (over[0]) {
                Thread.interrupted();
            }
        }
        return over[0];
    }

    /** {@link Condition#awaitNanos(long)}. */
    public static long awaitNanos(Condition condition, long nanos) throws InterruptedException {
        long until = nanoTime() + nanos;
        timedOut(nanos, condition::await);
        return until - nanoTime();
    }

    /** {@link Condition#await(long, TimeUnit)}. */
    public static boolean await(Condition condition, long length, TimeUnit unit) throws InterruptedException {
        return !timedOut(unit.toNanos(length), condition::await);
    }

    /** {@link CountDownLatch#await(long, TimeUnit)}. */
    public static boolean await(CountDownLatch latch, long length, TimeUnit unit) throws InterruptedException {
        timedOut(unit.toNanos(length), latch::await);
        return latch.getCount() == 0;
    }

    /** {@link FutureTask#get(long, TimeUnit)}. */
    public static @Nullable Object get(FutureTask<?> future, long length, TimeUnit unit)
            throws InterruptedException, ExecutionException, TimeoutException {
        return getInTime(future, length, unit);
    }

    /** {@link CompletableFuture#get(long, TimeUnit)}. */
    public static @Nullable Object get(CompletableFuture<?> future, long length, TimeUnit unit)
            throws InterruptedException, ExecutionException, TimeoutException {
        return getInTime(future, length, unit);
    }

    private static @Nullable Object getInTime(Future<?> future, long length, TimeUnit unit)
            throws InterruptedException, ExecutionException, TimeoutException {
        if (!future.isDone() && simulation().isRunning()) {
            timedOut(unit.toNanos(length), () -> {
                try {
                    future.get();
                } catch (ExecutionException told) {
                    // Once more below.
                }
            });
        }
        if (!future.isDone()) {
            throw new TimeoutException();
        }
        return future.get();
    }

    /** {@link Thread#start()}: a platform thread becomes one of the process. */
    public static void start(Thread thread) {
        Simulation simulation = simulation();
        if (thread.isVirtual()) {
            thread.start();
        } else if (simulation.isRunning()) {
            simulation.running().thread(thread.getName(), thread::run).start();
        } else {
            thread.run();
        }
    }

    /** {@link ReentrantLock#lock()}. */
    public static void lock(ReentrantLock lock) {
        Simulation simulation = simulation();
        if (simulation.isRunning() && simulation.oneIn(YIELDS)) {
            Thread.yield();
        }
        lock.lock();
    }

    /** {@link Thread#startVirtualThread(Runnable)}. */
    public static Thread startVirtualThread(Runnable body) {
        return new SimulatedThreads().start(body);
    }

    /** {@link Thread#ofPlatform()} and {@link Thread#ofVirtual()}. */
    public static SimulatedThreads threads() {
        return new SimulatedThreads();
    }

    /** {@link java.util.concurrent.Executors#newSingleThreadScheduledExecutor(ThreadFactory)}. */
    public static ScheduledExecutorService timer(ThreadFactory factory) {
        return new SimulatedTimer(simulation(), simulation().running());
    }

    /** {@link java.util.concurrent.ThreadLocalRandom#current()}. */
    public static RandomGenerator random() {
        return simulation().random;
    }

    /** A seed where the code would let the JDK choose one. */
    public static long seed() {
        return simulation().random.nextLong();
    }

    /** {@link HttpClient.Builder#build()}: the only HTTP of a simulated worker is the schema registry's. */
    public static HttpClient http(HttpClient.Builder builder) {
        return new SimulatedRegistry();
    }
}
