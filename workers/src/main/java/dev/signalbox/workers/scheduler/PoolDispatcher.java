package dev.signalbox.workers.scheduler;

import dev.signalbox.schemas.Priority;
import dev.signalbox.workers.intake.FleetClock;
import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.intake.RequestSink;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.ToLongFunction;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A pool's scheduler at work: whoever offers a request or finishes one steps the model and starts the virtual threads of
 * what it dispatches, so no thread of its own stands between arrival and call.
 *
 * <p>INVARIANT: the lock guards the model and is held for model steps only, never while a request runs or a thread starts.
 * Threads are bounded by the model's slots.
 */
public final class PoolDispatcher implements RequestSink {
    private static final Logger LOG = LoggerFactory.getLogger(PoolDispatcher.class);

    private final String name;
    private final PoolScheduler model;
    private final RequestRunner runner;
    private final ToLongFunction<InboundRequest> costUnits;
    private final FleetClock clock;
    private final ReentrantLock lock = new ReentrantLock();
    private final EnumMap<Priority, Condition> room = new EnumMap<>(Priority.class);
    private final Condition idle = lock.newCondition();
    private boolean stopped;
    private int running;
    private long forgotten;

    /**
     * @param name the pool's, for thread names
     * @param model used by this dispatcher alone
     * @param costUnits a request's expected cost, see {@link RequestCost}
     */
    public PoolDispatcher(String name, PoolScheduler model, RequestRunner runner,
            ToLongFunction<InboundRequest> costUnits, FleetClock clock) {
        this.name = name;
        this.model = model;
        this.runner = runner;
        this.costUnits = costUnits;
        this.clock = clock;
        for (Priority priority : Priority.values()) {
            room.put(priority, lock.newCondition());
        }
    }

    /** Takes a request, waiting for room in its priority's queue. After {@link #stop} it only waits to be forgotten. */
    @Override
    public void offer(InboundRequest request) {
        long cost = costUnits.applyAsLong(request);
        long now = clock.nowMillis();
        List<Dispatch> dispatched;
        lock.lock();
        try {
            while (model.offer(request, cost, now) == PoolScheduler.Offer.FULL) {
                room(request.lane().priority()).awaitUninterruptibly();
            }
            dispatched = dispatchable(now);
        } finally {
            lock.unlock();
        }
        dispatched.forEach(this::launch);
    }

    @Override
    public void forget(TopicPartition partition, int epoch) {
        lock.lock();
        try {
            forgotten += model.forget(partition, epoch);
            room.values().forEach(Condition::signalAll);
        } finally {
            lock.unlock();
        }
    }

    /** Starts nothing more; what runs goes on. */
    public void stop() {
        lock.lock();
        try {
            stopped = true;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits until nothing runs.
     *
     * @return whether that was so within the limit
     */
    public boolean awaitIdle(Duration limit) throws InterruptedException {
        long nanos = limit.toNanos();
        lock.lock();
        try {
            while (running > 0) {
                if (nanos <= 0) {
                    return false;
                }
                nanos = idle.awaitNanos(nanos);
            }
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** What the model holds now. */
    public SchedulerStatus status() {
        lock.lock();
        try {
            return model.status();
        } finally {
            lock.unlock();
        }
    }

    /** Waiting requests dropped since the start because their partition moved. */
    public long forgottenRequests() {
        lock.lock();
        try {
            return forgotten;
        } finally {
            lock.unlock();
        }
    }

    private List<Dispatch> dispatchable(long now) {
        List<Dispatch> dispatched = List.of();
        while (!stopped) {
            Optional<Dispatch> next = model.next(now);
            if (next.isEmpty()) {
                break;
            }
            if (dispatched.isEmpty()) {
                dispatched = new ArrayList<>(1);
            }
            dispatched.add(next.get());
            running++;
            room(next.get().request().lane().priority()).signal();
        }
        return dispatched;
    }

    private void launch(Dispatch dispatch) {
        Thread.ofVirtual().name(name + "/" + dispatch.request().id()).start(() -> serve(dispatch));
    }

    private void serve(Dispatch dispatch) {
        try {
            runner.run(dispatch.request());
        } catch (RuntimeException | Error e) {
            LOG.error("request {} ended by a defect; its record stays incomplete", dispatch.request().id(), e);
        } finally {
            finish(dispatch);
        }
    }

    private void finish(Dispatch dispatch) {
        long now = clock.nowMillis();
        List<Dispatch> dispatched;
        lock.lock();
        try {
            model.finished(dispatch, dispatch.costUnits());
            running--;
            dispatched = dispatchable(now);
            if (running == 0) {
                idle.signalAll();
            }
        } finally {
            lock.unlock();
        }
        dispatched.forEach(this::launch);
    }

    private Condition room(Priority priority) {
        Condition condition = room.get(priority);
        if (condition == null) {
            throw new IllegalStateException("all priorities have one");
        }
        return condition;
    }
}
