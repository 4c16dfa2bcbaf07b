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
import java.util.function.Predicate;

/** One seed: a storm in which only the limits are judged, then calm with more demand than there is capacity, judged for use. */
final class CapacityRun {
    private static final long STORM_MILLIS = 60_000;
    private static final long STEP_MILLIS = 100;
    private static final long MINUTE_MILLIS = 60_000;
    /** Most requests that wait at a worker. */
    private static final int BACKLOG = 60;
    private static final Amounts LARGEST = new Amounts(1, 1, 450, 220);
    /** How often demand goes elsewhere in the calm. */
    private static final int SHIFTS = 1;

    private final long seed;
    private final SplittableRandom random;
    private final CapacityWorld world;
    private final long calls;
    private final boolean stormy;
    private final long longestFreezeMillis;
    /** Who has work in the calm: all pools, or one of two, which may use what the other one leaves. */
    private List<PoolCapacity> busy;
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
                byMinute && random.nextBoolean() ? 20_000 : Amounts.UNLIMITED,
                byMinute && random.nextBoolean() ? 10_000 : Amounts.UNLIMITED);
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
        long at = settle(end);
        for (int shifts = 0; shifts < SHIFTS; shifts++) {
            at = shift(at);
        }
        return world.violation.isEmpty() ? "" : "seed " + seed + ": " + world.violation;
    }

    /** One pool may lack calls and the other one a minute's amounts: then each has all of its own, and of neither limit all is used. */
    private boolean onlyPartsTell() {
        return isByMinute() && busy.size() == 2;
    }

    private boolean isByMinute() {
        return world.capacity.limit().requests() != Amounts.UNLIMITED;
    }

    private Amounts need() {
        return new Amounts(1, 1, 50 + random.nextLong(LARGEST.inputTokens() - 50),
                20 + random.nextLong(LARGEST.outputTokens() - 20));
    }

    /** What one request is of the least that a pool has in a minute: less than that left over is of no use to it. */
    private double wholeRequest() {
        double most = 0;
        for (Amounts.Kind kind : List.of(Amounts.Kind.INPUT_TOKENS, Amounts.Kind.OUTPUT_TOKENS)) {
            for (PoolCapacity pool : busy) {
                if (pool.own().of(kind) != Amounts.UNLIMITED) {
                    most = Math.max(most, (double) LARGEST.of(kind) / pool.own().of(kind));
                }
            }
        }
        return most;
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
    private void fill(Predicate<SimulatedLessee> working) {
        world.workers.stream().filter(worker -> worker.alive && !worker.frozen && working.test(worker))
                .forEach(worker -> {
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
    private long settle(long stormEnd) {
        if (busy.size() < world.capacity.pools().size()) {
            world.workers.forEach(SimulatedLessee::dropWaiting);
        }
        long from = stormEnd + 2 * world.rules.ttl().toMillis()
                + (stormy ? longestFreezeMillis : 0)
                + (world.capacity.pools().size() > 1 ? 2 * drainMillis() : stormy ? drainMillis() : 0);
        return judge(stormEnd, from, worker -> true, true);
    }

    /**
     * Demand goes elsewhere: to one worker of all, to all of them, to a new one, to another pool. Within two lease terms what
     * others had is used by whoever has work now.
     */
    private long shift(long begin) {
        List<PoolCapacity> pools = world.capacity.pools();
        busy = pools.size() == 2 && random.nextInt(3) < 2 ? List.of(pools.get(random.nextInt(2))) : pools;
        List<SimulatedLessee> living = world.workers.stream().filter(worker -> worker.alive).toList();
        Set<SimulatedLessee> working = Set.copyOf(living);
        switch (random.nextInt(4)) {
            case 0, 1 -> working = Set.of(living.get(random.nextInt(living.size())));
            case 2 -> {
                SimulatedLessee another = world.newWorker();
                world.in(1_000, world::assign);
                working = random.nextBoolean() ? Set.of(another) : Set.copyOf(world.workers);
            }
            default -> {
            }
        }
        world.workers.forEach(SimulatedLessee::dropWaiting);
        long terms = begin + 2 * world.rules.ttl().toMillis();
        return onlyPartsTell()
                ? judge(begin, terms + 2 * drainMillis(), working::contains, true)
                : judge(begin, terms, working::contains, false);
    }

    /**
     * Those workers have more to do than there is capacity for.
     *
     * @param from when it is to be used; from then on it is measured, for 15 s, or a minute where something is limited by the minute
     * @param parts whether each pool's part is judged too; else no call may be left out for a term once one term has passed
     * @return until when
     */
    private long judge(long begin, long from, Predicate<SimulatedLessee> working, boolean parts) {
        long end = from + (isByMinute() ? MINUTE_MILLIS : 15_000);
        Map<String, Double> sums = new HashMap<>();
        double sum = 0;
        long steps = 0;
        long idleSince = -1;
        for (long at = begin; at < end && world.violation.isEmpty(); at += STEP_MILLIS) {
            fill(working);
            world.runUntil(at);
            overspent |= !world.violation.isEmpty();
            double usedNow = part(world.vendor.counts(at), busy.size() == 1
                    ? due(busy.getFirst())
                    : world.capacity.limit());
            if (at >= from) {
                steps++;
                sum += Math.min(1, usedNow);
                if (parts) {
                    for (PoolCapacity pool : busy) {
                        sums.merge(pool.name(), part(world.meter(pool.name()).counts(at), due(pool)), Double::sum);
                    }
                }
            }
            if (at >= from || (!parts && at >= begin + world.rules.ttl().toMillis())) {
                boolean idle = usedNow < 1 && !isByMinute();
                idleSince = idle ? (idleSince < 0 ? at : idleSince) : -1;
                idleMillis = Math.max(idleMillis, idleSince < 0 ? 0 : at - idleSince);
            }
        }
        used = onlyPartsTell() ? used : Math.min(used, sum / Math.max(1, steps));
        for (double ofPool : sums.values()) {
            used = Math.min(used, ofPool / Math.max(1, steps));
        }
        if (world.violation.isEmpty() && used < 0.9 - wholeRequest()) {
            world.violation = "only " + used + " was used, " + sums + " in " + steps + " steps until " + end + ", of "
                    + world.capacity + " with " + world.workers.stream().filter(worker -> worker.alive).count()
                    + " workers";
        }
        if (world.violation.isEmpty() && idleMillis > world.rules.ttl().toMillis()) {
            world.violation = "a call was not made for " + idleMillis + " ms while requests waited";
        }
        return end;
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
        return isByMinute() ? Math.max(calls, MINUTE_MILLIS + 5_000) : calls;
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
