package dev.signalbox.cli.batch;

import dev.signalbox.schemas.avro.LlmReply;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The requests that were sent and have not ended, and the ends that wait for the journal. Bounded by the window: no more
 * than that many are sent ahead, and each brings at most two ends (a reply beside a failed send).
 */
final class Outstanding {
    /**
     * A request on its way.
     *
     * @param line of the input
     * @param retry how often it was retried before
     * @param cost estimate; zero where no price is known
     */
    record Pending(int line, String customId, int retry, BigDecimal cost) {
    }

    /** How a request ended: with a reply, or with the reason why none comes. */
    record End(String requestId, @Nullable LlmReply reply, @Nullable Throwable trouble) {
    }

    private final Semaphore window;
    private final Map<String, Pending> pending = new ConcurrentHashMap<>();
    private final BlockingQueue<End> ends;
    private BigDecimal cost = BigDecimal.ZERO;

    Outstanding(int window) {
        this.window = new Semaphore(window);
        this.ends = new ArrayBlockingQueue<>(2 * window);
    }

    /** Waits for room; false if there was none in that time. */
    boolean awaitRoom(long millis) throws InterruptedException {
        return window.tryAcquire(millis, TimeUnit.MILLISECONDS);
    }

    /** Gives back the room of a line that was not sent after all. */
    void giveRoomBack() {
        window.release();
    }

    /** Call it with room, and before the request is sent. */
    void add(String requestId, Pending request) {
        synchronized (this) {
            cost = cost.add(request.cost());
        }
        pending.put(requestId, request);
    }

    void ended(String requestId, @Nullable LlmReply reply, @Nullable Throwable trouble) {
        if (pending.containsKey(requestId)) {
            ends.add(new End(requestId, reply, trouble));
        }
    }

    /** The ends so far; waits for one a little. */
    List<End> takeEnds(long millis) throws InterruptedException {
        List<End> taken = new ArrayList<>();
        End first = ends.poll(millis, TimeUnit.MILLISECONDS);
        if (first != null) {
            taken.add(first);
            ends.drainTo(taken);
        }
        return taken;
    }

    /** Forgets a request that ended and makes room; null if it had ended before. */
    @Nullable
    Pending remove(String requestId) {
        Pending request = pending.remove(requestId);
        if (request != null) {
            synchronized (this) {
                cost = cost.subtract(request.cost());
            }
            window.release();
            synchronized (pending) {
                pending.notifyAll();
            }
        }
        return request;
    }

    /** Waits until a request ends, or that long. */
    void awaitChange(long millis) throws InterruptedException {
        synchronized (pending) {
            if (!pending.isEmpty()) {
                pending.wait(millis);
            }
        }
    }

    int size() {
        return pending.size();
    }

    boolean isEmpty() {
        return pending.isEmpty();
    }

    /** Estimate of what the requests on their way will cost. */
    synchronized BigDecimal cost() {
        return cost;
    }
}
