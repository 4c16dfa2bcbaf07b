package dev.signalbox.workers.scheduler;

import dev.signalbox.workers.scheduler.Gates.Way;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A lane's waiting requests by route: how many, and how fast each route goes. It says which of them have to go elsewhere so
 * that no route keeps the others out. A pure model, monotonic ns as a parameter.
 *
 * <p>A route is blocked while its way is shut and nothing of it has started for {@value #STUCK_NANOS} ns, or while what waits
 * would take more than {@value #SLOW_SECONDS} s at the pace of the last {@value #PACE_SECONDS} s and other routes have had
 * requests lately. One that is faster, or whose way is open, is merely slow: nothing of it ever moves.
 *
 * <p>Bounds: a queue for each route of the configuration; those on which nobody waits are dropped beyond {@value #MAX_IDLE}.
 */
final class RouteQueues {
    static final long STUCK_NANOS = 500_000_000L;
    static final int SLOW_SECONDS = 10;
    static final int PACE_SECONDS = 5;
    private static final long LATELY_NANOS = 60_000_000_000L;
    private static final long SECOND_NANOS = 1_000_000_000L;
    private static final int MAX_IDLE = 1_000;

    private static final Comparator<Waiting> OLDEST_FIRST = Comparator
            .comparingLong((Waiting one) -> one.request().firstEnqueuedMillis()).thenComparingLong(Waiting::arrival);

    private final Map<String, Queue> routes = new HashMap<>();

    /** What is known of one route. */
    static final class Queue {
        /** Requests that wait, those that pause among them. */
        private int waiting;
        /** The same by tenant. */
        private final Map<String, Integer> byTenant = new HashMap<>();
        private @Nullable Way way;
        /** Whether one was offered since {@link #offeredNanos} was set, which {@link #observe} does. */
        private boolean offered;
        private long offeredNanos;
        /** Whether {@link #startedNanos} is a time: of the last start, or of when it was first looked at. */
        private boolean known;
        private long startedNanos;
        /** Starts of the second that {@link #second} is, and of those before it, by their number modulo. */
        private final int[] starts = new int[PACE_SECONDS];
        private long second;

        /** A new request of it came, and may go that way. */
        void offered(Way itsWay) {
            way = itsWay;
            offered = true;
        }

        /** One of its requests waits on that way for now, though others may be open to it later. */
        void waitsOn(Way narrower) {
            way = narrower;
        }

        /** One of that tenant's requests waits no more. */
        void left(String tenant) {
            waiting--;
            byTenant.computeIfPresent(tenant, (any, count) -> count == 1 ? null : count - 1);
        }

        private void turnTo(long nowNanos) {
            long now = Math.floorDiv(nowNanos, SECOND_NANOS);
            for (long each = Math.max(second + 1, now - PACE_SECONDS + 1); each <= now; each++) {
                starts[Math.floorMod(each, PACE_SECONDS)] = 0;
            }
            second = Math.max(second, now);
        }

        /** A call begins for one of its requests. */
        void started(long nowNanos) {
            turnTo(nowNanos);
            starts[Math.floorMod(second, PACE_SECONDS)]++;
            startedNanos = nowNanos;
            known = true;
        }

        void observe(long nowNanos) {
            if (offered) {
                offeredNanos = nowNanos;
                offered = false;
            }
            if (!known) {
                startedNanos = nowNanos;
                known = true;
            }
        }

        boolean isStuck(long nowNanos) {
            return nowNanos - startedNanos >= STUCK_NANOS;
        }

        boolean isSlow(long nowNanos) {
            turnTo(nowNanos);
            long recent = 0;
            for (int each : starts) {
                recent += each;
            }
            return recent * SLOW_SECONDS < (long) waiting * PACE_SECONDS;
        }

        boolean isShut() {
            return way != null && !way.isOpen();
        }
    }

    /** One of that tenant's requests begins to wait; what is known of that route. */
    Queue waits(String route, String tenant) {
        Queue queue = routes.get(route);
        if (queue == null) {
            if (routes.size() >= MAX_IDLE) {
                routes.values().removeIf(each -> each.waiting == 0);
            }
            queue = new Queue();
            routes.put(route, queue);
        }
        queue.waiting++;
        queue.byTenant.merge(tenant, 1, Integer::sum);
        return queue;
    }

    /** Requests of that route that wait, those that pause among them. */
    int waiting(String route) {
        Queue queue = routes.get(route);
        return queue == null ? 0 : queue.waiting;
    }

    /** Whether further requests of a route may come though they were told to come later. */
    boolean hasRoom(String route, RouteShare share) {
        Queue queue = routes.get(route);
        return queue == null || !queue.isShut() || queue.waiting < share.among(shutRoutes()).records() / 2;
    }

    /** That tenant's requests on that route that wait, those that pause among them. */
    int waiting(String route, String tenant) {
        Queue queue = routes.get(route);
        return queue == null ? 0 : queue.byTenant.getOrDefault(tenant, 0);
    }

    /** So many of each tenant's may wait on that route however many others do: half of an equal part of what it may hold. */
    int few(String route, RouteShare share) {
        Queue queue = routes.get(route);
        int tenants = queue == null ? 0 : queue.byTenant.size();
        return share.among(shutRoutes()).records() / 2 / (tenants + 1);
    }

    /** Whether its way is open, as far as is known. */
    boolean isOpen(String route) {
        Queue queue = routes.get(route);
        return queue == null || !queue.isShut();
    }

    private int shutRoutes() {
        int shut = 0;
        for (Queue queue : routes.values()) {
            shut += queue.waiting > 0 && queue.isShut() ? 1 : 0;
        }
        return Math.max(1, shut);
    }

    /** Routes that are blocked, of those that somebody waits on. */
    List<String> blocked(long nowNanos) {
        routes.values().forEach(queue -> queue.observe(nowNanos));
        List<String> blocked = new ArrayList<>();
        routes.forEach((route, queue) -> {
            if (queue.waiting > 0 && queue.isShut() && (queue.isStuck(nowNanos)
                    || (queue.isSlow(nowNanos) && othersCame(route, nowNanos)))) {
                blocked.add(route);
            }
        });
        return blocked;
    }

    private boolean othersCame(String route, long nowNanos) {
        return routes.entrySet().stream().anyMatch(
                other -> !other.getKey().equals(route) && other.getValue().known
                        && nowNanos - other.getValue().offeredNanos < LATELY_NANOS);
    }

    /**
     * What is to go elsewhere: of each blocked route what is beyond its share, and nothing where all routes are
     * blocked, since then nobody is kept out. Each tenant keeps as much of the share as any other one who has that much, and of
     * its own requests the oldest: so who has few of them stays, however many another one has.
     *
     * @param requests the lane's that wait
     * @param all names of all routes that the lane's requests may go by
     * @param most so many at once
     */
    List<Waiting> excess(List<Waiting> requests, RouteShare share, Set<String> all, int most, long nowMillis,
            long nowNanos) {
        List<String> blocked = blocked(nowNanos);
        if (blocked.isEmpty() || blocked.containsAll(all)) {
            return List.of();
        }
        RouteShare each = share.among(blocked.size());
        List<Waiting> excess = new ArrayList<>();
        for (String route : blocked) {
            List<Waiting> ofRoute = new ArrayList<>();
            int records = 0;
            long bytes = 0;
            for (Waiting one : inTurns(requests.stream().filter(one -> one.task().route().equals(route)))) {
                records++;
                bytes += one.request().sizeBytes();
                if ((records > each.records() || bytes > each.bytes()) && one.mayMove(nowMillis)
                        && excess.size() + ofRoute.size() < most) {
                    ofRoute.add(one);
                }
            }
            ofRoute.sort(OLDEST_FIRST);
            excess.addAll(ofRoute);
        }
        return excess;
    }

    /** Each tenant's oldest, then each one's next, and so on; of those in the same turn the oldest first. */
    private static List<Waiting> inTurns(Stream<Waiting> requests) {
        Map<String, Integer> turns = new HashMap<>();
        record InTurn(Waiting one, int turn) {
        }
        return requests.sorted(OLDEST_FIRST)
                .map(one -> new InTurn(one, turns.merge(one.tenant(), 1, Integer::sum)))
                .sorted(Comparator.comparingInt(each -> each.turn())).map(InTurn::one).toList();
    }
}
