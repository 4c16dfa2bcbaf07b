package dev.signalbox.workers.scheduler;

import dev.signalbox.config.DeploymentName;
import dev.signalbox.config.Pool;
import dev.signalbox.schemas.Priority;
import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.scheduler.Gates.Way;
import dev.signalbox.workers.scheduler.RequestTask.Readiness;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
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
import org.jspecify.annotations.Nullable;

/**
 * Decides which of a pool's waiting requests is served next. A pure model: one caller at a time, time as a parameter.
 *
 * <p>A slot is held by what runs, and by nothing else. A request whose turn it is gets its slot together with what its
 * call needs (it is asked); one that is refused waits on, and with it all that have the same way to go, until a
 * deployment on that way may have room again. Meanwhile the others go: one route that is shut or slow delays no request of
 * another. It is work-conserving: while a slot is free and a request waits whose way is open, {@link #next} asks it.
 *
 * <p>Between priorities the order is this:
 * <ol>
 * <li>a priority with work that has fewer than its floor's part of the pool's calls goes first, the one furthest below its
 * floor before the others; the part is of the calls that run, not of the slots, so that it means the same where
 * deployments are scarce;
 * <li>the rest is deficit round robin in cost units: each round gives a priority with work its weight's part, and it
 * spends that before the next one's turn. What the first rule gave is charged too, so weights hold in the long run.
 * </ol>
 * A floor keeps no slot idle: a priority below its floor takes the next slot that comes free. Inside a priority the order
 * is that of {@link TenantQueues}. Both hold for scarce deployments as well, since nobody else hands out their room.
 *
 * <p>Starvation is bounded: between two services of a priority with work the others get at most as many rounds as its
 * largest request is of its quantum, and two more, plus a largest request each (its quantum is its weight's part of
 * {@value PriorityLane#ROUND_COST_UNITS} cost units, what a round gives out).
 *
 * <p>A tenant that is at one of its own limits ({@link TenantLimits}) stands aside until it is below, and the others go.
 *
 * <p>Each operation costs O(log n) in the requests of one way and the tenants of one priority, and O(1) in each way that
 * has requests.
 */
public final class PoolScheduler {
    /** After which a gate opens even if nothing was heard: breakers cool and vendors' budgets fill without a word. */
    static final long LONGEST_SHUT_NANOS = 1_000_000_000L;

    private final int maxInFlight;
    private final int maxWaiting;
    private final PriorityTurns turns;
    private final TenantLimits limits;
    /** Where {@link Holdback} refuses the others, {@code interactive} may still go. */
    private final Gates interactive = new Gates();
    private final Gates others = new Gates();
    private final Shedding shedding;
    private final Map<TopicPartition, Integer> forgotten = new HashMap<>();
    private final Map<String, Integer> waitingByRoute = new HashMap<>();
    /** Each once; those that have gone meanwhile are passed over. At most those that wait. */
    private final Deque<Waiting> hastened = new ArrayDeque<>();
    private int inFlight;
    private long arrivals;
    /** No request whose way is shut expires before, ms. */
    private long firstExpiryMillis = Long.MAX_VALUE;

    /** What became of an offered request. */
    public enum Offer {
        /** It waits. */
        WAITING,
        /** Its priority's queue is full; it was not taken. */
        FULL,
        /** Its (partition, epoch) was forgotten; it was not taken. */
        FORGOTTEN
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
        this.limits = new TenantLimits(rules.tenants());
        this.turns = new PriorityTurns(shares, priority -> new TenantQueues(limits::weight),
                priority -> priority == Priority.INTERACTIVE ? interactive : others);
        this.shedding = new Shedding(rules.sheds());
    }

    /**
     * A request arrives: why it is shed, or empty if it is to be {@link #offer}ed.
     *
     * @param costUnits as there
     */
    public Optional<ShedReceipt> arrived(InboundRequest request, long costUnits, long nowMillis, long nowNanos) {
        long waiting = 0;
        for (PriorityLane lane : turns.all()) {
            waiting += lane.tenants.expectedUnits();
        }
        Priority priority = request.lane().priority();
        return shedding.arrived(priority, Shedding.placeOf(request.id()),
                Duration.ofMillis(Math.max(0, nowMillis - request.firstEnqueuedMillis())),
                turns.of(priority).tenants.expectedUnits(costUnits), waiting, nowNanos);
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
        Waiting waiting = new Waiting(task, Math.max(1, costUnits), arrivals++);
        Way way = lane.gates.way(task.deployments());
        lane.tenants.add(waiting, way);
        counted(waiting, 1);
        noteExpiry(waiting, way);
        return Offer.WAITING;
    }

    /**
     * The request to serve next, now in flight; empty if no slot is free or none can go. Those that are asked before it and
     * refused wait on. One whose time is up is handed out as well, to be answered, but costs its priority nothing.
     *
     * @param ask takes what a request needs for its call, if it can be had
     * @param nowMillis ms on the broker's clock
     * @param nowNanos ns on a monotonic clock
     */
    public Optional<Dispatch> next(Function<RequestTask, Readiness> ask, long nowMillis, long nowNanos) {
        if (inFlight >= maxInFlight) {
            return Optional.empty();
        }
        advance(nowNanos);
        long expiredBy = nowMillis;
        while (true) {
            Waiting before = nextHastened();
            Waiting expired = before != null ? before : expired(expiredBy);
            PriorityLane owed = expired == null ? turns.furthestBelowFloor(inFlight) : null;
            PriorityLane lane = expired != null ? lane(expired.request()) : owed != null ? owed : turns.next();
            Waiting first = expired != null || lane == null ? expired : lane.tenants.first(nowMillis);
            if (lane == null || first == null) {
                return Optional.empty();
            }
            if (before == null && mustStandAside(lane, first, nowMillis, nowNanos)) {
                continue;
            }
            switch (ask.apply(first.task())) {
                case Readiness.Ready ready -> {
                    return Optional.of(start(lane, first, owed != null, nowMillis, nowNanos));
                }
                case Readiness.Busy busy -> {
                    Way way = shut(lane, busy, nowNanos);
                    lane.tenants.move(first, way);
                    noteExpiry(first, way);
                    expiredBy = expired != null && before == null ? Long.MIN_VALUE : expiredBy;
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
                if (!waiting.hastened) {
                    waiting.hastened = true;
                    lane.tenants.wake(waiting, lane.gates.way(Set.of()));
                    hastened.add(waiting);
                }
            }
        }
    }

    private @Nullable Waiting nextHastened() {
        Waiting next = hastened.poll();
        while (next != null && next.queue == null) {
            next.hastened = false;
            next = hastened.poll();
        }
        if (next != null) {
            next.hastened = false;
        }
        return next;
    }

    /** Whether the tenant of the request whose turn it is has reached one of its limits; all its requests wait then. */
    private boolean mustStandAside(PriorityLane lane, Waiting first, long nowMillis, long nowNanos) {
        if (first.request().expiresAtMillis() <= nowMillis) {
            return false;
        }
        long wait = limits.waitNanos(first.tenant(), lane.tenants.estimate(first), nowNanos);
        if (wait == 0) {
            return false;
        }
        lane.tenants.hold(first, nowNanos + Math.min(wait, LONGEST_SHUT_NANOS));
        firstExpiryMillis = Long.MIN_VALUE;
        return true;
    }

    private Dispatch start(PriorityLane lane, Waiting waiting, boolean owed, long nowMillis, long nowNanos) {
        boolean expired = waiting.request().expiresAtMillis() <= nowMillis;
        long estimate = expired ? 0 : lane.tenants.estimate(waiting);
        lane.tenants.take(waiting, estimate);
        counted(waiting, -1);
        limits.started(waiting.tenant());
        if (!expired) {
            limits.called(waiting.tenant(), estimate, nowNanos);
        }
        if (owed) {
            lane.chargeFloor(estimate);
        } else {
            lane.charge(estimate);
        }
        inFlight++;
        return new Dispatch(waiting, estimate, nowNanos);
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
            noteExpiry(dispatch.waiting(), way);
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
        if (stays) {
            counted(dispatch.waiting(), 1);
        } else {
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
        lane.inFlight--;
        inFlight--;
        String tenant = dispatch.waiting().tenant();
        lane.tenants.settle(dispatch.waiting(), dispatch.costUnits(), costUnits);
        limits.settled(tenant, costUnits - dispatch.costUnits(), dispatch.startedNanos(), nowNanos);
        limits.ended(tenant, nowNanos);
        shedding.served(costUnits, nowNanos);
        turns.all().forEach(each -> each.tenants.release(tenant));
    }

    /** @param part of the tenants' limits that this worker may use, 0 to 1 */
    public void share(double part) {
        limits.part(part);
    }

    /** A call has ended there, or else there may be room. */
    public void freed(DeploymentName deployment) {
        interactive.open(deployment);
        others.open(deployment);
    }

    /** There may be room anywhere. */
    public void freed() {
        interactive.openAll();
        others.openAll();
    }

    /** Whether requests wait for room that {@link #freed} could bring. */
    public boolean awaitsRoom() {
        return interactive.anyShut() || others.anyShut();
    }

    /** When time alone lets a request go, monotonic ns; empty while no slot is free or nothing waits for a time. */
    public OptionalLong dueNanos(long nowMillis, long nowNanos) {
        if (inFlight >= maxInFlight) {
            return OptionalLong.empty();
        }
        long in = earlier(Long.MAX_VALUE, interactive.dueNanos(nowNanos), nowNanos);
        in = earlier(in, others.dueNanos(nowNanos), nowNanos);
        for (PriorityLane lane : turns.all()) {
            in = earlier(in, lane.tenants.nextReleasedNanos(), nowNanos);
        }
        if (in != Long.MAX_VALUE && firstExpiryMillis != Long.MAX_VALUE) {
            in = Math.min(in, Math.clamp(firstExpiryMillis - nowMillis, 1, 1_000) * 1_000_000L);
        }
        for (PriorityLane lane : turns.all()) {
            in = earlier(in, lane.tenants.nextResumedNanos(), nowNanos);
        }
        return in == Long.MAX_VALUE ? OptionalLong.empty() : OptionalLong.of(nowNanos + Math.max(0, in));
    }

    private static long earlier(long in, OptionalLong atNanos, long nowNanos) {
        return atNanos.isEmpty() ? in : Math.min(in, atNanos.getAsLong() - nowNanos);
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
            for (Waiting waiting : gone) {
                counted(waiting, -1);
                waiting.task().forgotten();
            }
            dropped += gone.size();
            lane.restIfIdle();
        }
        return dropped;
    }

    /** What it holds now. */
    public SchedulerStatus status() {
        EnumMap<Priority, SchedulerStatus.PriorityStatus> priorities = new EnumMap<>(Priority.class);
        turns.byPriority().forEach((priority, lane) -> priorities.put(priority, lane.status()));
        return new SchedulerStatus(inFlight, maxInFlight, limits.noisy(inFlight), priorities);
    }

    /** Requests that wait for room at a deployment, among others perhaps. */
    public int waiting(DeploymentName deployment) {
        return interactive.waiting(deployment) + others.waiting(deployment);
    }

    /** Requests of a route that wait. */
    public int waiting(String route) {
        return waitingByRoute.getOrDefault(route, 0);
    }

    /** Whether a request of this priority would find room to wait. */
    public boolean hasRoom(Priority priority) {
        return turns.of(priority).tenants.size() < maxWaiting;
    }

    private boolean isForgotten(InboundRequest request) {
        return request.ticket().epoch() <= forgotten.getOrDefault(request.ticket().partition(), Integer.MIN_VALUE);
    }

    private void advance(long nowNanos) {
        interactive.openDue(nowNanos);
        others.openDue(nowNanos);
        for (PriorityLane lane : turns.all()) {
            lane.tenants.releaseDue(nowNanos);
            for (Waiting resumed = lane.tenants.resumed(nowNanos); resumed != null; resumed = lane.tenants
                    .resumed(nowNanos)) {
                Way way = lane.gates.way(resumed.task().deployments());
                lane.tenants.enqueue(resumed, way);
                noteExpiry(resumed, way);
            }
        }
    }

    private Way shut(PriorityLane lane, Readiness.Busy busy, long nowNanos) {
        long until = nowNanos + Math.clamp(busy.forNanos(), 1, LONGEST_SHUT_NANOS);
        Way way = lane.gates.shut(busy.deployments(), until);
        if (!busy.heldBack()) {
            var _ = (lane.gates == others ? interactive : others).shut(busy.deployments(), until);
        }
        firstExpiryMillis = Long.MIN_VALUE;
        return way;
    }

    private void noteExpiry(Waiting waiting, Way way) {
        if (!way.isOpen() || anyHeld()) {
            firstExpiryMillis = Math.min(firstExpiryMillis, waiting.request().expiresAtMillis());
        }
    }

    private boolean anyHeld() {
        for (PriorityLane lane : turns.all()) {
            if (lane.tenants.anyHeld()) {
                return true;
            }
        }
        return false;
    }

    /** A request whose time is up and whose way is shut, or its tenant at a limit, so that it would not be answered otherwise. */
    private @Nullable Waiting expired(long nowMillis) {
        if ((!awaitsRoom() && !anyHeld()) || nowMillis < firstExpiryMillis) {
            return null;
        }
        Waiting next = null;
        for (PriorityLane lane : turns.all()) {
            Waiting first = lane.tenants.nextExpiring();
            next = next == null || (first != null && Waiting.BY_DEADLINE.compare(first, next) < 0) ? first : next;
        }
        firstExpiryMillis = next == null ? Long.MAX_VALUE : next.request().expiresAtMillis();
        return nowMillis < firstExpiryMillis ? null : next;
    }

    private void counted(Waiting waiting, int change) {
        waitingByRoute.merge(waiting.task().route(), change, (a, b) -> a + b == 0 ? null : a + b);
    }

    private PriorityLane lane(InboundRequest request) {
        return turns.of(request.lane().priority());
    }
}
