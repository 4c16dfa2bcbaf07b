package dev.signalbox.workers;

import dev.signalbox.config.Deployment;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.workers.router.CallAsk;
import dev.signalbox.workers.router.CallLesson;
import dev.signalbox.workers.router.CallUse;
import dev.signalbox.workers.router.Candidate;
import dev.signalbox.workers.router.LimitsView;
import dev.signalbox.workers.router.Permit;
import dev.signalbox.workers.router.PermitDesk;
import dev.signalbox.workers.router.PermitDesk.Answer;
import dev.signalbox.workers.router.RouteDecision.Routed;
import dev.signalbox.workers.router.RouteDecision.Unroutable;
import dev.signalbox.workers.router.RoutingQuery;
import dev.signalbox.workers.router.VendorSignals;
import dev.signalbox.workers.router.Waiter;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The permit desk at work: requests wait here, each on its own virtual thread and slot, until a permit is theirs.
 *
 * <p>INVARIANT: the lock guards the desk and is held for model steps only. Waiting requests are at most as many as the
 * pools' slots; each is woken when a call ends that it waited for, when a limit's window lapses, and at least each
 * {@value #LONGEST_SLEEP_NANOS} ns, and never waits past its deadline.
 */
final class Permits {
    private static final long LONGEST_SLEEP_NANOS = 1_000_000_000L;

    private final PermitDesk desk;
    private final LongSupplier nanos;
    private final ReentrantLock lock = new ReentrantLock();

    /** @param nanos a monotonic clock */
    Permits(PermitDesk desk, LongSupplier nanos) {
        this.desk = desk;
        this.nanos = nanos;
    }

    /** How asking for a permit ended. */
    sealed interface Acquired {
        record Granted(Permit permit, Routed routed, Candidate candidate) implements Acquired {
        }

        record OutOfBudget(Routed routed) implements Acquired {
        }

        record Nowhere(Unroutable unroutable) implements Acquired {
        }

        /** The request's time is up. */
        record TimeUp() implements Acquired {
        }

        /** The thread was interrupted. */
        record Stopped() implements Acquired {
        }
    }

    private static final class Parked extends Waiter {
        private final Condition wake;

        Parked(Condition wake) {
            this.wake = wake;
        }
    }

    /** Blocks until a permit is had, or none is to be had before the deadline. */
    Acquired acquire(RoutingQuery query, CallAsk ask, long deadlineNanos) {
        Parked parked = null;
        lock.lock();
        try {
            while (true) {
                long now = nanos.getAsLong();
                if (deadlineNanos - now <= 0) {
                    return new Acquired.TimeUp();
                }
                switch (desk.ask(query, ask, parked, now)) {
                    case Answer.Granted(Permit permit, Routed routed, Candidate candidate) -> {
                        return new Acquired.Granted(permit, routed, candidate);
                    }
                    case Answer.OutOfBudget(Routed routed) -> {
                        return new Acquired.OutOfBudget(routed);
                    }
                    case Answer.Nowhere(Unroutable unroutable) -> {
                        return new Acquired.Nowhere(unroutable);
                    }
                    case Answer.Busy(Routed routed, long untilNanos) -> {
                        if (parked == null) {
                            parked = new Parked(lock.newCondition());
                        }
                        desk.enqueue(parked, routed, query.pool());
                        long until = untilNanos == Long.MAX_VALUE ? LONGEST_SLEEP_NANOS : untilNanos - now;
                        var _ = parked.wake
                                .awaitNanos(Math.clamp(until, 1, Math.min(LONGEST_SLEEP_NANOS, deadlineNanos - now)));
                    }
                }
            }
        } catch (InterruptedException stopping) {
            Thread.currentThread().interrupt();
            return new Acquired.Stopped();
        } finally {
            leave(parked);
            lock.unlock();
        }
    }

    private void leave(@Nullable Parked parked) {
        if (parked != null) {
            wake(desk.leave(parked));
        }
    }

    private static void wake(List<Waiter> waiters) {
        for (Waiter waiter : waiters) {
            ((Parked) waiter).wake.signal();
        }
    }

    /** The permit's call has ended; exactly once a permit. */
    void ended(Permit permit, CallUse use, CallLesson lesson) {
        long now = nanos.getAsLong();
        lock.lock();
        try {
            wake(desk.ended(permit, use, lesson, now));
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

    boolean servesOthers(Permit permit) {
        long now = nanos.getAsLong();
        lock.lock();
        try {
            return desk.servesOthers(permit, now);
        } finally {
            lock.unlock();
        }
    }

    /** @param part of a pool's capacity that this worker may use, 0 to 1 */
    void share(PoolName pool, double part) {
        lock.lock();
        try {
            desk.share(pool, part);
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

    int waiting(Deployment deployment, PoolName pool) {
        lock.lock();
        try {
            return desk.waiting(deployment, pool);
        } finally {
            lock.unlock();
        }
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
