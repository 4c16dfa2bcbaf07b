package dev.signalbox.workers.scheduler;

import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * A priority's waiting requests. Between tenants: the one with the lowest virtual counter, that is which was served least
 * (cost units; with equal costs this is round robin). A tenant that comes back from idleness starts no lower than the
 * lowest that waits, so absence earns no burst. Inside a tenant: earliest deadline first.
 *
 * <p>Source: Sheng et al., "Fairness in Serving Large Language Models" (virtual token counter), OSDI 2024.
 *
 * <p>Bounds: tenants that wait are at most the waiting requests; counters of idle tenants are dropped when the others
 * caught up with them, and beyond {@value #MAX_IDLE_TENANTS} the lowest first.
 */
final class TenantQueues {
    static final int MAX_IDLE_TENANTS = 10_000;

    private final Map<String, Tenant> tenants = new HashMap<>();
    private final TreeSet<Tenant> waiting = new TreeSet<>(Tenant.BY_COUNTER);
    private final TreeSet<Tenant> idle = new TreeSet<>(Tenant.BY_COUNTER);
    private final Map<TopicPartition, Set<Waiting>> byPartition = new HashMap<>();
    private double level;
    private int size;

    private static final class Tenant {
        static final Comparator<Tenant> BY_COUNTER = Comparator.comparingDouble((Tenant tenant) -> tenant.counter)
                .thenComparing(tenant -> tenant.name);

        final String name;
        final TreeSet<Waiting> requests = new TreeSet<>(Waiting.BY_DEADLINE);
        /** Cost units served; changed only while the tenant is in neither ordered set. */
        double counter;

        Tenant(String name) {
            this.name = name;
        }
    }

    int size() {
        return size;
    }

    int waitingTenants() {
        return waiting.size();
    }

    int idleTenants() {
        return idle.size();
    }

    void add(Waiting request) {
        Tenant tenant = tenants.computeIfAbsent(request.tenant(), Tenant::new);
        if (tenant.requests.isEmpty()) {
            idle.remove(tenant);
            tenant.counter = Math.max(tenant.counter, level());
            waiting.add(tenant);
        }
        tenant.requests.add(request);
        byPartition.computeIfAbsent(request.request().ticket().partition(), any -> new LinkedHashSet<>()).add(request);
        size++;
    }

    /**
     * The next request, charged to its tenant.
     *
     * @throws java.util.NoSuchElementException if none waits
     */
    Waiting take() {
        Tenant tenant = waiting.removeFirst();
        level = Math.max(level, tenant.counter);
        Waiting request = tenant.requests.removeFirst();
        unindex(request);
        tenant.counter += request.costUnits();
        place(tenant);
        return request;
    }

    /** Corrects a tenant's counter by what its request cost above (or below) the estimate. */
    void settle(String name, long difference) {
        @Nullable
        Tenant tenant = tenants.get(name);
        if (tenant == null || difference == 0) {
            return;
        }
        (tenant.requests.isEmpty() ? idle : waiting).remove(tenant);
        tenant.counter += difference;
        place(tenant);
    }

    /** Drops what waits of a partition under this and earlier epochs; the number dropped. */
    int forget(TopicPartition partition, int epoch) {
        List<Waiting> gone = byPartition.getOrDefault(partition, Set.of()).stream()
                .filter(request -> request.request().ticket().epoch() <= epoch).toList();
        for (Waiting request : gone) {
            unindex(request);
            Tenant tenant = tenants.get(request.tenant());
            if (tenant == null || !tenant.requests.remove(request)) {
                throw new IllegalStateException("not waiting: " + request.request().ticket());
            }
            if (tenant.requests.isEmpty()) {
                waiting.remove(tenant);
                place(tenant);
            }
        }
        return gone.size();
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

    private void place(Tenant tenant) {
        if (!tenant.requests.isEmpty()) {
            waiting.add(tenant);
            return;
        }
        idle.add(tenant);
        while (!idle.isEmpty() && (idle.first().counter <= level() || idle.size() > MAX_IDLE_TENANTS)) {
            tenants.remove(idle.removeFirst().name);
        }
    }

    /** The counter of whoever is next, or with nobody waiting of who was last. */
    private double level() {
        return waiting.isEmpty() ? level : Math.max(level, waiting.first().counter);
    }
}
