package dev.signalbox.workers.scheduler;

import dev.signalbox.config.DeploymentName;
import dev.signalbox.config.Pool;
import dev.signalbox.schemas.Priority;
import dev.signalbox.workers.capacity.TenantCalls;
import dev.signalbox.workers.intake.FleetClock;
import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.intake.RequestSink;
import dev.signalbox.workers.scheduler.RequestTask.Readiness;
import dev.signalbox.workers.scheduler.RequestTask.Step;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import java.util.function.ToLongFunction;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A pool's scheduler at work: whoever offers a request, ends one, frees a deployment's room or finds a time come steps the
 * model and starts the virtual threads of what it dispatches, so no thread of its own stands between arrival and call. A
 * request that waits has neither thread nor slot.
 *
 * <p>INVARIANT: the lock guards the model and is held for model steps only, which ask for permits ({@link RequestTask#ask})
 * among them; never while a request runs or a thread starts. Threads are bounded by the model's slots,
 * and {@value PoolScheduler#MOST_TOLD} more.
 *
 * <p>No wakeup is lost: who frees room counts {@link #news} and then looks at {@link #awaitsRoom}; who is refused sets
 * {@link #awaitsRoom} and then looks at {@link #news}, so that one of them sees the other.
 */
public final class PoolDispatcher implements RequestSink {
    private static final Logger LOG = LoggerFactory.getLogger(PoolDispatcher.class);

    private final String name;
    private final PoolScheduler model;
    private final RequestTasks tasks;
    private final ToLongFunction<InboundRequest> costUnits;
    private final FleetClock clock;
    private final LongSupplier nanos;
    private final ScheduledExecutorService timer;
    private final ReentrantLock lock = new ReentrantLock();
    private final EnumMap<Priority, Condition> room = new EnumMap<>(Priority.class);
    private final Condition idle = lock.newCondition();
    private final AtomicLong news = new AtomicLong();
    private volatile boolean awaitsRoom;
    private boolean stopped;
    private int running;
    private long forgotten;
    private @Nullable Future<?> alarm;
    private long alarmNanos;

    /**
     * @param name the pool's, for thread names
     * @param model used by this dispatcher alone
     * @param costUnits a request's expected cost, see {@link RequestCost}
     * @param nanos a monotonic clock
     * @param timer starts short tasks at their time; it belongs to the caller
     */
    public PoolDispatcher(String name, PoolScheduler model, RequestTasks tasks,
            ToLongFunction<InboundRequest> costUnits, FleetClock clock, LongSupplier nanos,
            ScheduledExecutorService timer) {
        this.name = name;
        this.model = model;
        this.tasks = tasks;
        this.costUnits = costUnits;
        this.clock = clock;
        this.nanos = nanos;
        this.timer = timer;
        for (Priority priority : Priority.values()) {
            room.put(priority, lock.newCondition());
        }
    }

    /**
     * Takes a request, waiting for room in its priority's queue, or has it answered if it is shed. After {@link #stop} it
     * only waits to be forgotten.
     */
    @Override
    public void offer(InboundRequest request) {
        long cost = costUnits.applyAsLong(request);
        Optional<ShedReceipt> receipt = arrived(request, cost);
        if (receipt.isPresent() && tasks.shed(request, receipt.get())) {
            return;
        }
        RequestTask task = tasks.begin(request);
        List<Dispatch> dispatched;
        lock.lock();
        try {
            while (model.offer(task, cost) == PoolScheduler.Offer.FULL) {
                room(task.request().lane().priority()).awaitUninterruptibly();
            }
            dispatched = dispatchable();
        } finally {
            lock.unlock();
        }
        dispatched.forEach(this::launch);
    }

    private Optional<ShedReceipt> arrived(InboundRequest request, long cost) {
        lock.lock();
        try {
            return stopped ? Optional.empty() : model.arrived(request, cost, clock.nowMillis(), nanos.getAsLong());
        } finally {
            lock.unlock();
        }
    }

    /** A call has ended at that deployment, or else there may be room. */
    public void freed(DeploymentName deployment) {
        news.incrementAndGet();
        if (awaitsRoom) {
            step(() -> model.freed(deployment));
        }
    }

    /** There may be room at any deployment. */
    public void freed() {
        news.incrementAndGet();
        if (awaitsRoom) {
            step(model::freed);
        }
    }

    /** What is picked of the waiting requests is asked before all others, wherever it waits or pauses. */
    public void hasten(Predicate<InboundRequest> picked) {
        step(() -> model.hasten(picked));
    }

    private void step(Runnable change) {
        List<Dispatch> dispatched;
        lock.lock();
        try {
            change.run();
            dispatched = dispatchable();
        } finally {
            lock.unlock();
        }
        dispatched.forEach(this::launch);
    }

    /** As {@link PoolScheduler#reweigh}. */
    public void reweigh(Map<Priority, Pool.PriorityShare> shares) {
        step(() -> model.reweigh(shares));
    }

    /** @param part of the tenants' limits that this worker may use, 0 to 1 */
    public void share(double part) {
        step(() -> model.share(part));
    }

    /** What this worker served its tenants, as far as it is to be told now. */
    public List<TenantUse> tenantUse() {
        lock.lock();
        try {
            return model.tenantUse(nanos.getAsLong());
        } finally {
            lock.unlock();
        }
    }

    /** As {@link PoolScheduler#tenantCalls}. */
    public List<TenantCalls> tenantCalls() {
        lock.lock();
        try {
            return model.tenantCalls(nanos.getAsLong());
        } finally {
            lock.unlock();
        }
    }

    /** More calls of a tenant may run, perhaps. */
    public void leased(String tenant) {
        step(() -> model.leased(tenant));
    }

    /** What other workers served tenants, and what those use in the whole fleet; see {@link PoolScheduler#elsewhere}. */
    public void elsewhere(List<ServedElsewhere.Served> served, List<ServedElsewhere.FleetUse> uses) {
        step(() -> model.elsewhere(served, uses, nanos.getAsLong()));
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

    /** Starts nothing more; what runs goes on, until it would have to wait. */
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
        long left = limit.toNanos();
        lock.lock();
        try {
            while (running > 0) {
                if (left <= 0) {
                    return false;
                }
                left = idle.awaitNanos(left);
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

    /** Requests that wait for room at a deployment, among others perhaps. */
    public int waiting(DeploymentName deployment) {
        lock.lock();
        try {
            return model.waiting(deployment);
        } finally {
            lock.unlock();
        }
    }

    /** Requests of a route that wait. */
    public int waiting(String route) {
        lock.lock();
        try {
            return model.waiting(route);
        } finally {
            lock.unlock();
        }
    }

    /** As {@link PoolScheduler#park}; whoever is given them offers them again, or has them completed. */
    public List<PoolScheduler.Parked> park(Priority priority, RouteShare share, Set<String> all, int most) {
        if (!awaitsRoom) {
            return List.of();
        }
        lock.lock();
        try {
            List<PoolScheduler.Parked> parked = stopped
                    ? List.of()
                    : model.park(priority, share, all, most, clock.nowMillis(), nanos.getAsLong());
            if (!parked.isEmpty()) {
                room(priority).signalAll();
            }
            return parked;
        } finally {
            lock.unlock();
        }
    }

    /** As {@link PoolScheduler#hasRoom(Priority, String, RouteShare)}. */
    public boolean hasRoom(Priority priority, String route, RouteShare share) {
        if (!awaitsRoom) {
            return true;
        }
        lock.lock();
        try {
            return model.hasRoom(priority, route, share);
        } finally {
            lock.unlock();
        }
    }

    /** As {@link PoolScheduler#waiting(Priority, String, String)}. */
    public int waiting(Priority priority, String route, String tenant) {
        lock.lock();
        try {
            return model.waiting(priority, route, tenant);
        } finally {
            lock.unlock();
        }
    }

    /** As {@link PoolScheduler#few}. */
    public int few(Priority priority, String route, RouteShare share) {
        lock.lock();
        try {
            return model.few(priority, route, share);
        } finally {
            lock.unlock();
        }
    }

    /** As {@link PoolScheduler#isOpen}. */
    public boolean isOpen(Priority priority, String route) {
        if (!awaitsRoom) {
            return true;
        }
        lock.lock();
        try {
            return model.isOpen(priority, route);
        } finally {
            lock.unlock();
        }
    }

    /** As {@link PoolScheduler#crowd}. */
    public Crowd crowd(Priority priority, String tenant) {
        lock.lock();
        try {
            return model.crowd(priority, tenant);
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

    private List<Dispatch> dispatchable() {
        if (stopped) {
            return List.of();
        }
        long nowMillis = clock.nowMillis();
        long nowNanos = nanos.getAsLong();
        List<Dispatch> dispatched = List.of();
        for (Optional<Dispatch> next = model.next(this::ask, nowMillis, nowNanos); next
                .isPresent(); next = model.next(this::ask, nowMillis, nowNanos)) {
            if (dispatched.isEmpty()) {
                dispatched = new ArrayList<>(1);
            }
            dispatched.add(next.get());
            running++;
            room(next.get().request().lane().priority()).signal();
        }
        awaitsRoom = model.awaitsRoom();
        setAlarm(nowMillis, nowNanos);
        return dispatched;
    }

    private Readiness ask(RequestTask task) {
        while (true) {
            long before = news.get();
            Readiness answer = task.ask();
            if (answer instanceof Readiness.Ready) {
                return answer;
            }
            awaitsRoom = true;
            if (news.get() == before) {
                return answer;
            }
        }
    }

    /** One alarm at most, at the first time that the model waits for. */
    private void setAlarm(long nowMillis, long nowNanos) {
        OptionalLong due = model.dueNanos(nowMillis, nowNanos);
        if (due.isEmpty() || (alarm != null && alarmNanos - due.getAsLong() <= 0)) {
            return;
        }
        if (alarm != null) {
            alarm.cancel(false);
        }
        alarmNanos = due.getAsLong();
        alarm = timer.schedule(() -> Thread.startVirtualThread(() -> step(() -> alarm = null)), alarmNanos - nowNanos,
                TimeUnit.NANOSECONDS);
    }

    private void launch(Dispatch dispatch) {
        Thread.ofVirtual().name(name + "/" + dispatch.request().id()).start(() -> serve(dispatch));
    }

    private void serve(Dispatch dispatch) {
        Step step = Step.ENDED;
        do {
            try {
                step = dispatch.task().run();
            } catch (RuntimeException | Error e) {
                LOG.error("request {} ended by a defect; its record stays incomplete", dispatch.request().id(), e);
                step = Step.ENDED;
            }
        } while (goesOn(dispatch, step));
    }

    /** Whether it keeps its slot for the next step; else the slot is free. */
    private boolean goesOn(Dispatch dispatch, Step step) {
        List<Dispatch> dispatched;
        lock.lock();
        try {
            switch (step) {
                case Step.Ended ended ->
                    model.finished(dispatch, dispatch.spentCostUnits(), nanos.getAsLong());
                case Step.Again(Duration pause) when pause.isZero() && model.mayAsk(dispatch) -> {
                    switch (ask(dispatch.task())) {
                        case Readiness.Ready ready -> {
                            return true;
                        }
                        case Readiness.Busy busy -> model.refused(dispatch, busy, nanos.getAsLong());
                    }
                }
                case Step.Again(Duration pause) -> model.again(dispatch, pause, nanos.getAsLong());
            }
            running--;
            dispatched = dispatchable();
            if (running == 0) {
                idle.signalAll();
            }
        } finally {
            lock.unlock();
        }
        dispatched.forEach(this::launch);
        return false;
    }

    private Condition room(Priority priority) {
        Condition condition = room.get(priority);
        if (condition == null) {
            throw new IllegalStateException("all priorities have one");
        }
        return condition;
    }
}
