package dev.signalbox.system.capacity;

import dev.signalbox.dispatcher.capacity.Demand;
import dev.signalbox.dispatcher.capacity.Grant;
import dev.signalbox.dispatcher.capacity.PoolCapacity;
import dev.signalbox.schemas.Amounts;
import dev.signalbox.workers.capacity.Lease;
import dev.signalbox.workers.capacity.LeaseHolder;
import dev.signalbox.workers.capacity.PoolShare;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;

/** A worker as far as capacity goes: requests that wait, calls that run, what they count, and its lease. */
final class SimulatedLessee {
    private static final int MOST_WANTED = 40;
    /** After a refusal it calls nobody for that long. */
    private static final long PAUSE_MILLIS = 1_000;

    final String name;
    private final CapacityWorld world;
    private final LeaseHolder holder;
    /** Its monotonic clock is that much off. */
    private final long offMillis;
    private final Map<String, Side> sides = new LinkedHashMap<>();
    private final Map<Long, Long> sentMillis = new HashMap<>();
    private final List<Runnable> missed = new ArrayList<>();
    boolean alive = true;
    boolean frozen;
    /** Whether its group's coordinator counts it in. */
    boolean member = true;
    private boolean tells;
    private long inTouchMillis;
    private long toldMillis = Long.MIN_VALUE / 2;
    private long falseNo;
    private long throttlings;
    private long answers;
    private long throttledMillis = Long.MIN_VALUE / 2;
    private long pausedUntilMillis = Long.MIN_VALUE / 2;

    /** What it has of one pool. */
    private static final class Side {
        final PoolCapacity pool;
        final ArrayDeque<Waiting> waiting = new ArrayDeque<>();
        final VendorMeter inUse = new VendorMeter();
        double ownedPart;
        /** Whether it may make a call and has too little of a minute for it. */
        boolean idle;
        /** What a planted bug never gives up. */
        Amounts mostWanted = Amounts.NONE;

        Side(PoolCapacity pool) {
            this.pool = pool;
        }
    }

    private record Waiting(Amounts need, long sinceMillis) {
    }

    SimulatedLessee(String name, CapacityWorld world, long offMillis) {
        this.name = name;
        this.world = world;
        this.offMillis = offMillis;
        this.inTouchMillis = world.now();
        this.holder = new LeaseHolder(Duration.ofMillis(CapacityWorld.SESSION_MILLIS), nanos());
        world.capacity.pools().forEach(pool -> sides.put(pool.name(), new Side(pool)));
        tick();
    }

    private long nanos() {
        return (world.now() + offMillis) * 1_000_000;
    }

    /** Its coordinator assigned it that part of the partitions. */
    void owns(double part) {
        sides.values().forEach(side -> side.ownedPart = part);
        inTouchMillis = world.now();
    }

    boolean isMember() {
        return alive && member;
    }

    private List<PoolShare> shares() {
        return sides.values().stream().map(this::share).toList();
    }

    private PoolShare share(Side side) {
        boolean inTouch = world.now() - inTouchMillis < CapacityWorld.SESSION_MILLIS;
        return new PoolShare(side.pool.name(), side.pool.own(), inTouch ? side.ownedPart : 0);
    }

    private void tick() {
        if (alive) {
            if (!frozen) {
                shares().forEach(share -> holder.mayUse(share, nanos()));
                inTouchMillis = member ? world.now() : inTouchMillis;
                tell();
                start();
            }
            world.in(1_000, this::tick);
        }
    }

    /** Stopped for a while. Its coordinator waits for a session's length; then it has to come back as a new member. */
    void freeze(long forMillis) {
        if (frozen) {
            return;
        }
        frozen = true;
        if (forMillis >= CapacityWorld.SESSION_MILLIS) {
            world.in(CapacityWorld.SESSION_MILLIS, () -> {
                member = false;
                world.assign();
            });
            world.in(forMillis + 500, () -> {
                member = true;
                world.assign();
            });
        }
        world.in(forMillis, () -> {
            frozen = false;
            // What it may do by its stale knowledge comes first, the news after that.
            start();
            List<Runnable> late = List.copyOf(missed);
            missed.clear();
            late.forEach(Runnable::run);
        });
    }

    private void unlessFrozen(Runnable step) {
        if (frozen) {
            missed.add(step);
        } else if (alive) {
            step.run();
        }
    }

    void arrives(String pool, Amounts need) {
        unlessFrozen(() -> {
            side(pool).waiting.add(new Waiting(need, world.now()));
            start();
            soon(side(pool).waiting.size() == 1);
        });
    }

    void dropWaiting() {
        sides.values().forEach(side -> side.waiting.clear());
    }

    int waiting() {
        return sides.keySet().stream().mapToInt(this::waiting).sum();
    }

    int waiting(String pool) {
        return alive ? side(pool).waiting.size() : 0;
    }

    private Side side(String pool) {
        return Objects.requireNonNull(sides.get(pool));
    }

    /** Tells at once if there is reason to, at most each 100 ms. */
    private void soon(boolean reason) {
        if (reason && !tells) {
            tells = true;
            world.in(Math.max(0, 100 - (world.now() - toldMillis)), () -> unlessFrozen(() -> {
                tells = false;
                tell();
            }));
        }
    }

    private void tell() {
        toldMillis = world.now();
        long seq = holder.demanded(nanos());
        sentMillis.put(seq, world.now());
        long now = world.now();
        world.demand(new Demand(name, seq, holder.term(), holder.grantNo(), false,
                throttlings, answers, sides.values().stream().map(side -> demand(side, now)).toList()));
    }

    private Demand.OfPool demand(Side side, long now) {
        Amounts inUse = side.inUse.counts(now);
        Amounts wanted = inUse;
        Amounts largest = Amounts.NONE;
        int counted = 0;
        for (Waiting each : side.waiting) {
            if (counted++ == MOST_WANTED) {
                break;
            }
            wanted = wanted.plus(each.need);
            largest = largest.max(each.need);
        }
        if (world.bug == CapacityWorld.Bug.IDLE_IS_KEPT) {
            wanted = wanted.max(side.mostWanted);
            side.mostWanted = wanted;
        }
        PoolShare share = share(side);
        return new Demand.OfPool(side.pool.name(), share.ownedPart(), holder.mayUse(share, nanos()), inUse, wanted,
                largest, side.waiting.isEmpty() ? 0 : now - side.waiting.element().sinceMillis + 1);
    }

    void granted(Grant grant, long term) {
        unlessFrozen(() -> {
            if (grant.worker().equals(name)) {
                if (!grant.isOver()) {
                    take(grant, term);
                }
            } else {
                holder.grantedElsewhere(new Lease(world.bug == CapacityWorld.Bug.TERMS_ARE_IGNORED ? 0 : term,
                        grant.no(), grant.demandSeq(), grant.keeps(), world.rules.ttl(), world.capacity.drain(),
                        Map.of()), nanos());
            }
        });
    }

    private void take(Grant grant, long term) {
        Map<String, Amounts> mayUse = new HashMap<>();
        grant.pools().forEach((pool, granted) -> mayUse.put(pool, granted.mayUse()));
        Duration ttl = world.rules.ttl();
        if (world.bug == CapacityWorld.Bug.LEASE_FROM_RECEIPT) {
            ttl = ttl.plusMillis(world.now() - sentMillis.getOrDefault(grant.demandSeq(), world.now()));
        }
        boolean anyTerm = world.bug == CapacityWorld.Bug.TERMS_ARE_IGNORED;
        boolean first = holder.term() < term;
        Lease lease = new Lease(anyTerm ? Math.max(term, holder.term()) : term, anyTerm ? ++falseNo : grant.no(),
                grant.demandSeq(), grant.keeps(), ttl, world.capacity.drain(), mayUse);
        List<Amounts> before = shares().stream().map(share -> holder.mayUse(share, nanos())).toList();
        if (holder.granted(lease, shares(), nanos())) {
            start();
            List<Amounts> after = shares().stream().map(share -> holder.mayUse(share, nanos())).toList();
            boolean less = IntStream.range(0, after.size()).anyMatch(i -> !before.get(i).fitsIn(after.get(i)));
            soon(first || (less && !isOver()));
        }
    }

    /** Whether it uses more than it may: the dispatcher waits to hear that it does not. */
    private boolean isOver() {
        return sides.values().stream().anyMatch(side -> !side.inUse.counts(world.now())
                .fitsIn(holder.mayUse(share(side), nanos())));
    }

    private void start() {
        for (Side side : sides.values()) {
            while (alive && !frozen && !side.waiting.isEmpty() && world.now() >= pausedUntilMillis) {
                Waiting next = side.waiting.element();
                Amounts need = next.need;
                long begun = world.now();
                if (!side.inUse.counts(world.now()).plus(need).fitsIn(holder.mayUse(share(side), nanos()))) {
                    break;
                }
                side.waiting.remove();
                side.inUse.begins(need, world.now());
                world.begins(this, side.pool.name(), need, () -> unlessFrozen(() -> ended(side, begun)),
                        () -> unlessFrozen(() -> refused(side, next, begun)));
            }
            boolean idle = !side.waiting.isEmpty()
                    && side.inUse.counts(world.now()).calls() < holder.mayUse(share(side), nanos()).calls();
            soon(idle && !side.idle);
            side.idle = idle;
        }
    }

    private void refused(Side side, Waiting request, long begunMillis) {
        side.inUse.ends();
        side.waiting.addFirst(request);
        if (begunMillis > throttledMillis) {
            throttledMillis = world.now();
            pausedUntilMillis = world.now() + PAUSE_MILLIS;
            world.in(PAUSE_MILLIS, () -> unlessFrozen(this::start));
            throttlings++;
            soon(true);
        }
    }

    private void ended(Side side, long begunMillis) {
        boolean gaveUp = isOver();
        answers += begunMillis > throttledMillis ? 1 : 0;
        side.inUse.ends();
        start();
        soon(gaveUp && !isOver());
    }

}
