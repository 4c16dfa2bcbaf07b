package dev.signalbox.workers.scheduler;

import dev.signalbox.config.Pool;
import dev.signalbox.schemas.Priority;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A pool's priorities, and whose turn it is:
 * <ol>
 * <li>a priority with work that has fewer than its floor's part of the pool's calls goes first, the one furthest below its
 * floor before the others; the part is of the calls that run, not of the slots, so that it means the same where
 * deployments are scarce;
 * <li>the rest is deficit round robin in cost units: each round gives a priority with work its weight's part, and it
 * spends that before the next one's turn. What the first rule gave is charged too, so weights hold in the long run.
 * </ol>
 * A floor keeps no slot idle: a priority below its floor takes the next slot that comes free.
 *
 * <p>Starvation is bounded: between two services of a priority with work the others get at most as many rounds as its
 * largest request is of its quantum, and two more, plus a largest request each (its quantum is its weight's part of
 * {@value PriorityLane#ROUND_COST_UNITS} cost units, what a round gives out).
 */
final class PriorityTurns {
    private final EnumMap<Priority, PriorityLane> lanes = new EnumMap<>(Priority.class);
    private final List<PriorityLane> turns = new ArrayList<>();
    private int turn;

    /**
     * @param queues a priority's own
     * @param gates those that it goes through
     * @throws IllegalArgumentException for weights that are not positive, or floors that are negative or above 1 together
     */
    PriorityTurns(Map<Priority, Pool.PriorityShare> shares, Function<Priority, TenantQueues> queues,
            Function<Priority, Gates> gates) {
        double weights = weights(shares);
        for (Map.Entry<Priority, Pool.PriorityShare> entry : new EnumMap<>(shares).entrySet()) {
            Priority priority = entry.getKey();
            PriorityLane lane = new PriorityLane(quantum(entry.getValue(), weights), entry.getValue().floor(),
                    queues.apply(priority), gates.apply(priority));
            lanes.put(priority, lane);
            turns.add(lane);
        }
    }

    private static double weights(Map<Priority, Pool.PriorityShare> shares) {
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
        return weights;
    }

    private static double quantum(Pool.PriorityShare share, double weights) {
        return PriorityLane.ROUND_COST_UNITS * share.weight() / weights;
    }

    /**
     * Other weights and floors of the same priorities, from the next turn on; who waits keeps his place.
     *
     * @throws IllegalArgumentException as the constructor, and for other priorities; nothing has changed then
     */
    void reweigh(Map<Priority, Pool.PriorityShare> shares) {
        if (!shares.keySet().equals(lanes.keySet())) {
            throw new IllegalArgumentException(
                    "the pool has the priorities " + lanes.keySet() + ", not " + shares.keySet());
        }
        double weights = weights(shares);
        shares.forEach((priority, share) -> of(priority).reweigh(quantum(share, weights), share.floor()));
    }

    /** Highest priority first. */
    List<PriorityLane> all() {
        return turns;
    }

    Map<Priority, PriorityLane> byPriority() {
        return lanes;
    }

    PriorityLane of(Priority priority) {
        PriorityLane lane = lanes.get(priority);
        if (lane == null) {
            throw new IllegalArgumentException("the pool has no priority " + priority.label());
        }
        return lane;
    }

    /** @param inFlight calls of all priorities */
    @Nullable
    PriorityLane furthestBelowFloor(int inFlight) {
        PriorityLane furthest = null;
        int most = 0;
        for (PriorityLane lane : turns) {
            int below = lane.slotsBelowFloor(inFlight + 1);
            if (below > most && lane.hasWork()) {
                furthest = lane;
                most = below;
            }
        }
        return furthest;
    }

    /**
     * Whose turn it is. A lane serves while it has credit (it may go into debt by its last request), then the turn passes
     * and the next one earns its quantum. Where all are in debt, the rounds in which nobody could serve are given at once.
     */
    @Nullable
    PriorityLane next() {
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
