package dev.signalbox.workers.scheduler;

import dev.signalbox.config.DeploymentName;
import dev.signalbox.config.Pool;
import dev.signalbox.config.Tenant;
import dev.signalbox.schemas.Priority;
import dev.signalbox.workers.capacity.TenantCalls;
import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.scheduler.Gates.Way;
import dev.signalbox.workers.scheduler.RequestTask.Readiness;
import java.time.Duration;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import org.apache.kafka.common.TopicPartition;

/**
 * Decides which of a pool's waiting requests is served next. A pure model: one caller at a time, time as a parameter.
 *
 * <p>A slot is held by what runs, and by nothing else. A request whose turn it is gets its slot together with what its
 * call needs (it is asked); one that is refused waits on, and with it all that have the same way to go, until a
 * deployment on that way may have room again. Meanwhile the others go: one route that is shut or slow delays no request of
 * another. It is work-conserving: while a slot is free and a request waits whose way is open, {@link #next} asks it.
 *
 * <p>Between priorities the order is that of {@link PriorityTurns}, inside one that of {@link TenantQueues}. Both hold for
 * scarce deployments as well, since nobody else hands out their room.
 *
 * <p>While no slot is free, those are handed out nevertheless that need no call any more, since they were cancelled or their
 * time is up: calls may be long, and nobody is to wait for one to be told so.
 *
 * <p>Who would rather wait for some of its deployments than take another waits on their way alone ({@link Patience}); when its
 * patience ends it has its turn on all of them.
 *
 * <p>A tenant that is at one of its own limits ({@link TenantLimits}) stands aside until it is below, and the others go.
 *
 * <p>Each operation costs O(log n) in the requests of one way and the tenants of one priority, and O(1) in each way that
 * has requests.
 */
public final class PoolScheduler {
    /** After which a gate opens even if nothing was heard: breakers cool and vendors' budgets fill without a word. */
    static final long LONGEST_SHUT_NANOS = 1_000_000_000L;
    /** While every slot is taken, so many at once are answered beside them that need no call any more. */
    static final int MOST_TOLD = 50;

    private final int maxInFlight;
    private final int maxWaiting;
    private final PriorityTurns turns;
    private final TenantLimits limits;
    private final RoomGates gates = new RoomGates();
    private final TimeWatch time;
    private final Shedding shedding;
    private final ServedHere servedHere = new ServedHere();
    private final Hastened hastened = new Hastened();
    private final Map<TopicPartition, Integer> forgotten = new HashMap<>();
    private int inFlight;
    private int told;
    private long arrivals;

    /** What became of an offered request. */
    public enum Offer {
        /** It waits. */
        WAITING,
        /** Its priority's queue is full; it was not taken. */
        FULL,
        /** Its (partition, epoch) was forgotten; it was not taken. */
        FORGOTTEN
    }

    /**
     * A request that is to wait elsewhere.
     *
     * @param route the one that it waited for
     * @param history what it has been through since its record, if it has
     */
    public record Parked(InboundRequest request, String route, Optional<byte[]> history) {
    }

    /** A scheduler by {@link PoolRules#PLAIN}. */
    public PoolScheduler(Map<Priority, Pool.PriorityShare> shares, int maxInFlight, int maxWaiting) {
        this(shares, maxInFlight, maxWaiting, PoolRules.PLAIN);
    }

    /**
     * @param shares weight and floor of each priority; weights positive, floors 0 to 1 with a sum of at most 1
     * @param maxInFlight most requests served at once; positive
     * @param maxWaiting most requests that wait, per priority, before further ones are refused; positive. Those that ran
     *        and wait again are taken beyond it, which are at most {@code maxInFlight}
     * @throws IllegalArgumentException for values outside of these
     */
    public PoolScheduler(Map<Priority, Pool.PriorityShare> shares, int maxInFlight, int maxWaiting,
            PoolRules rules) {
        if (shares.isEmpty() || maxInFlight < 1 || maxWaiting < 1) {
            throw new IllegalArgumentException("a pool needs a priority, a slot and room to wait");
        }
        this.maxInFlight = maxInFlight;
        this.maxWaiting = maxWaiting;
        this.limits = new TenantLimits(rules.tenants(), rules.leased());
        this.turns = new PriorityTurns(shares, priority -> new TenantQueues(), gates::of);
        this.time = new TimeWatch(turns.all(), gates);
        this.shedding = new Shedding(rules.sheds());
    }

    /**
     * A request arrives: why it is shed, or empty if it is to be {@link #offer}ed.
     *
     * @param costUnits as there
     */
    public Optional<ShedReceipt> arrived(InboundRequest request, long costUnits, long nowMillis, long nowNanos) {
        if (request.expiresAtMillis() <= nowMillis) {
            return Optional.empty();
        }
        long waiting = 0;
        for (PriorityLane lane : turns.all()) {
            waiting += lane.tenants.expectedUnits();
        }
        return shedding.arrived(request, lane(request).tenants.expectedUnits(costUnits), waiting, nowMillis, nowNanos);
    }

    /**
     * A request begins to wait.
     *
     * @param costUnits its prompt's size, in the pool's unit (tokens by estimate); at least 1 is counted
     * @throws IllegalArgumentException if the pool has no such priority
     */
    public Offer offer(RequestTask task, long costUnits) {
        InboundRequest request = task.request();
        PriorityLane lane = lane(request);
        if (isForgotten(request)) {
            return Offer.FORGOTTEN;
        }
        if (lane.tenants.size() >= maxWaiting) {
            return Offer.FULL;
        }
        Way way = lane.gates.way(task.deployments());
        Waiting waiting = new Waiting(task, Math.max(1, costUnits), arrivals++);
        lane.tenants.add(waiting, way);
        if (!task.deployments().isEmpty()) {
            // Whoever needs none, being cancelled perhaps, says nothing of its route.
            waiting.route().offered(way);
        }
        time.waits(request, way);
        return Offer.WAITING;
    }

    /**
     * The request to serve next, now in flight; empty if none can go, or no slot is free for its call. Those that are asked before it and
     * refused wait on. One whose time is up is handed out as well, to be answered, but costs its priority nothing.
     *
     * @param ask takes what a request needs for its call, if it can be had
     * @param nowMillis ms on the broker's clock
     * @param nowNanos ns on a monotonic clock
     */
    public Optional<Dispatch> next(Function<RequestTask, Readiness> ask, long nowMillis, long nowNanos) {
        boolean full = inFlight >= maxInFlight;
        time.full(full);
        if (full && told >= MOST_TOLD) {
            return Optional.empty();
        }
        time.advance(nowNanos);
        long expiredBy = nowMillis;
        while (true) {
            Waiting spoken = hastened.next();
            Waiting before = spoken != null ? spoken : time.expired(expiredBy);
            if (full && before == null) {
                return Optional.empty();
            }
            PriorityLane owed = before == null ? turns.furthestBelowFloor(inFlight) : null;
            PriorityLane lane = before != null ? lane(before.request()) : owed != null ? owed : turns.next();
            Waiting first = before != null || lane == null ? before : lane.tenants.first(nowMillis);
            if (lane == null || first == null) {
                return Optional.empty();
            }
            boolean calls = spoken == null && first.expiresAtMillis() > nowMillis;
            if (calls && mustStandAside(lane, first, nowNanos)) {
                continue;
            }
            switch (ask.apply(first.task())) {
                case Readiness.Ready ready -> {
                    return Optional.of(start(lane, first, owed != null, calls, nowNanos));
                }
                case Readiness.Busy busy -> {
                    Way way = shut(lane, busy, nowNanos);
                    lane.tenants.move(first, way);
                    waits(lane, first, busy, way, nowNanos);
                    expiredBy = spoken == null && before != null ? Long.MIN_VALUE : expiredBy;
                }
            }
        }
    }

    /**
     * What is picked is asked next, before all others and wherever it waits or pauses: it does not need what it waits for any
     * more. Looks at each waiting request.
     */
    public void hasten(Predicate<InboundRequest> picked) {
        for (PriorityLane lane : turns.all()) {
            for (Waiting waiting : lane.tenants.picked(picked)) {
                if (hastened.add(waiting)) {
                    lane.tenants.wake(waiting, lane.gates.way(Set.of()));
                }
            }
        }
    }

    /** Whether the tenant of the request whose turn it is has reached one of its limits; all its requests wait then. */
    private boolean mustStandAside(PriorityLane lane, Waiting first, long nowNanos) {
        TenantAccount tenant = TurnOrder.tenantOf(first);
        long wait = limits.waitNanos(tenant.name, tenant.estimate(first.costUnits()), nowNanos);
        if (wait == 0) {
            return false;
        }
        lane.tenants.hold(first, nowNanos + Math.min(wait, LONGEST_SHUT_NANOS));
        time.halted();
        return true;
    }

    /** @param calls false: it is only to be answered, which costs nobody anything */
    private Dispatch start(PriorityLane lane, Waiting waiting, boolean owed, boolean calls, long nowNanos) {
        TenantAccount account = TurnOrder.tenantOf(waiting);
        long estimate = calls ? account.estimate(waiting.costUnits()) : 0;
        Tenant tenant = limits.plan(account.name);
        lane.tenants.take(waiting, estimate, limits.weight(tenant));
        waiting.begun = true;
        if (calls) {
            waiting.route().started(nowNanos);
            limits.called(tenant, estimate, nowNanos);
        } else {
            limits.started(account.name);
        }
        servedHere.started(waiting.request().lane().priority(), account.name, estimate, calls, nowNanos);
        boolean inSlot = inFlight < maxInFlight;
        if (inSlot) {
            lane.charge(estimate, owed);
            inFlight++;
        } else {
            told++;
            lane.restIfIdle();
        }
        return new Dispatch(waiting, estimate, nowNanos, inSlot);
    }

    /** Whether a dispatched request may ask for its next call at once: it does not where others wait for room. */
    public boolean mayAsk(Dispatch dispatch) {
        return lane(dispatch.request()).gates.way(dispatch.task().deployments()).isOpen();
    }

    /** A dispatched request was refused: it waits again, at its old place in time, and its slot is free. */
    public void refused(Dispatch dispatch, Readiness.Busy busy, long nowNanos) {
        PriorityLane lane = lane(dispatch.request());
        Way way = shut(lane, busy, nowNanos);
        if (release(dispatch, nowNanos)) {
            lane.tenants.add(dispatch.waiting(), way);
            waits(lane, dispatch.waiting(), busy, way, nowNanos);
        }
    }

    /** A dispatched request goes on later: it waits again, at its old place in time, and its slot is free. */
    public void again(Dispatch dispatch, Duration pause, long nowNanos) {
        if (release(dispatch, nowNanos)) {
            Waiting waiting = dispatch.waiting();
            waiting.pausedUntilNanos = nowNanos + pause.toNanos();
            lane(dispatch.request()).tenants.pause(waiting);
        }
    }

    /** Its slot is free; whether it may wait here. */
    private boolean release(Dispatch dispatch, long nowNanos) {
        finished(dispatch, dispatch.spentCostUnits(), nowNanos);
        boolean stays = !isForgotten(dispatch.request());
        if (!stays) {
            dispatch.task().forgotten();
        }
        return stays;
    }

    /**
     * A dispatched request's slot is free again.
     *
     * @param costUnits what it did cost, which settles the estimate that its tenant was charged
     * @throws IllegalStateException if it was finished before
     */
    public void finished(Dispatch dispatch, long costUnits, long nowNanos) {
        if (!dispatch.end()) {
            throw new IllegalStateException("finished twice: " + dispatch.request().ticket());
        }
        PriorityLane lane = lane(dispatch.request());
        if (dispatch.inSlot()) {
            lane.inFlight--;
            inFlight--;
        } else {
            told--;
        }
        String tenant = dispatch.waiting().tenant();
        lane.tenants.settle(dispatch.waiting(), dispatch.costUnits(), costUnits);
        limits.ended(tenant, costUnits - dispatch.costUnits(), dispatch.startedNanos(), nowNanos);
        servedHere.ended(dispatch.request().lane().priority(), tenant, costUnits - dispatch.costUnits(), nowNanos);
        shedding.served(costUnits, nowNanos);
        leased(tenant);
    }

    /**
     * Other weights and floors, from the next turn on; nothing that waits or runs is moved.
     *
     * @throws IllegalArgumentException as the constructor, and for other priorities than it has
     */
    public void reweigh(Map<Priority, Pool.PriorityShare> shares) {
        turns.reweigh(shares);
    }

    /** @param part of the tenants' limits that this worker may use, 0 to 1 */
    public void share(double part) {
        limits.part(part);
    }

    /** What this worker served its tenants, as far as it is to be told now. */
    public List<TenantUse> tenantUse(long nowNanos) {
        return servedHere.tell(turns.byPriority(), nowNanos);
    }

    /** Calls of tenants who have a limit of calls at once, of whom any run or wait for it. */
    public List<TenantCalls> tenantCalls(long nowNanos) {
        int free = Math.max(1, maxInFlight - inFlight);
        return limits.calls(tenant -> Math.min(free, waitingOf(tenant)), nowNanos);
    }

    private int waitingOf(String tenant) {
        int waiting = 0;
        for (PriorityLane lane : turns.all()) {
            waiting += lane.tenants.waitingOf(tenant);
        }
        return waiting;
    }

    /** More calls of a tenant may run, perhaps. */
    public void leased(String tenant) {
        for (PriorityLane each : turns.all()) {
            each.tenants.release(tenant);
        }
    }

    /** What other workers served tenants since this was last called, and what those use of the pool in the whole fleet. */
    public void elsewhere(List<ServedElsewhere.Served> served, List<ServedElsewhere.FleetUse> uses, long nowNanos) {
        EnumMap<Priority, Map<String, Double>> units = new EnumMap<>(Priority.class);
        served.forEach(each -> units.computeIfAbsent(each.priority(), any -> new HashMap<>()).merge(each.tenant(),
                each.units() / limits.weight(limits.plan(each.tenant())), Double::sum));
        turns.byPriority().forEach((priority, lane) -> Optional.ofNullable(units.get(priority))
                .ifPresent(lane.tenants::servedElsewhere));
        uses.forEach(use -> limits.told(use, nowNanos));
    }

    /** A call has ended there, or else there may be room. */
    public void freed(DeploymentName deployment) {
        gates.open(deployment);
    }

    /** There may be room anywhere. */
    public void freed() {
        gates.openAll();
    }

    /** Whether requests wait for room that {@link #freed} could bring. */
    public boolean awaitsRoom() {
        return gates.anyShut();
    }

    /** When time alone lets a request go, monotonic ns; empty while nothing waits for a time. */
    public OptionalLong dueNanos(long nowMillis, long nowNanos) {
        boolean full = inFlight >= maxInFlight;
        time.full(full);
        return full && told >= MOST_TOLD ? OptionalLong.empty() : time.dueNanos(nowMillis, nowNanos);
    }

    /**
     * Drops the waiting requests of a partition under this and earlier epochs, and refuses them from now on.
     *
     * @return how many were dropped
     */
    public int forget(TopicPartition partition, int epoch) {
        forgotten.merge(partition, epoch, Math::max);
        int dropped = 0;
        for (PriorityLane lane : turns.all()) {
            List<Waiting> gone = lane.tenants.forget(partition, epoch);
            gone.forEach(waiting -> waiting.task().forgotten());
            dropped += gone.size();
            lane.restIfIdle();
        }
        return dropped;
    }

    /**
     * Takes out what is to wait elsewhere, so that no blocked route of a lane keeps the others out; whoever calls it sees
     * that it comes back. See {@link RouteQueues}.
     *
     * @param all names of all routes that the pool's requests may go by
     * @param most so many at once
     */
    public List<Parked> park(Priority priority, RouteShare share, Set<String> all, int most, long nowMillis,
            long nowNanos) {
        PriorityLane lane = turns.of(priority);
        List<Waiting> excess = awaitsRoom()
                ? lane.routes.excess(lane.tenants.picked(any -> true), share, all, most, nowMillis, nowNanos)
                : List.of();
        for (Waiting waiting : excess) {
            lane.tenants.drop(waiting);
            waiting.task().forgotten();
        }
        lane.restIfIdle();
        return excess.stream().map(waiting -> new Parked(waiting.request(), waiting.task().route(),
                waiting.begun ? waiting.task().history() : Optional.empty())).toList();
    }

    /** Whether a lane would let a request of that route wait, though it was told to come later. */
    public boolean hasRoom(Priority priority, String route, RouteShare share) {
        return turns.of(priority).routes.hasRoom(route, share);
    }

    /** A tenant's requests on that route that wait. */
    public int waiting(Priority priority, String route, String tenant) {
        return turns.of(priority).routes.waiting(route, tenant);
    }

    /** How many of each tenant's a lane would let wait on that route, though they were told to come later and others wait. */
    public int few(Priority priority, String route, RouteShare share) {
        return turns.of(priority).routes.few(route, share);
    }

    /** Whether a request of that route would go as soon as it is its turn, as far as is known. */
    public boolean isOpen(Priority priority, String route) {
        return turns.of(priority).routes.isOpen(route);
    }

    /** Who waits in a priority, and how many of them are that tenant's. */
    public Crowd crowd(Priority priority, String tenant) {
        return turns.of(priority).tenants.crowd(tenant);
    }

    /** What it holds now. */
    public SchedulerStatus status() {
        EnumMap<Priority, SchedulerStatus.PriorityStatus> priorities = new EnumMap<>(Priority.class);
        turns.byPriority().forEach((priority, lane) -> priorities.put(priority, lane.status()));
        return new SchedulerStatus(inFlight, maxInFlight, limits.noisy(inFlight), priorities);
    }

    /** Requests that wait for room at a deployment, among others perhaps. */
    public int waiting(DeploymentName deployment) {
        return gates.waiting(deployment);
    }

    /** Requests of a route that wait. */
    public int waiting(String route) {
        return turns.all().stream().mapToInt(lane -> lane.routes.waiting(route)).sum();
    }

    private boolean isForgotten(InboundRequest request) {
        return request.ticket().epoch() <= forgotten.getOrDefault(request.ticket().partition(), Integer.MIN_VALUE);
    }

    private Way shut(PriorityLane lane, Readiness.Busy busy, long nowNanos) {
        time.halted();
        return gates.shut(lane.gates, busy, nowNanos + Math.clamp(busy.forNanos(), 1, LONGEST_SHUT_NANOS));
    }

    /** It was refused, and waits on that way. */
    private void waits(PriorityLane lane, Waiting waiting, Readiness.Busy busy, Way way, long nowNanos) {
        time.waits(waiting.request(), way);
        if (busy.isPatient()) {
            lane.tenants.patience.begins(waiting, nowNanos + busy.patientNanos());
            waiting.route().waitsOn(way);
        }
    }

    private PriorityLane lane(InboundRequest request) {
        return turns.of(request.lane().priority());
    }
}
