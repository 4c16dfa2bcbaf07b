package dev.signalbox.workers;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.Deployment;
import dev.signalbox.config.DeploymentName;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.workers.capacity.CapacityUse;
import dev.signalbox.workers.capacity.Lease;
import dev.signalbox.workers.router.CallAsk;
import dev.signalbox.workers.router.CallLesson;
import dev.signalbox.workers.router.CallUse;
import dev.signalbox.workers.router.Candidate;
import dev.signalbox.workers.router.FleetView;
import dev.signalbox.workers.router.LimitsView;
import dev.signalbox.workers.router.OperatorOrder;
import dev.signalbox.workers.router.Permit;
import dev.signalbox.workers.router.PermitDesk;
import dev.signalbox.workers.router.ProbeVerdict;
import dev.signalbox.workers.router.Router;
import dev.signalbox.workers.router.RoutingQuery;
import dev.signalbox.workers.router.VendorSignals;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The permit desk at work. Nobody waits here for room: who is refused is told where, and who frees room tells those who wait for
 * it, the schedulers of the pools. Only a call that probes waits for its turn, a moment.
 *
 * <p>INVARIANT: the lock guards the desk and is held for model steps only; listeners are told after it is released.
 */
final class Permits {
    private final PermitDesk desk;
    private final LongSupplier nanos;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition toldSomething = lock.newCondition();
    private final List<RoomListener> listeners = new CopyOnWriteArrayList<>();
    private final AtomicInteger turn = new AtomicInteger();

    /** Who waits for room. Told on the thread that freed it; takes no longer than a few model steps. */
    interface RoomListener {
        /** Whose requests they are. */
        PoolName pool();

        /** Requests that wait for room there, among others perhaps. */
        int waiting(DeploymentName deployment);

        /** Calls that its pool could start now. */
        int freeSlots();

        /** A call has ended there. */
        void freed(DeploymentName deployment);

        /** Limits have changed. */
        void freed();
    }

    /** @param nanos a monotonic clock */
    Permits(PermitDesk desk, LongSupplier nanos) {
        this.desk = desk;
        this.nanos = nanos;
    }

    void listen(RoomListener listener) {
        listeners.add(listener);
    }

    void forget(RoomListener listener) {
        listeners.remove(listener);
    }

    /** The routes by the present configuration. */
    Router router() {
        lock.lock();
        try {
            return desk.router();
        } finally {
            lock.unlock();
        }
    }

    /** Another configuration from now on, see {@link PermitDesk#become}; its routes. Who waits hears of it by {@link #changed}. */
    Router become(Configuration configuration) {
        long now = nanos.getAsLong();
        lock.lock();
        try {
            desk.become(configuration, now);
            return desk.router();
        } finally {
            lock.unlock();
        }
    }

    /** Whoever waits should ask again. */
    void changed() {
        listeners.forEach(RoomListener::freed);
    }

    /** Takes a permit for a request's next call by these routes, or says why there is none; a permit must be {@link #ended}. */
    PermitDesk.Answer ask(Router router, RoutingQuery query, CallAsk ask) {
        lock.lock();
        try {
            return desk.ask(router, query, ask, null, nanos.getAsLong());
        } finally {
            lock.unlock();
        }
    }

    /** As {@link PermitDesk#askForHedge}: never against requests that wait. */
    PermitDesk.Answer askForHedge(Router router, RoutingQuery query, CallAsk ask, Candidate beside) {
        lock.lock();
        try {
            return desk.askForHedge(router, query, ask, beside, this::isAwaited, nanos.getAsLong());
        } finally {
            lock.unlock();
        }
    }

    private boolean isAwaited(DeploymentName deployment) {
        return listeners.stream().anyMatch(listener -> listener.waiting(deployment) > 0);
    }

    /** The permit's call has ended; exactly once a permit. */
    void ended(Permit permit, CallUse use, CallLesson lesson) {
        long now = nanos.getAsLong();
        lock.lock();
        try {
            var _ = desk.ended(permit, use, lesson, now);
        } finally {
            lock.unlock();
        }
        freed(permit.deployment().name());
    }

    /** Where pools share a deployment without parts of their own, each is the first to hear of its room in turn. */
    private void freed(DeploymentName deployment) {
        int size = listeners.size();
        int first = size < 2 ? 0 : Math.floorMod(turn.getAndIncrement(), size);
        for (int i = 0; i < size; i++) {
            listeners.get((first + i) % size).freed(deployment);
        }
    }

    /**
     * Whether the permit's call may be made now. One that tries a deployment for the whole fleet may in this worker's turn only; a turn
     * that is nobody's is claimed, and the dispatcher's word waited for. Blocking, but no longer than that; false as well when this
     * thread is interrupted, which it stays.
     *
     * @param claim tells the dispatcher
     */
    boolean takesTurn(Permit permit, Runnable claim, Duration patience) {
        if (!permit.isTrial()) {
            return true;
        }
        return switch (turn(permit)) {
            case MAY_CALL -> true;
            case MAY_NOT -> false;
            case MUST_CLAIM -> {
                claim.run();
                yield isNamed(permit, patience);
            }
        };
    }

    private ProbeVerdict turn(Permit permit) {
        lock.lock();
        try {
            return desk.takeTurn(permit, nanos.getAsLong());
        } finally {
            lock.unlock();
        }
    }

    private boolean isNamed(Permit permit, Duration patience) {
        lock.lock();
        try {
            long leftNanos = patience.toNanos();
            ProbeVerdict turn = desk.takeTurn(permit, nanos.getAsLong());
            while (turn == ProbeVerdict.MUST_CLAIM && leftNanos > 0) {
                leftNanos = toldSomething.awaitNanos(leftNanos);
                turn = desk.takeTurn(permit, nanos.getAsLong());
            }
            return turn == ProbeVerdict.MAY_CALL;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } finally {
            lock.unlock();
        }
    }

    /** The call's request is written. */
    void sent(Permit permit) {
        long now = nanos.getAsLong();
        lock.lock();
        try {
            desk.sent(permit, now);
        } finally {
            lock.unlock();
        }
    }

    /** The head of the call's response has come. */
    void responded(Permit permit, Optional<VendorSignals> signals) {
        long now = nanos.getAsLong();
        lock.lock();
        try {
            desk.responded(permit, signals, now);
        } finally {
            lock.unlock();
        }
    }

    /** So many more of the call's output tokens have come. */
    void given(Permit permit, long tokens) {
        long now = nanos.getAsLong();
        lock.lock();
        try {
            desk.given(permit, tokens, now);
        } finally {
            lock.unlock();
        }
    }

    /** @param afterNanos from the call's start */
    void firstToken(Permit permit, long afterNanos) {
        long now = nanos.getAsLong();
        lock.lock();
        try {
            desk.firstToken(permit, afterNanos, now);
        } finally {
            lock.unlock();
        }
    }

    /** Its first token had not come so long after the call's start. */
    void firstTokenLate(Permit permit, long afterNanos) {
        long now = nanos.getAsLong();
        lock.lock();
        try {
            desk.firstTokenLate(permit, afterNanos, now);
        } finally {
            lock.unlock();
        }
    }

    boolean servesOthers(Permit permit) {
        long now = nanos.getAsLong();
        lock.lock();
        try {
            return desk.servesOthers(permit, now);
        } finally {
            lock.unlock();
        }
    }

    /** @param part of a pool's partitions that this worker owns, 0 to 1 */
    void share(PoolName pool, double part) {
        lock.lock();
        try {
            desk.share(pool, part);
        } finally {
            lock.unlock();
        }
        listeners.forEach(RoomListener::freed);
    }

    /** The dispatcher told of a deployment of the configuration. */
    void told(DeploymentName deployment, FleetView view) {
        long now = nanos.getAsLong();
        boolean changed;
        lock.lock();
        try {
            changed = desk.told(deployment, view, now);
            toldSomething.signalAll();
        } finally {
            lock.unlock();
        }
        if (changed) {
            listeners.forEach(RoomListener::freed);
        }
    }

    /** An operator ordered something for a deployment of the configuration; null: nothing any more. */
    void order(DeploymentName deployment, @Nullable OperatorOrder order) {
        long now = nanos.getAsLong();
        boolean changed;
        lock.lock();
        try {
            changed = desk.order(deployment, order, now);
        } finally {
            lock.unlock();
        }
        if (changed) {
            listeners.forEach(RoomListener::freed);
        }
    }

    /** What this worker holds, uses and wants of a deployment. */
    CapacityUse capacity(DeploymentName deployment) {
        Map<PoolName, Integer> waiting = new HashMap<>();
        for (RoomListener listener : listeners) {
            int waits = listener.waiting(deployment);
            // Beyond its slots it could not call; one more, since a slot may be free before this is heard.
            waiting.merge(listener.pool(), Math.min(waits, Math.max(1, listener.freeSlots())), Integer::sum);
        }
        long now = nanos.getAsLong();
        lock.lock();
        try {
            return desk.capacity(deployment, waiting, now);
        } finally {
            lock.unlock();
        }
    }

    /** A demand of a deployment of the configuration is sent now; its number. */
    long demanded(DeploymentName deployment) {
        long now = nanos.getAsLong();
        lock.lock();
        try {
            return desk.demanded(deployment, now);
        } finally {
            lock.unlock();
        }
    }

    /** The dispatcher granted this worker that; as {@link PermitDesk#granted(DeploymentName, Lease, Map, long)}. */
    boolean granted(DeploymentName deployment, Lease lease, Map<String, CapacityUse.Granted> byPool) {
        long now = nanos.getAsLong();
        boolean counts;
        lock.lock();
        try {
            counts = desk.granted(deployment, lease, byPool, now);
        } finally {
            lock.unlock();
        }
        if (counts) {
            freed(deployment);
        }
        return counts;
    }

    /** The dispatcher granted another worker that, so long ago. */
    void grantedElsewhere(DeploymentName deployment, Lease lease, long ageNanos) {
        long now = nanos.getAsLong();
        lock.lock();
        try {
            desk.grantedElsewhere(deployment, lease, now - ageNanos, now);
        } finally {
            lock.unlock();
        }
    }

    /** What a pool's lease gives it. */
    CapacityUse.Granted leased(Deployment deployment, PoolName pool) {
        long now = nanos.getAsLong();
        lock.lock();
        try {
            return desk.granted(deployment, pool, now);
        } finally {
            lock.unlock();
        }
    }

    /** Calls of a pool that run on another one's capacity. */
    int borrowed(Deployment deployment, PoolName pool, PoolName lender) {
        lock.lock();
        try {
            return desk.borrowed(deployment, pool, lender);
        } finally {
            lock.unlock();
        }
    }

    LimitsView limits(Deployment deployment, PoolName pool) {
        long now = nanos.getAsLong();
        lock.lock();
        try {
            return desk.limits(deployment, pool, now);
        } finally {
            lock.unlock();
        }
    }

    /** Requests that wait for room there: of that pool, or of all where the deployment names none. */
    int waiting(Deployment deployment, PoolName pool) {
        return listeners.stream().filter(listener -> deployment.poolShares().isEmpty() || listener.pool().equals(pool))
                .mapToInt(listener -> listener.waiting(deployment.name())).sum();
    }

    PermitDesk.DeploymentView view(Deployment deployment) {
        long now = nanos.getAsLong();
        lock.lock();
        try {
            return desk.view(deployment, now);
        } finally {
            lock.unlock();
        }
    }
}
