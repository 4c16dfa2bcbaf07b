package dev.signalbox.cli.whatif;

import dev.signalbox.schemas.Priority;
import dev.signalbox.workers.intake.LaneBounds;
import dev.signalbox.workers.scheduler.PoolScheduler;
import dev.signalbox.workers.scheduler.RouteShare;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
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
        parked.forEach((route, requests) -> {
            int most = !scheduler.hasRoom(priority, route, share)
                    ? 0
                    : scheduler.isOpen(priority, route) ? MOST_OF_AN_OPEN_ROUTE : MOST_OF_A_SHUT_ROUTE;
            for (; most > 0 && !requests.isEmpty() && taker.test(requests.firstEntry().getValue()); most--) {
                requests.pollFirstEntry();
                size--;
            }
        });
    }
}
