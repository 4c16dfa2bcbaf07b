package dev.signalbox.workers.scheduler;

import dev.signalbox.config.Pool;
import dev.signalbox.schemas.Priority;
import dev.signalbox.workers.intake.InboundRequest;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * Decides which of a pool's waiting requests is served next. A pure model: one caller at a time, time as a parameter.
 *
 * <p>It is work-conserving: while a slot is free and anything waits, {@link #next} gives a request. Between priorities
 * the order is this:
 * <ol>
 * <li>a priority with work that has fewer calls than its floor of the pool's slots goes first, the one furthest below its
 * floor before the others;
 * <li>the rest is deficit round robin in cost units: each round gives a priority with work its weight's part, and it
 * spends that before the next one's turn. What the first rule gave is charged too, so weights hold in the long run.
 * </ol>
 * A floor keeps no slot idle: a priority below its floor takes the next slot that comes free. Inside a priority the order
 * is that of {@link TenantQueues}.
 *
 * <p>Each operation costs O(log n) in the requests of one tenant and the tenants of one priority.
 */
public final class PoolScheduler {
    private final int maxInFlight;
    private final int maxWaiting;
    private final EnumMap<Priority, PriorityLane> lanes = new EnumMap<>(Priority.class);
    private final List<PriorityLane> turns = new ArrayList<>();
    private final Map<TopicPartition, Integer> forgotten = new HashMap<>();
    private int turn;
    private int inFlight;
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
     * @param shares weight and floor of each priority; weights positive, floors 0 to 1 with a sum of at most 1
     * @param maxInFlight most requests served at once; positive
     * @param maxWaiting most requests that wait, per priority; positive
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
     * @param nowMillis ms on the broker's clock
     * @throws IllegalArgumentException if the pool has no such priority
     */
    public Offer offer(InboundRequest request, long costUnits, long nowMillis) {
        PriorityLane lane = lane(request.lane().priority());
        TopicPartition partition = request.ticket().partition();
        if (request.ticket().epoch() <= forgotten.getOrDefault(partition, Integer.MIN_VALUE)) {
            return Offer.FORGOTTEN;
        }
        if (lane.tenants.size() >= maxWaiting) {
            return Offer.FULL;
        }
        lane.tenants.add(new Waiting(request, Math.max(1, costUnits), arrivals++));
        return Offer.WAITING;
    }

    /**
     * The request to serve next, now in flight; empty if no slot is free or nothing waits. One whose time is up is handed out
     * as well, to be answered, but costs its priority nothing.
     *
     * @param nowMillis ms on the broker's clock
     */
    public Optional<Dispatch> next(long nowMillis) {
        if (inFlight >= maxInFlight) {
            return Optional.empty();
        }
        PriorityLane owed = furthestBelowFloor();
        PriorityLane lane = owed != null ? owed : nextInTurn();
        if (lane == null) {
            return Optional.empty();
        }
        Waiting waiting = lane.tenants.take();
        long charge = waiting.request().expiresAtMillis() <= nowMillis ? 0 : waiting.costUnits();
        if (owed != null) {
            lane.chargeFloor(charge);
        } else {
            lane.charge(charge);
        }
        inFlight++;
        return Optional.of(new Dispatch(waiting.request(), waiting.costUnits()));
    }

    /**
     * A dispatched request's slot is free again.
     *
     * @param costUnits what it did cost, which settles the estimate that its tenant was charged
     * @throws IllegalStateException if it was finished before
     */
    public void finished(Dispatch dispatch, long costUnits) {
        if (!dispatch.end()) {
            throw new IllegalStateException("finished twice: " + dispatch.request().ticket());
        }
        PriorityLane lane = lane(dispatch.request().lane().priority());
        lane.inFlight--;
        inFlight--;
        lane.tenants.settle(dispatch.request().request().getTenant(), costUnits - dispatch.costUnits());
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
            dropped += lane.tenants.forget(partition, epoch);
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

    /** Whether a request of this priority would find room to wait. */
    public boolean hasRoom(Priority priority) {
        return lane(priority).tenants.size() < maxWaiting;
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
            if (lane.hasWork() && lane.slotsBelowFloor() > (furthest == null ? 0 : furthest.slotsBelowFloor())) {
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
