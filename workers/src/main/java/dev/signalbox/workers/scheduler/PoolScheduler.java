package dev.signalbox.workers.scheduler;

import dev.signalbox.config.DeploymentName;
import dev.signalbox.config.Pool;
import dev.signalbox.schemas.Priority;
import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.scheduler.Gates.Way;
import dev.signalbox.workers.scheduler.RequestTask.Readiness;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
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
 * <li>a priority with work that has fewer calls than its floor of the pool's slots goes first, the one furthest below its
 * floor before the others;
 * <li>the rest is deficit round robin in cost units: each round gives a priority with work its weight's part, and it
 * spends that before the next one's turn. What the first rule gave is charged too, so weights hold in the long run.
 * </ol>
 * A floor keeps no slot idle: a priority below its floor takes the next slot that comes free. Inside a priority the order
 * is that of {@link TenantQueues}. Both hold for scarce deployments as well, since nobody else hands out their room.
 *
 * <p>Each operation costs O(log n) in the requests of one way and the tenants of one priority, and O(1) in each way that
 * has requests.
 */
public final class PoolScheduler {
    /** After which a gate opens even if nothing was heard: breakers cool and vendors' budgets fill without a word. */
    static final long LONGEST_SHUT_NANOS = 1_000_000_000L;

    private final int maxInFlight;
    private final int maxWaiting;
    private final EnumMap<Priority, PriorityLane> lanes = new EnumMap<>(Priority.class);
    private final List<PriorityLane> turns = new ArrayList<>();
    private final Gates gates = new Gates();
    private final Map<TopicPartition, Integer> forgotten = new HashMap<>();
    private final Map<String, Integer> waitingByRoute = new HashMap<>();
    /** Each once; those that have gone meanwhile are passed over. At most those that wait. */
    private final Deque<Waiting> hastened = new ArrayDeque<>();
    private int turn;
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

    /**
     * @param shares weight and floor of each priority; weights positive, floors 0 to 1 with a sum of at most 1
     * @param maxInFlight most requests served at once; positive
     * @param maxWaiting most requests that wait, per priority, before further ones are refused; positive. Those that ran
     *        and wait again are taken beyond it, which are at most {@code maxInFlight}
     * @throws IllegalArgumentException for values outside of these
     */
    public PoolScheduler(Map<Priority, Pool.PriorityShare> shares, int maxInFlight, int maxWaiting) {
        if (shares.isEmpty() || maxInFlight < 1 || maxWaiting < 1) {
            throw new IllegalArgumentException("a pool needs a priority, a slot and room to wait");
        }
        double weights = 0;
        double floors = 0;
        for (Pool.PriorityShare share : shares.values()) {
            if (!(share.weight() > 0) || !(share.floor() >= 0)) {
                throw new IllegalArgumentException("weights must be positive and floors not negative: " + share);
            }
            weights += share.weight();
            floors += share.floor();
        }
        if (floors > 1 + 1e-9) {
            throw new IllegalArgumentException("the floors' sum is above 1: " + floors);
        }
        this.maxInFlight = maxInFlight;
        this.maxWaiting = maxWaiting;
        for (Map.Entry<Priority, Pool.PriorityShare> entry : new EnumMap<>(shares).entrySet()) {
            double quantum = PriorityLane.ROUND_COST_UNITS * entry.getValue().weight() / weights;
            int floorSlots = (int) Math.floor(entry.getValue().floor() * maxInFlight + 1e-9);
            PriorityLane lane = new PriorityLane(quantum, floorSlots);
            lanes.put(entry.getKey(), lane);
            turns.add(lane);
        }
    }

    /**
     * A request begins to wait.
     *
     * @param costUnits what serving it will cost, in the pool's unit (tokens by estimate); at least 1 is counted
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
        Way way = gates.way(task.deployments());
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
            PriorityLane owed = expired == null ? furthestBelowFloor() : null;
            PriorityLane lane = expired != null ? lane(expired.request()) : owed != null ? owed : nextInTurn();
            Waiting first = expired != null || lane == null ? expired : lane.tenants.first();
            if (lane == null || first == null) {
                return Optional.empty();
            }
            switch (ask.apply(first.task())) {
                case Readiness.Ready ready -> {
                    return Optional.of(start(lane, first, owed != null, nowMillis));
                }
                case Readiness.Busy busy -> {
                    Way way = shut(busy, nowNanos);
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
        for (PriorityLane lane : turns) {
            for (Waiting waiting : lane.tenants.picked(picked)) {
                if (!waiting.hastened) {
                    waiting.hastened = true;
                    lane.tenants.wake(waiting, gates.way(Set.of()));
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

    private Dispatch start(PriorityLane lane, Waiting waiting, boolean owed, long nowMillis) {
        lane.tenants.take(waiting);
        counted(waiting, -1);
        long charge = waiting.request().expiresAtMillis() <= nowMillis ? 0 : waiting.costUnits();
        if (owed) {
            lane.chargeFloor(charge);
        } else {
            lane.charge(charge);
        }
        inFlight++;
        return new Dispatch(waiting);
    }

    /** Whether a dispatched request may ask for its next call at once: it does not where others wait for room. */
    public boolean mayAsk(Dispatch dispatch) {
        return gates.way(dispatch.task().deployments()).isOpen();
    }

    /** A dispatched request was refused: it waits again, at its old place in time, and its slot is free. */
    public void refused(Dispatch dispatch, Readiness.Busy busy, long nowNanos) {
        Way way = shut(busy, nowNanos);
        if (release(dispatch)) {
            lane(dispatch.request()).tenants.add(dispatch.waiting(), way);
            noteExpiry(dispatch.waiting(), way);
        }
    }

    /** A dispatched request goes on later: it waits again, at its old place in time, and its slot is free. */
    public void again(Dispatch dispatch, Duration pause, long nowNanos) {
        if (release(dispatch)) {
            Waiting waiting = dispatch.waiting();
            waiting.pausedUntilNanos = nowNanos + pause.toNanos();
            lane(dispatch.request()).tenants.pause(waiting);
        }
    }

    /** Its slot is free; whether it may wait here. */
    private boolean release(Dispatch dispatch) {
        free(dispatch);
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
    public void finished(Dispatch dispatch, long costUnits) {
        free(dispatch);
        lane(dispatch.request()).tenants.settle(dispatch.request().request().getTenant(),
                costUnits - dispatch.costUnits());
    }

    private void free(Dispatch dispatch) {
        if (!dispatch.end()) {
            throw new IllegalStateException("finished twice: " + dispatch.request().ticket());
        }
        lane(dispatch.request()).inFlight--;
        inFlight--;
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

    /** When time alone lets a request go, monotonic ns; empty while no slot is free or nothing waits for a time. */
    public OptionalLong dueNanos(long nowMillis, long nowNanos) {
        if (inFlight >= maxInFlight) {
            return OptionalLong.empty();
        }
        long in = Long.MAX_VALUE;
        if (gates.anyShut()) {
            in = gates.dueNanos(nowNanos).orElseThrow() - nowNanos;
            if (firstExpiryMillis != Long.MAX_VALUE) {
                in = Math.min(in, Math.clamp(firstExpiryMillis - nowMillis, 1, 1_000) * 1_000_000L);
            }
        }
        for (PriorityLane lane : turns) {
            OptionalLong resumed = lane.tenants.nextResumedNanos();
            in = resumed.isEmpty() ? in : Math.min(in, resumed.getAsLong() - nowNanos);
        }
        return in == Long.MAX_VALUE ? OptionalLong.empty() : OptionalLong.of(nowNanos + Math.max(0, in));
    }

    /**
     * Drops the waiting requests of a partition under this and earlier epochs, and refuses them from now on.
     *
     * @return how many were dropped
     */
    public int forget(TopicPartition partition, int epoch) {
        forgotten.merge(partition, epoch, Math::max);
        int dropped = 0;
        for (PriorityLane lane : turns) {
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
        lanes.forEach((priority, lane) -> priorities.put(priority, lane.status()));
        return new SchedulerStatus(inFlight, maxInFlight, priorities);
    }

    /** Requests that wait for room at a deployment, among others perhaps. */
    public int waiting(DeploymentName deployment) {
        return gates.waiting(deployment);
    }

    /** Requests of a route that wait. */
    public int waiting(String route) {
        return waitingByRoute.getOrDefault(route, 0);
    }

    /** Whether a request of this priority would find room to wait. */
    public boolean hasRoom(Priority priority) {
        return lane(priority).tenants.size() < maxWaiting;
    }

    private boolean isForgotten(InboundRequest request) {
        return request.ticket().epoch() <= forgotten.getOrDefault(request.ticket().partition(), Integer.MIN_VALUE);
    }

    private void advance(long nowNanos) {
        gates.openDue(nowNanos);
        for (PriorityLane lane : turns) {
            for (Waiting resumed = lane.tenants.resumed(nowNanos); resumed != null; resumed = lane.tenants
                    .resumed(nowNanos)) {
                Way way = gates.way(resumed.task().deployments());
                lane.tenants.enqueue(resumed, way);
                noteExpiry(resumed, way);
            }
        }
    }

    private Way shut(Readiness.Busy busy, long nowNanos) {
        Way way = gates.shut(busy.deployments(), nowNanos + Math.clamp(busy.forNanos(), 1, LONGEST_SHUT_NANOS));
        firstExpiryMillis = Long.MIN_VALUE;
        return way;
    }

    private void noteExpiry(Waiting waiting, Way way) {
        if (!way.isOpen()) {
            firstExpiryMillis = Math.min(firstExpiryMillis, waiting.request().expiresAtMillis());
        }
    }

    /** A request whose time is up and whose way is shut, so that it would not be answered otherwise. */
    private @Nullable Waiting expired(long nowMillis) {
        if (!gates.anyShut() || nowMillis < firstExpiryMillis) {
            return null;
        }
        Waiting next = null;
        for (PriorityLane lane : turns) {
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
        return lane(request.lane().priority());
    }

    private PriorityLane lane(Priority priority) {
        PriorityLane lane = lanes.get(priority);
        if (lane == null) {
            throw new IllegalArgumentException("the pool has no priority " + priority.label());
        }
        return lane;
    }

    private @Nullable PriorityLane furthestBelowFloor() {
        PriorityLane furthest = null;
        for (PriorityLane lane : turns) {
            if (lane.slotsBelowFloor() > (furthest == null ? 0 : furthest.slotsBelowFloor()) && lane.hasWork()) {
                furthest = lane;
            }
        }
        return furthest;
    }

    /**
     * Whose turn it is. A lane serves while it has credit (it may go into debt by its last request), then the turn passes
     * and the next one earns its quantum. Where all are in debt, the rounds in which nobody could serve are given at once.
     */
    private @Nullable PriorityLane nextInTurn() {
        double roundsAhead = Double.POSITIVE_INFINITY;
        for (PriorityLane lane : turns) {
            if (lane.hasWork()) {
                roundsAhead = Math.min(roundsAhead, lane.roundsInDebt());
            }
        }
        if (roundsAhead == Double.POSITIVE_INFINITY) {
            return null;
        }
        while (!turns.get(turn).mayServe()) {
            turn = (turn + 1) % turns.size();
            if (turn == 0 && roundsAhead > 1) {
                double rounds = roundsAhead - 1;
                turns.forEach(lane -> lane.earn(rounds));
                roundsAhead = 0;
            }
            turns.get(turn).earn(1);
        }
        return turns.get(turn);
    }
}
