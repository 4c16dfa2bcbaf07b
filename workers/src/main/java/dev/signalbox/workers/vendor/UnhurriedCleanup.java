package dev.signalbox.workers.vendor;

import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import okhttp3.ConnectionPool;
import okhttp3.internal.concurrent.TaskRunner;
import okhttp3.internal.connection.ConnectionListener;

/**
 * Lets connection pools look for connections to close once a second at most. By itself the client does so each time that
 * any connection becomes idle, that is after each call: it wakes a thread, which walks over all connections; with 64
 * calls at once that was a tenth of the worker's CPU. The client has no public word for it.
 */
final class UnhurriedCleanup implements TaskRunner.Backend {
    private static final long PERIOD_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final TaskRunner.RealBackend threads = new TaskRunner.RealBackend(
            Thread.ofPlatform().daemon().name("signalbox-connections").factory());

    private UnhurriedCleanup() {
    }

    /** Looks after any number of pools, on a thread that ends while there is nothing to look after. */
    static TaskRunner runner() {
        return new TaskRunner(new UnhurriedCleanup(), TaskRunner.Companion.getLogger());
    }

    /**
     * @param runner of {@link #runner}
     * @param idle how many connections are kept for {@code idleTime} though no call uses them
     * @param listener is told of the pool's connections
     */
    static ConnectionPool pool(TaskRunner runner, int idle, Duration idleTime, ConnectionListener listener) {
        return new ConnectionPool(idle, idleTime.toMillis(), TimeUnit.MILLISECONDS, runner, listener);
    }

    @Override
    public long nanoTime() {
        return threads.nanoTime();
    }

    /** Whoever waits looks by himself soon. */
    @Override
    public void coordinatorNotify(TaskRunner runner) {
    }

    @Override
    public void coordinatorWait(TaskRunner runner, long nanos) {
        try {
            threads.coordinatorWait(runner, Math.min(nanos, PERIOD_NANOS));
        } catch (InterruptedException e) {
            throw new IllegalStateException("nobody interrupts it", e);
        }
    }

    @Override
    public <T> BlockingQueue<T> decorate(BlockingQueue<T> queue) {
        return threads.decorate(queue);
    }

    @Override
    public void execute(TaskRunner runner, Runnable task) {
        threads.execute(runner, task);
    }
}
