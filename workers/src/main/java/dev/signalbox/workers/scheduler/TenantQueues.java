package dev.signalbox.workers.scheduler;

import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.scheduler.Gates.Way;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * A priority's waiting requests and their tenants' accounts. Of those whose way is open: between tenants the one with the
 * lowest virtual counter, that is which was served least (cost units by weight; with equal costs this is round robin);
 * inside a tenant the earliest deadline first: see {@link TurnOrder}. A tenant that comes back from idleness, or whose
 * requests could not go, counts from no lower than the one served last, so that neither absence nor a route that was shut
 * earns a burst.
 *
 * <p>Source: Sheng et al., "Fairness in Serving Large Language Models" (virtual token counter), OSDI 2024.
 *
 * <p>Bounds: tenants that wait are at most the waiting requests; counters of idle tenants are dropped when the others caught
 * up with them, and beyond {@value #MAX_IDLE_TENANTS} the lowest first; tenants with calls under way are at most
 * those; ways are those of {@link Gates}; routes that are counted have requests that wait.
 */
final class TenantQueues {
    static final int MAX_IDLE_TENANTS = 10_000;
    /** Cost units by weight: more than any worker serves while it is not told what others do. */
    static final double MOST_LEAD = 200_000;
    /** Part that one call has in what is expected of a tenant not yet known. */
    private static final double LEARNING = 1 / 32.0;

    private final Map<String, TenantAccount> tenants = new HashMap<>();
    private final TurnOrder order = new TurnOrder();
    private final TreeSet<TenantAccount> idle = new TreeSet<>(TenantAccount.BY_COUNTER);
    private final TreeSet<TenantAccount> held = new TreeSet<>(TenantAccount.BY_RELEASE);
    private final TreeSet<Waiting> paused = new TreeSet<>(Waiting.BY_PAUSE);
    private final Map<TopicPartition, List<Waiting>> byPartition = new HashMap<>();
    final RouteQueues routes = new RouteQueues();
    final Patience patience = new Patience();
    private double level;
    /** Whose turn it is, from when that is asked until it is taken, or something else becomes of it. */
    private @Nullable Waiting turn;
    /** When others' service was last told: what is told next was served beside what was served here since. */
    private double toldLevel;
    private double beyondPrompt;
    private long costUnits;
    private long bytes;
    private long accounts;
    private long begun;
    private int size;
    private int waitingTenants;

    /** Requests that wait, those that pause among them. */
    int size() {
        return size;
    }

    /** What it is expected to cost. */
    long expectedUnits() {
        return Math.max(size, costUnits + Math.round(size * beyondPrompt));
    }

    /** What a call with such a prompt is expected to cost. */
    long expectedUnits(long promptUnits) {
        return Math.max(1, promptUnits + Math.round(beyondPrompt));
    }

    int waitingTenants() {
        return waitingTenants;
    }

    int idleTenants() {
        return idle.size();
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
        TenantAccount tenant = account(request.tenant());
        if (tenant.queues.isEmpty()) {
            idle.remove(tenant);
            tenant.catchUp(level());
            tenant.turn = -begun++;
            waitingTenants++;
        }
        tenant.waiting++;
        tenant.waitingBytes += request.request().sizeBytes();
        order.add(request, tenant, way);
    }

    /** Names of the tenants of whom requests wait on a way. */
    void eachWaiting(Consumer<String> tenant) {
        tenants.values().stream().filter(account -> account.waiting > 0)
                .forEach(account -> tenant.accept(account.name));
    }

    /** Requests of a tenant that wait on a way. */
    int waitingOf(String tenant) {
        TenantAccount account = tenants.get(tenant);
        return account == null ? 0 : account.waiting;
    }

    /** All that wait, and that tenant's among them. */
    Crowd crowd(String tenant) {
        TenantAccount account = tenants.get(tenant);
        return account == null
                ? new Crowd(size, bytes, 0, 0)
                : new Crowd(size, bytes, account.waiting, account.waitingBytes);
    }

    /**
     * Other workers served these tenants: it counts as if it had been here, but puts none further ahead of the others than
     * {@link #MOST_LEAD}, so that nobody starves here for what a worker did that is gone. Where nobody waits the
     * others are those that are served elsewhere: who comes then counts from the lowest of them. Whoever waits for room
     * was not absent, and keeps what is due to him.
     *
     * @param units cost units by weight, of each tenant since this was last called; negative where calls cost less than
     *        was told
     */
    void servedElsewhere(Map<String, Double> units) {
        boolean nobodyHere = waitingTenants == 0;
        double most = Math.max(level(), toldLevel) + MOST_LEAD;
        double lowest = Double.POSITIVE_INFINITY;
        List<TenantAccount> resting = new ArrayList<>();
        for (Map.Entry<String, Double> each : units.entrySet()) {
            TenantAccount tenant = account(each.getKey());
            if (tenant.isIdle()) {
                idle.remove(tenant);
                tenant.catchUp(toldLevel);
                resting.add(tenant);
            }
            if (each.getValue() >= 0) {
                tenant.chargeUpTo(each.getValue(), most);
            } else {
                tenant.giveBack(-each.getValue());
                TurnOrder.advance(tenant);
            }
            lowest = Math.min(lowest, tenant.counter());
        }
        if (nobodyHere && !units.isEmpty()) {
            level = Math.max(level, lowest);
        }
        toldLevel = level();
        resting.forEach(this::rest);
    }

    /** Whether any request can go, as far as is known. */
    boolean hasWork() {
        return order.hasWork();
    }

    /** The request whose turn it is, which stays where it is; null if none can go. */
    @Nullable
    Waiting first(long nowMillis) {
        turn = order.first(nowMillis);
        return turn;
    }

    /** Of the requests that cannot go, the one whose time ends first; null if there is none. */
    @Nullable
    Waiting nextExpiring(boolean any) {
        return order.nextExpiring(any || !held.isEmpty());
    }

    private TenantAccount account(String name) {
        return tenants.computeIfAbsent(name, any -> new TenantAccount(name, accounts++, beyondPrompt));
    }

    /**
     * It is served: it waits no more, and its tenant is charged that.
     *
     * @param weight its tenant's part when tenants compete; positive
     */
    void take(Waiting request, long estimate, double weight) {
        unindex(request);
        TenantAccount tenant = TurnOrder.tenantOf(request);
        level = request.equals(turn) ? Math.max(level, order.turnCounter()) : level();
        turn = null;
        request.servedFor = tenant;
        request.servedWeight = weight;
        tenant.inFlight++;
        tenant.catchUp(level);
        tenant.charge(estimate / weight);
        remove(request);
    }

    /**
     * It goes on waiting on another way, and its tenant's counter stays: who is refused was not absent, and if he counted from
     * those served meanwhile, here or elsewhere, they would go before him again each time that there is room, and take it.
     */
    void move(Waiting request, Way way) {
        turn = null;
        patience.ends(request);
        TenantAccount tenant = order.remove(request);
        if (tenant.queues.isEmpty()) {
            release(tenant.name);
        }
        order.add(request, tenant, way);
    }

    /** A request that was taken is served no more; its tenant's counter is corrected by what it cost. */
    void settle(Waiting request, long estimate, long cost) {
        TenantAccount tenant = request.servedFor;
        if (tenant == null) {
            throw new IllegalStateException("it is not served: " + request.request().ticket());
        }
        request.servedFor = null;
        if (cost > 0) {
            long beyond = cost - request.costUnits();
            tenant.learn(beyond);
            beyondPrompt += LEARNING * (beyond - beyondPrompt);
        }
        double units = (cost - estimate) / request.servedWeight;
        if (units >= 0) {
            tenant.charge(units);
        } else {
            tenant.giveBack(-units);
            TurnOrder.advance(tenant);
        }
        tenant.inFlight--;
        if (tenant.isIdle()) {
            rest(tenant);
        }
    }

    /** A request's tenant is at a limit of its own: none of its requests goes until then, or until {@link #release}. */
    void hold(Waiting request, long untilNanos) {
        turn = null;
        TenantAccount tenant = TurnOrder.tenantOf(request);
        TurnOrder.leave(tenant);
        tenant.held = true;
        tenant.heldUntilNanos = untilNanos;
        held.add(tenant);
    }

    boolean anyHeld() {
        return !held.isEmpty();
    }

    /** A tenant may have room below its limits. */
    void release(String name) {
        TenantAccount tenant = held.isEmpty() ? null : tenants.get(name);
        if (tenant != null && tenant.held) {
            held.remove(tenant);
            letGo(tenant);
        }
    }

    /** Lets go the tenants whose time has come. */
    void releaseDue(long nowNanos) {
        while (!held.isEmpty() && held.first().heldUntilNanos - nowNanos <= 0) {
            letGo(held.removeFirst());
        }
    }

    private void letGo(TenantAccount tenant) {
        tenant.held = false;
        tenant.catchUp(level());
        TurnOrder.join(tenant);
    }

    OptionalLong nextReleasedNanos() {
        return held.isEmpty() ? OptionalLong.empty() : OptionalLong.of(held.first().heldUntilNanos);
    }

    /** Those that wait, pausing or not, and that the test picks. */
    List<Waiting> picked(Predicate<InboundRequest> test) {
        return byPartition.values().stream().flatMap(List::stream).filter(each -> test.test(each.request())).toList();
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
        List<Waiting> gone = byPartition.getOrDefault(partition, List.of()).stream()
                .filter(request -> request.request().ticket().epoch() <= epoch).toList();
        gone.forEach(this::drop);
        return gone;
    }

    /** It waits here no more. */
    void drop(Waiting request) {
        unindex(request);
        if (request.queue != null) {
            remove(request);
        } else if (!paused.remove(request)) {
            throw new IllegalStateException("not waiting: " + request.request().ticket());
        }
    }

    private void remove(Waiting request) {
        patience.ends(request);
        TenantAccount tenant = order.remove(request);
        tenant.waiting--;
        tenant.waitingBytes -= request.request().sizeBytes();
        if (tenant.queues.isEmpty()) {
            waitingTenants--;
            release(tenant.name);
            if (tenant.isIdle()) {
                rest(tenant);
            }
        }
    }

    private void index(Waiting request) {
        List<Waiting> ofPartition = byPartition.computeIfAbsent(request.request().ticket().partition(),
                any -> new ArrayList<>());
        request.ofPartition = ofPartition;
        request.inPartition = ofPartition.size();
        ofPartition.add(request);
        request.route = routes.waits(request.task().route(), request.tenant());
        size++;
        bytes += request.request().sizeBytes();
        costUnits += request.costUnits();
    }

    private void unindex(Waiting request) {
        List<Waiting> ofPartition = request.ofPartition;
        if (ofPartition == null) {
            throw new IllegalStateException("not indexed: " + request.request().ticket());
        }
        Waiting last = ofPartition.removeLast();
        if (!last.equals(request)) {
            ofPartition.set(request.inPartition, last);
            last.inPartition = request.inPartition;
        }
        if (ofPartition.isEmpty()) {
            byPartition.remove(request.request().ticket().partition());
        }
        request.ofPartition = null;
        request.route().left(request.tenant());
        size--;
        bytes -= request.request().sizeBytes();
        costUnits -= request.costUnits();
    }

    private void rest(TenantAccount tenant) {
        idle.add(tenant);
        double others = level();
        while (!idle.isEmpty() && (idle.first().counter() <= others || idle.size() > MAX_IDLE_TENANTS)) {
            tenants.remove(idle.removeFirst().name);
        }
    }

    /** The counter of whoever is next, or with nobody able to go of who was last. */
    private double level() {
        double lowest = order.lowest();
        return lowest == Double.POSITIVE_INFINITY ? level : Math.max(level, lowest);
    }
}
