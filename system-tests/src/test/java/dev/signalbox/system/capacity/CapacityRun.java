package dev.signalbox.system.capacity;

import dev.signalbox.dispatcher.capacity.DeploymentCapacity;
import dev.signalbox.dispatcher.capacity.PoolCapacity;
import dev.signalbox.schemas.Amounts;
import dev.signalbox.system.capacity.CapacityWorld.Bug;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;

/** One seed: a storm in which only the limits are judged, then calm with more demand than there is capacity, judged for use. */
final class CapacityRun {
    private static final long STORM_MILLIS = 60_000;
    private static final long STEP_MILLIS = 100;
    /** Most requests that wait at a worker. */
    private static final int BACKLOG = 60;

    private final long seed;
    private final SplittableRandom random;
    private final CapacityWorld world;
    private final long calls;
    private final boolean stormy;
    private final long longestFreezeMillis;
    /** Who has work in the calm: all pools, or one of two, which may use what the other one leaves. */
    private final List<PoolCapacity> busy;
    /** Least part of the limit that was used in the calm, and the longest that a permit lay idle while work waited, ms. */
    double used = 1;
    long idleMillis;
    /** Whether a limit was exceeded. */
    boolean overspent;

    CapacityRun(long seed, Bug bug) {
        this.seed = seed;
        this.random = new SplittableRandom(seed);
        this.stormy = random.nextInt(4) > 0;
        this.longestFreezeMillis = random.nextInt(8) == 0 ? 100_000 : 25_000;
        this.calls = 1 + random.nextInt(random.nextBoolean() ? 4 : 30);
        boolean byMinute = random.nextInt(3) == 0;
        Amounts limit = new Amounts(calls, byMinute ? 30 + random.nextInt(200) : Amounts.UNLIMITED,
                byMinute && random.nextBoolean() ? 20_000 : Amounts.UNLIMITED, Amounts.UNLIMITED);
        this.world = new CapacityWorld(seed, random, bug, new DeploymentCapacity(limit, pools(limit), Duration.ofMillis(
                200 + random.nextLong(random.nextBoolean() ? 1_000 : 15_000))));
        List<PoolCapacity> pools = world.capacity.pools();
        int only = new SplittableRandom(~seed).nextInt(3);
        this.busy = pools.size() == 2 && only < 2 ? List.of(pools.get(only)) : pools;
    }

    /** One, or one that borrows from another and lends to it. */
    private List<PoolCapacity> pools(Amounts limit) {
        if (calls < 2 || random.nextInt(3) > 0) {
            return List.of(new PoolCapacity("main", limit, false, 0, Set.of()));
        }
        Amounts higher = limit.times(0.6).max(new Amounts(1, 1, 1, 0));
        return List.of(new PoolCapacity("higher", higher, true, 0.1, Set.of("lower")),
                new PoolCapacity("lower", Amounts.ofEach(kind -> limit.minus(higher).of(kind)), false, 0, Set.of()));
    }

    private String anyPool() {
        return world.capacity.pools().get(random.nextInt(world.capacity.pools().size())).name();
    }

    /** What did not hold, or nothing. */
    String judged() {
        int workers = 1 + random.nextInt(5);
        for (int i = 0; i < workers; i++) {
            world.newWorker();
        }
        world.assign();
        world.runUntil(1);
        long end = STORM_MILLIS;
        for (long at = STEP_MILLIS; at < end && world.violation.isEmpty(); at += STEP_MILLIS) {
            load(0.5);
            if (stormy && at > 15_000) {
                world.calm = false;
                trouble();
            }
            world.runUntil(at);
        }
        world.calm = true;
        overspent = !world.violation.isEmpty();
        settle(end);
        return world.violation.isEmpty() ? "" : "seed " + seed + ": " + world.violation;
    }

    private Amounts need() {
        return new Amounts(1, 1, 50 + random.nextInt(400), 0);
    }

    /** @param often how often a worker that is drawn gets work, 0 to 1 */
    private void load(double often) {
        for (SimulatedLessee worker : world.workers) {
            if (worker.alive && !worker.frozen && random.nextDouble() < often && worker.waiting() < BACKLOG) {
                String pool = anyPool();
                for (int n = random.nextInt(4); n > 0; n--) {
                    worker.arrives(pool, need());
                }
            }
        }
        if (random.nextInt(200) == 0 && !world.workers.isEmpty()) {
            world.workers.get(random.nextInt(world.workers.size())).dropWaiting();
        }
    }

    /** More than there is capacity for. */
    private void fill() {
        world.workers.stream().filter(worker -> worker.alive && !worker.frozen).forEach(worker -> {
            for (PoolCapacity pool : busy) {
                for (int n = BACKLOG - worker.waiting(pool.name()); n > 0; n--) {
                    worker.arrives(pool.name(), need());
                }
            }
        });
    }

    private void trouble() {
        List<SimulatedLessee> living = world.workers.stream().filter(worker -> worker.alive).toList();
        switch (random.nextInt(150)) {
            case 0 -> world.kill(living.get(random.nextInt(living.size())));
            case 1, 2 ->
                living.get(random.nextInt(living.size())).freeze(1_000 + random.nextLong(longestFreezeMillis - 1_000));
            case 3, 4 -> world.replaceDispatcher(random.nextLong(12_000), random.nextBoolean());
            case 5 -> {
                world.replaceDispatcher(random.nextLong(4_000), random.nextBoolean());
                world.kill(living.get(random.nextInt(living.size())));
            }
            case 6, 7 -> {
                if (living.size() < 6) {
                    world.newWorker();
                    world.in(1_000, world::assign);
                }
            }
            default -> {
            }
        }
        if (world.workers.stream().noneMatch(worker -> worker.alive)) {
            world.newWorker();
            world.in(CapacityWorld.SESSION_MILLIS + 1, world::assign);
        }
    }

    /**
     * The limit is used from two lease terms on; by each pool its own part when a minute that was lent has passed. After
     * a storm all that it left has to be over first: what the last ones that died may have been using has drained.
     */
    private void settle(long stormEnd) {
        if (busy.size() < world.capacity.pools().size()) {
            world.workers.forEach(SimulatedLessee::dropWaiting);
        }
        long from = stormEnd + 2 * world.rules.ttl().toMillis()
                + (stormy ? longestFreezeMillis : 0)
                + (world.capacity.pools().size() > 1 ? 2 * drainMillis() : stormy ? drainMillis() : 0);
        long end = from + 15_000;
        Map<String, Double> sums = new HashMap<>();
        long steps = 0;
        long idleSince = -1;
        for (long at = stormEnd; at < end && world.violation.isEmpty(); at += STEP_MILLIS) {
            fill();
            world.runUntil(at);
            overspent |= !world.violation.isEmpty();
            if (at >= from) {
                for (PoolCapacity pool : busy) {
                    sums.merge(pool.name(), part(world.meter(pool.name()).counts(at), due(pool)), Double::sum);
                }
                steps++;
                boolean idle = part(world.vendor.counts(at), busy.size() == 1
                        ? due(busy.getFirst())
                        : world.capacity.limit()) < 1
                        && world.capacity.limit().requests() == Amounts.UNLIMITED;
                idleSince = idle ? (idleSince < 0 ? at : idleSince) : -1;
                idleMillis = Math.max(idleMillis, idleSince < 0 ? 0 : at - idleSince);
            }
        }
        for (double sum : sums.values()) {
            used = Math.min(used, sum / Math.max(1, steps));
        }
        if (world.violation.isEmpty() && used < 0.9) {
            world.violation = "only " + used + " of a pool's part was used, " + sums + " in " + steps + " steps, of "
                    + world.capacity + " with " + world.workers.stream().filter(worker -> worker.alive).count()
                    + " workers";
        }
        if (world.violation.isEmpty() && idleMillis > world.rules.ttl().toMillis()) {
            world.violation = "a call was not made for " + idleMillis + " ms while requests waited";
        }
    }

    /** What a pool can use: its own, and where it alone has work all that the other one may lend. */
    private Amounts due(PoolCapacity pool) {
        Amounts due = world.capacity.pools().equals(busy) ? pool.own() : world.capacity.limit();
        for (PoolCapacity other : world.capacity.pools()) {
            if (!busy.contains(other) && !pool.borrowsFrom().contains(other.name())) {
                due = due.minus(other.lendsIdle() ? other.own().atLeastTimes(other.reserve()) : other.own());
            }
        }
        return due;
    }

    /** How long what is limited may count after a lease. */
    private long drainMillis() {
        long calls = world.capacity.longestCall().toMillis() + 5_000;
        return world.capacity.limit().requests() == Amounts.UNLIMITED ? calls : Math.max(calls, 65_000);
    }

    /** Of the limit that binds. */
    private static double part(Amounts counts, Amounts limit) {
        double part = 0;
        for (Amounts.Kind kind : Amounts.Kind.values()) {
            if (limit.of(kind) != Amounts.UNLIMITED) {
                part = Math.max(part, (double) counts.of(kind) / limit.of(kind));
            }
        }
        return part;
    }
}
