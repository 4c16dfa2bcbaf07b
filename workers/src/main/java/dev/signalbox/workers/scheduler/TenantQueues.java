package dev.signalbox.workers.scheduler;

import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.scheduler.Gates.Way;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * A priority's waiting requests. Of those whose way is open: between tenants the one with the lowest virtual counter, that
 * is which was served least (cost units; with equal costs this is round robin); inside a tenant the earliest deadline
 * first. A tenant that comes back from idleness, or whose requests could not go, counts from no lower than the one served
 * last, so that neither absence nor a route that was shut earns a burst.
 *
 * <p>Source: Sheng et al., "Fairness in Serving Large Language Models" (virtual token counter), OSDI 2024.
 *
 * <p>Bounds: tenants that wait are at most the waiting requests; counters of idle tenants are dropped when the others
 * caught up with them, and beyond {@value #MAX_IDLE_TENANTS} the lowest first; ways are those of {@link Gates}.
 */
final class TenantQueues {
    static final int MAX_IDLE_TENANTS = 10_000;

    private final Map<String, Tenant> tenants = new HashMap<>();
    private final Map<Way, OnWay> ways = new HashMap<>();
    /** Those that have requests. */
    private final List<OnWay> active = new ArrayList<>();
    private final TreeSet<Tenant> idle = new TreeSet<>(Tenant.BY_COUNTER);
    private final TreeSet<Waiting> paused = new TreeSet<>(Waiting.BY_PAUSE);
    private final Map<TopicPartition, Set<Waiting>> byPartition = new HashMap<>();
    private double level;
    private int size;
    private int waitingTenants;

    private static final class Tenant {
        static final Comparator<Tenant> BY_COUNTER = Comparator.comparingDouble((Tenant tenant) -> tenant.counter)
                .thenComparing(tenant -> tenant.name);

        final String name;
        /** One for each way on which it has requests. */
        final List<Queue> queues = new ArrayList<>(1);
        /** Cost units served; changed only while the tenant is in no order. */
        double counter;

        Tenant(String name) {
            this.name = name;
        }
    }

    /** A tenant's requests on one way. */
    static final class Queue {
        static final Comparator<Queue> BY_TENANT = (a, b) -> Tenant.BY_COUNTER.compare(a.tenant, b.tenant);

        private final Tenant tenant;
        private final OnWay onWay;
        private final TreeSet<Waiting> requests = new TreeSet<>(Waiting.BY_DEADLINE);

        private Queue(Tenant tenant, OnWay onWay) {
            this.tenant = tenant;
            this.onWay = onWay;
        }
    }

    /** All requests on one way. */
    private static final class OnWay {
        final Way way;
        final TreeSet<Queue> byTenant = new TreeSet<>(Queue.BY_TENANT);
        final TreeSet<Waiting> byDeadline = new TreeSet<>(Waiting.BY_DEADLINE);

        OnWay(Way way) {
            this.way = way;
        }
    }

    /** Requests that wait, those that pause among them. */
    int size() {
        return size;
    }

    int waitingTenants() {
        return waitingTenants;
    }

    int idleTenants() {
        return idle.size();
    }

    /** Whether any request can go, as far as is known. */
    boolean hasWork() {
        for (OnWay onWay : active) {
            if (onWay.way.isOpen()) {
                return true;
            }
        }
        return false;
    }

    void add(Waiting request, Way way) {
        index(request);
        enqueue(request, way);
    }

    /** It waits, on no way, until its pause is over. */
    void pause(Waiting request) {
        index(request);
        paused.add(request);
    }

    /** Takes a request whose pause is over, to be enqueued; null if there is none. */
    @Nullable
    Waiting resumed(long nowNanos) {
        boolean due = !paused.isEmpty() && paused.first().pausedUntilNanos - nowNanos <= 0;
        return due ? paused.removeFirst() : null;
    }

    OptionalLong nextResumedNanos() {
        return paused.isEmpty() ? OptionalLong.empty() : OptionalLong.of(paused.first().pausedUntilNanos);
    }

    /** An indexed request begins to wait on a way. */
    void enqueue(Waiting request, Way way) {
        Tenant tenant = tenants.computeIfAbsent(request.tenant(), Tenant::new);
        if (tenant.queues.isEmpty()) {
            idle.remove(tenant);
            tenant.counter = Math.max(tenant.counter, level());
            waitingTenants++;
        }
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

    private static Queue queue(Tenant tenant, OnWay onWay) {
        for (Queue queue : tenant.queues) {
            if (queue.onWay.equals(onWay)) {
                return queue;
            }
        }
        Queue queue = new Queue(tenant, onWay);
        tenant.queues.add(queue);
        onWay.byTenant.add(queue);
        return queue;
    }

    /** The request whose turn it is, which stays where it is; null if none can go. */
    @Nullable
    Waiting first() {
        Queue best = null;
        for (OnWay onWay : active) {
            if (onWay.way.isOpen()) {
                Queue queue = onWay.byTenant.first();
                best = best == null || isBefore(queue, best) ? queue : best;
            }
        }
        return best == null ? null : best.requests.first();
    }

    private static boolean isBefore(Queue a, Queue b) {
        int order = Queue.BY_TENANT.compare(a, b);
        return order < 0 || (order == 0 && Waiting.BY_DEADLINE.compare(a.requests.first(), b.requests.first()) < 0);
    }

    /** Of the requests that cannot go, the one whose time ends first; null if there is none. */
    @Nullable
    Waiting nextExpiring() {
        Waiting next = null;
        for (OnWay onWay : active) {
            if (!onWay.way.isOpen()) {
                Waiting first = onWay.byDeadline.first();
                next = next == null || Waiting.BY_DEADLINE.compare(first, next) < 0 ? first : next;
            }
        }
        return next;
    }

    /** It waits no more, and its tenant is charged. */
    void take(Waiting request) {
        unindex(request);
        Tenant tenant = queueOf(request).tenant;
        level = Math.max(level, tenant.counter);
        charge(tenant, level - tenant.counter + request.costUnits());
        remove(request);
    }

    /** It goes on waiting on another way. */
    void move(Waiting request, Way way) {
        remove(request);
        enqueue(request, way);
    }

    /** Corrects a tenant's counter by what its request cost above (or below) the estimate. */
    void settle(String name, long difference) {
        Tenant tenant = tenants.get(name);
        if (tenant != null && difference != 0) {
            charge(tenant, (double) difference);
        }
    }

    private void charge(Tenant tenant, double costUnits) {
        if (tenant.queues.isEmpty()) {
            idle.remove(tenant);
            tenant.counter += costUnits;
            rest(tenant);
            return;
        }
        tenant.queues.forEach(queue -> queue.onWay.byTenant.remove(queue));
        tenant.counter += costUnits;
        tenant.queues.forEach(queue -> queue.onWay.byTenant.add(queue));
    }

    /** Those that wait, pausing or not, and that the test picks. */
    List<Waiting> picked(Predicate<InboundRequest> test) {
        return byPartition.values().stream().flatMap(Set::stream).filter(each -> test.test(each.request())).toList();
    }

    /** It waits on that way now, wherever it waited or paused before. */
    void wake(Waiting request, Way way) {
        if (request.queue != null) {
            move(request, way);
        } else if (paused.remove(request)) {
            enqueue(request, way);
        }
    }

    /** Drops what waits of a partition under this and earlier epochs. */
    List<Waiting> forget(TopicPartition partition, int epoch) {
        List<Waiting> gone = byPartition.getOrDefault(partition, Set.of()).stream()
                .filter(request -> request.request().ticket().epoch() <= epoch).toList();
        for (Waiting request : gone) {
            unindex(request);
            if (request.queue != null) {
                remove(request);
            } else if (!paused.remove(request)) {
                throw new IllegalStateException("not waiting: " + request.request().ticket());
            }
        }
        return gone;
    }

    private void remove(Waiting request) {
        Queue queue = queueOf(request);
        OnWay onWay = queue.onWay;
        queue.requests.remove(request);
        onWay.byDeadline.remove(request);
        onWay.way.waiting--;
        request.queue = null;
        if (queue.requests.isEmpty()) {
            onWay.byTenant.remove(queue);
            queue.tenant.queues.remove(queue);
            if (queue.tenant.queues.isEmpty()) {
                waitingTenants--;
                rest(queue.tenant);
            }
        }
        if (onWay.byDeadline.isEmpty()) {
            active.remove(onWay);
            if (ways.size() > Gates.MAX_IDLE_WAYS) {
                ways.remove(onWay.way);
            }
        }
    }

    private static Queue queueOf(Waiting request) {
        if (request.queue == null) {
            throw new IllegalStateException("not in a queue: " + request.request().ticket());
        }
        return request.queue;
    }

    private void index(Waiting request) {
        byPartition.computeIfAbsent(request.request().ticket().partition(), any -> new LinkedHashSet<>()).add(request);
        size++;
    }

    private void unindex(Waiting request) {
        TopicPartition partition = request.request().ticket().partition();
        Set<Waiting> ofPartition = byPartition.get(partition);
        if (ofPartition == null || !ofPartition.remove(request)) {
            throw new IllegalStateException("not indexed: " + request.request().ticket());
        }
        if (ofPartition.isEmpty()) {
            byPartition.remove(partition);
        }
        size--;
    }

    private void rest(Tenant tenant) {
        idle.add(tenant);
        double others = level();
        while (!idle.isEmpty() && (idle.first().counter <= others || idle.size() > MAX_IDLE_TENANTS)) {
            tenants.remove(idle.removeFirst().name);
        }
    }

    /** The counter of whoever is next, or with nobody able to go of who was last. */
    private double level() {
        double lowest = Double.POSITIVE_INFINITY;
        for (OnWay onWay : active) {
            if (onWay.way.isOpen() && !onWay.byTenant.isEmpty()) {
                lowest = Math.min(lowest, onWay.byTenant.first().tenant.counter);
            }
        }
        return lowest == Double.POSITIVE_INFINITY ? level : Math.max(level, lowest);
    }
}
