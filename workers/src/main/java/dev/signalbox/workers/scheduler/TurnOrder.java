package dev.signalbox.workers.scheduler;

import dev.signalbox.workers.scheduler.Gates.Way;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * In which order a priority's requests go, way by way. Of the tenants on open ways the one with the lowest counter is next,
 * and of its requests the one whose time ends first; tenants that are held stand in no order.
 *
 * <p>A request with less than a quarter of its time left goes before its tenant's turn, as long as that brings the tenant
 * no more than {@value #URGENT_LEAD} cost units (by weight) ahead of the one whose turn it is. It is charged as always, so
 * what urgency gives is taken from the tenant's own later turns.
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

    /** A tenant's requests on one way. */
    static final class Queue {
        static final Comparator<Queue> BY_TENANT = (a, b) -> TenantAccount.BY_COUNTER.compare(a.tenant, b.tenant);

        private final TenantAccount tenant;
        private final OnWay onWay;
        private final TreeSet<Waiting> requests = new TreeSet<>(Waiting.BY_DEADLINE);

        private Queue(TenantAccount tenant, OnWay onWay) {
            this.tenant = tenant;
            this.onWay = onWay;
        }
    }

    /** All requests on one way. */
    private static final class OnWay {
        final Way way;
        /** Without those of tenants that are held. */
        final TreeSet<Queue> byTenant = new TreeSet<>(Queue.BY_TENANT);
        final TreeSet<Waiting> byDeadline = new TreeSet<>(Waiting.BY_DEADLINE);

        OnWay(Way way) {
            this.way = way;
        }
    }

    /** Whether any request can go, as far as is known. */
    boolean hasWork() {
        for (OnWay onWay : active) {
            if (onWay.way.isOpen() && !onWay.byTenant.isEmpty()) {
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
        queue.requests.add(request);
        onWay.byDeadline.add(request);
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
            onWay.byTenant.add(queue);
        }
        return queue;
    }

    /** It stands here no more; its tenant. */
    TenantAccount remove(Waiting request) {
        Queue queue = queueOf(request);
        OnWay onWay = queue.onWay;
        queue.requests.remove(request);
        onWay.byDeadline.remove(request);
        onWay.way.waiting--;
        request.queue = null;
        if (queue.requests.isEmpty()) {
            onWay.byTenant.remove(queue);
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

    /** The tenant stands in no order, so that its counter may change, or while it is held. */
    static void leave(TenantAccount tenant) {
        tenant.queues.forEach(queue -> queue.onWay.byTenant.remove(queue));
    }

    /** It takes its place again, unless it is held. */
    static void join(TenantAccount tenant) {
        if (!tenant.held) {
            tenant.queues.forEach(queue -> queue.onWay.byTenant.add(queue));
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
            if (onWay.way.isOpen() && !onWay.byTenant.isEmpty()) {
                Queue queue = onWay.byTenant.first();
                best = best == null || isBefore(queue, best) ? queue : best;
            }
        }
        if (best == null) {
            return null;
        }
        Waiting urgent = urgent(nowMillis, best.tenant.counter() + URGENT_LEAD);
        return urgent != null ? urgent : best.requests.first();
    }

    private @Nullable Waiting urgent(long nowMillis, double upTo) {
        Waiting urgent = null;
        for (OnWay onWay : active) {
            if (onWay.way.isOpen() && onWay.byDeadline.first().isUrgent(nowMillis)) {
                Waiting first = urgent(onWay, nowMillis, upTo);
                urgent = urgent == null || (first != null && Waiting.BY_DEADLINE.compare(first, urgent) < 0)
                        ? first
                        : urgent;
            }
        }
        return urgent;
    }

    private static @Nullable Waiting urgent(OnWay onWay, long nowMillis, double upTo) {
        int looks = 0;
        for (Waiting request : onWay.byDeadline) {
            TenantAccount tenant = queueOf(request).tenant;
            if (request.isUrgent(nowMillis) && !tenant.held && tenant.counter() <= upTo) {
                return request;
            }
            if (++looks >= URGENT_LOOKS) {
                return null;
            }
        }
        return null;
    }

    private static boolean isBefore(Queue a, Queue b) {
        int order = Queue.BY_TENANT.compare(a, b);
        return order < 0 || (order == 0 && Waiting.BY_DEADLINE.compare(a.requests.first(), b.requests.first()) < 0);
    }

    /** Of the requests that cannot go, the one whose time ends first; null if there is none. */
    @Nullable
    Waiting nextExpiring(boolean nobodyHeld) {
        Waiting next = null;
        for (OnWay onWay : active) {
            if (!onWay.way.isOpen() || !nobodyHeld) {
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
            if (onWay.way.isOpen() && !onWay.byTenant.isEmpty()) {
                lowest = Math.min(lowest, onWay.byTenant.first().tenant.counter());
            }
        }
        return lowest;
    }
}
