package dev.signalbox.cli.whatif;

import dev.signalbox.schemas.Priority;
import dev.signalbox.workers.intake.LaneBounds;
import dev.signalbox.workers.scheduler.PoolScheduler;
import dev.signalbox.workers.scheduler.RouteShare;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;

/** What waits on a lane's retry topic: requests between two visits, and what a blocked route had too much of. */
final class PutOff {
    /** As many of a route come back at one look. */
    private static final int MOST_OF_AN_OPEN_ROUTE = 500;
    private static final int MOST_OF_A_SHUT_ROUTE = 20;
    private static final int MOST_AT_ONCE = 1_000;

    private final Priority priority;
    private final LaneBounds bounds;
    private final PoolScheduler scheduler;
    private final Set<String> routes;
    private final RouteShare share;
    private final VirtualTime time;
    /** Those whose pause is over. */
    private final ArrayDeque<WhatIfRequest> due = new ArrayDeque<>();
    /** By route and number. */
    private final Map<String, TreeMap<Long, WhatIfRequest>> parked = new HashMap<>();
    private int size;

    PutOff(Priority priority, LaneBounds bounds, PoolScheduler scheduler, List<String> routes, VirtualTime time) {
        this.priority = priority;
        this.bounds = bounds;
        this.scheduler = scheduler;
        this.routes = Set.copyOf(routes);
        this.share = RouteShare.ofLane(bounds.pauseRecords(), bounds.pauseBytes());
        this.time = time;
    }

    int size() {
        return size;
    }

    void until(WhatIfRequest request, Duration pause) {
        size++;
        time.in(pause.toNanos(), () -> due.add(request));
    }

    /**
     * What the scheduler gives away, by number.
     *
     * @param ofOverflow only the overflow topic is held up
     */
    List<Long> parked(boolean ofOverflow) {
        RouteShare each = ofOverflow ? RouteShare.ofLane(bounds.overflowRecords(), bounds.overflowBytes()) : share;
        return scheduler.park(priority, each, routes, MOST_AT_ONCE, time.millis(), time.nanos()).stream()
                .map(parked -> parked.request().ticket().offset()).toList();
    }

    /** It waits until its route has room, or its time is up. */
    void park(WhatIfRequest request) {
        size++;
        TreeMap<Long, WhatIfRequest> ofRoute = parked.computeIfAbsent(request.route(), any -> new TreeMap<>());
        ofRoute.put(request.number(), request);
        time.at(request.request().expiresAtMillis() * 1_000_000, () -> {
            if (ofRoute.remove(request.number(), request)) {
                due.add(request);
            }
        });
    }

    /** @param taker says whether it has room for it */
    void comeBack(Predicate<WhatIfRequest> taker) {
        while (!due.isEmpty() && taker.test(due.element())) {
            due.remove();
            size--;
        }
        parked.forEach((route, requests) -> comeBack(route, requests, taker));
    }

    /** Each time of the tenant of whom fewest wait, and of his the one that was enqueued first. */
    private void comeBack(String route, SortedMap<Long, WhatIfRequest> requests, Predicate<WhatIfRequest> taker) {
        if (requests.isEmpty()) {
            return;
        }
        boolean hasRoom = scheduler.hasRoom(priority, route, share);
        int few = scheduler.few(priority, route, share);
        int most = scheduler.isOpen(priority, route) ? MOST_OF_AN_OPEN_ROUTE : MOST_OF_A_SHUT_ROUTE;
        PriorityQueue<OfTenant> next = new PriorityQueue<>(OfTenant.FEWEST_FIRST);
        next.addAll(byTenant(route, requests));
        while (most > 0 && !next.isEmpty()) {
            OfTenant tenant = next.remove();
            if ((!hasRoom && tenant.waiting >= few) || !taker.test(tenant.requests.element())) {
                return;
            }
            requests.remove(tenant.requests.remove().number());
            size--;
            most--;
            tenant.waiting++;
            if (!tenant.requests.isEmpty()) {
                next.add(tenant);
            }
        }
    }

    private Collection<OfTenant> byTenant(String route, SortedMap<Long, WhatIfRequest> requests) {
        Map<String, OfTenant> tenants = new LinkedHashMap<>();
        requests.values().forEach(request -> tenants.computeIfAbsent(request.request().request().getTenant(),
                tenant -> new OfTenant(scheduler.waiting(priority, route, tenant))).requests.add(request));
        return tenants.values();
    }

    /** A tenant's requests that are parked of a route, the oldest first. */
    private static final class OfTenant {
        static final Comparator<OfTenant> FEWEST_FIRST = Comparator.comparingInt((OfTenant each) -> each.waiting)
                .thenComparingLong(each -> each.requests.element().number());

        final ArrayDeque<WhatIfRequest> requests = new ArrayDeque<>();
        /** Of his that wait on the route. */
        int waiting;

        OfTenant(int waiting) {
            this.waiting = waiting;
        }
    }
}
