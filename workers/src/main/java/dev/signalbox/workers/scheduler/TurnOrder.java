package dev.signalbox.workers.scheduler;

import dev.signalbox.workers.scheduler.Gates.Way;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * In which order a priority's requests go, way by way. Of the tenants on open ways the one with the lowest counter is next,
 * and of its requests the one whose time ends first; tenants that are held stand in no order. Of equal counters, which those
 * have who come and those whose turn it is, the one goes first that began to wait last: who asks for little waits for the next
 * call that ends, not until all others have had one more.
 *
 * <p>A request with less than a quarter of its time left goes before its tenant's turn, as long as that brings the tenant
 * no more than {@value #URGENT_LEAD} cost units (by weight) ahead of the one whose turn it is; or another one of the tenant does
 * that can go and whose time ends before. It is charged as always, so what urgency gives is taken from the tenant's own
 * later turns.
 *
 * <p>Bounds: one queue for each tenant and way that has requests.
 */
final class TurnOrder {
    static final double URGENT_LEAD = 10_000;
    /** Of a way's requests, the earliest so many are looked at for urgency. */
    private static final int URGENT_LOOKS = 8;

    private final Map<Way, OnWay> ways = new HashMap<>();
    /** Those that have requests. */
    private final List<OnWay> active = new ArrayList<>();
    private double turnCounter;

    /** A tenant's requests on one way. */
    static final class Queue {
        private final TenantAccount tenant;
        private final OnWay onWay;
        private final Ordered<Waiting> requests = new Ordered<>();
        /** By a counter that is never above its tenant's, see {@link OnWay#first}. */
        private final Ordered.Place<Queue> place;

        private Queue(TenantAccount tenant, OnWay onWay) {
            this.tenant = tenant;
            this.onWay = onWay;
            this.place = new Ordered.Place<>(this, tenant.turn);
        }
    }

    /** All requests on one way. */
    private static final class OnWay {
        final Way way;
        /** Without those of tenants that are held. */
        final Ordered<Queue> byTenant = new Ordered<>();
        final Ordered<Waiting> byDeadline = new Ordered<>();

        OnWay(Way way) {
            this.way = way;
        }

        void place(Queue queue) {
            byTenant.add(queue.place, queue.tenant.counter());
        }

        /**
         * Of the tenant with the lowest counter. Counters grow with each call, so queues are put where they belong only
         * when they come to the front: those behind have counters that are no lower than they stand for.
         */
        @Nullable
        Queue first() {
            Queue first = byTenant.firstOrNull();
            while (first != null && first.place.key() < first.tenant.counter()) {
                byTenant.move(first.place, first.tenant.counter());
                first = byTenant.firstOrNull();
            }
            return first;
        }
    }

    /** Whether any request can go, as far as is known. */
    boolean hasWork() {
        for (OnWay onWay : active) {
            if (!onWay.byTenant.isEmpty() && onWay.way.isOpen()) {
                return true;
            }
        }
        return false;
    }

    void add(Waiting request, TenantAccount tenant, Way way) {
        OnWay onWay = ways.computeIfAbsent(way, OnWay::new);
        if (onWay.byDeadline.isEmpty()) {
            active.add(onWay);
        }
        Queue queue = queue(tenant, onWay);
        queue.requests.add(request.inTurn, (double) request.expiresAtMillis());
        onWay.byDeadline.add(request.onWay, (double) request.expiresAtMillis());
        request.queue = queue;
        way.waiting++;
    }

    private static Queue queue(TenantAccount tenant, OnWay onWay) {
        for (Queue queue : tenant.queues) {
            if (queue.onWay.equals(onWay)) {
                return queue;
            }
        }
        Queue queue = new Queue(tenant, onWay);
        tenant.queues.add(queue);
        if (!tenant.held) {
            onWay.place(queue);
        }
        return queue;
    }

    /** It stands here no more; its tenant. */
    TenantAccount remove(Waiting request) {
        Queue queue = queueOf(request);
        OnWay onWay = queue.onWay;
        queue.requests.remove(request.inTurn);
        onWay.byDeadline.remove(request.onWay);
        onWay.way.waiting--;
        request.queue = null;
        if (queue.requests.isEmpty()) {
            onWay.byTenant.remove(queue.place);
            queue.tenant.queues.remove(queue);
        }
        if (onWay.byDeadline.isEmpty()) {
            active.remove(onWay);
            if (ways.size() > Gates.MAX_IDLE_WAYS) {
                ways.remove(onWay.way);
            }
        }
        return queue.tenant;
    }

    /** The tenant stands in no order while it is held. */
    static void leave(TenantAccount tenant) {
        tenant.queues.forEach(queue -> queue.onWay.byTenant.remove(queue.place));
    }

    /** It takes its place again, unless it is held. */
    static void join(TenantAccount tenant) {
        if (!tenant.held) {
            tenant.queues.forEach(queue -> queue.onWay.place(queue));
        }
    }

    /** The tenant's counter was lowered, with which it may stand further ahead. */
    static void advance(TenantAccount tenant) {
        if (!tenant.held) {
            for (Queue queue : tenant.queues) {
                if (tenant.counter() < queue.place.key()) {
                    queue.onWay.byTenant.move(queue.place, tenant.counter());
                }
            }
        }
    }

    static TenantAccount tenantOf(Waiting request) {
        return queueOf(request).tenant;
    }

    private static Queue queueOf(Waiting request) {
        if (request.queue == null) {
            throw new IllegalStateException("not in a queue: " + request.request().ticket());
        }
        return request.queue;
    }

    /** The request whose turn it is, which stays where it is; null if none can go. */
    @Nullable
    Waiting first(long nowMillis) {
        Queue best = null;
        for (OnWay onWay : active) {
            Queue queue = onWay.first();
            if (queue != null && onWay.way.isOpen()) {
                best = best == null || isBefore(queue, best) ? queue : best;
            }
        }
        if (best == null) {
            return null;
        }
        turnCounter = best.tenant.counter();
        Waiting urgent = urgent(nowMillis, best.tenant.counter() + URGENT_LEAD);
        return urgent != null ? earliest(urgent) : best.requests.first();
    }

    /** The lowest counter of a tenant that could go when {@link #first} was last asked and found one. */
    double turnCounter() {
        return turnCounter;
    }

    /** Of its tenant's requests that can go, the one whose time ends first: with a shorter time to live it is urgent only later. */
    private static Waiting earliest(Waiting urgent) {
        Waiting earliest = urgent;
        for (Queue queue : tenantOf(urgent).queues) {
            Waiting first = queue.requests.first();
            if (queue.onWay.way.isOpen() && Waiting.BY_DEADLINE.compare(first, earliest) < 0) {
                earliest = first;
            }
        }
        return earliest;
    }

    private @Nullable Waiting urgent(long nowMillis, double upTo) {
        Waiting urgent = null;
        for (OnWay onWay : active) {
            if (onWay.byDeadline.first().isUrgent(nowMillis) && onWay.way.isOpen()) {
                Waiting first = urgent(onWay, nowMillis, upTo);
                urgent = urgent == null || (first != null && Waiting.BY_DEADLINE.compare(first, urgent) < 0)
                        ? first
                        : urgent;
            }
        }
        return urgent;
    }

    private static @Nullable Waiting urgent(OnWay onWay, long nowMillis, double upTo) {
        return onWay.byDeadline.find(URGENT_LOOKS, request -> {
            TenantAccount tenant = queueOf(request).tenant;
            return request.isUrgent(nowMillis) && !tenant.held && tenant.counter() <= upTo;
        });
    }

    private static boolean isBefore(Queue a, Queue b) {
        return a.place.isBefore(b.place) || (!b.place.isBefore(a.place)
                && Waiting.BY_DEADLINE.compare(a.requests.first(), b.requests.first()) < 0);
    }

    /**
     * Of the requests that cannot go, the one whose time ends first; null if there is none.
     *
     * @param any of those on an open way as well
     */
    @Nullable
    Waiting nextExpiring(boolean any) {
        Waiting next = null;
        for (OnWay onWay : active) {
            if (any || !onWay.way.isOpen()) {
                Waiting first = onWay.byDeadline.first();
                next = next == null || Waiting.BY_DEADLINE.compare(first, next) < 0 ? first : next;
            }
        }
        return next;
    }

    /** The lowest counter of a tenant that can go; infinite if none can. */
    double lowest() {
        double lowest = Double.POSITIVE_INFINITY;
        for (OnWay onWay : active) {
            Queue queue = onWay.first();
            if (queue != null && onWay.way.isOpen()) {
                lowest = Math.min(lowest, queue.tenant.counter());
            }
        }
        return lowest;
    }
}
