package dev.signalbox.system.capacity;

import dev.signalbox.dispatcher.capacity.DeploymentCapacity;
import dev.signalbox.dispatcher.capacity.PoolCapacity;
import dev.signalbox.schemas.Amounts;
import dev.signalbox.system.capacity.CapacityWorld.Bug;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * One seed: a fleet with more demand than there is capacity, whose vendor takes fewer calls at once than configured for a while
 * and refuses the others.
 */
final class RefusingVendorRun {
    private static final long STEP_MILLIS = 100;
    private static final long REFUSES_FROM_MILLIS = 20_000;
    private static final long REFUSES_MILLIS = 60_000;
    private static final long BACK_MILLIS = 90_000;
    private static final int BACKLOG = 60;
    private static final double MOST_REFUSED = 0.2;
    private static final double LEAST_USED = 0.6;

    private final long seed;
    private final CapacityWorld world;
    private final long calls;
    private final long takes;
    /** How long after the vendor began to refuse calls no more than it takes and a tenth of the limit was granted. */
    long loweredMillis = -1;
    /** Part of all calls that were refused, once that was so. */
    double refused;
    /** Part of what the vendor takes that was used then. */
    double used;
    /** How long after it takes all calls again all are granted. */
    long backMillis = -1;

    RefusingVendorRun(long seed, Bug bug) {
        this.seed = seed;
        SplittableRandom random = new SplittableRandom(seed);
        this.calls = 10 + random.nextInt(50);
        this.takes = Math.round(calls * (0.5 + 0.4 * random.nextDouble()));
        Amounts limit = new Amounts(calls, Amounts.UNLIMITED, Amounts.UNLIMITED, Amounts.UNLIMITED);
        this.world = new CapacityWorld(seed, random, bug, new DeploymentCapacity(limit,
                List.of(new PoolCapacity("main", limit, false, 0, Set.of())),
                Duration.ofMillis(1_000 + random.nextLong(4_000))));
        int workers = 2 + random.nextInt(4);
        for (int i = 0; i < workers; i++) {
            world.newWorker();
        }
        world.assign();
    }

    private void run(long fromMillis, long untilMillis, Runnable look) {
        for (long at = fromMillis; at < untilMillis && world.violation.isEmpty() && backMillis < 0; at += STEP_MILLIS) {
            world.workers.forEach(worker -> {
                for (int n = BACKLOG - worker.waiting(); n > 0; n--) {
                    worker.arrives("main", new Amounts(1, 1, 100, 0));
                }
            });
            world.runUntil(at);
            look.run();
        }
    }

    /** What did not hold, or nothing. */
    String judged() {
        run(1, REFUSES_FROM_MILLIS, () -> {
        });
        world.takesCalls = takes;
        long heeds = 2 * world.rules.ttl().toMillis() + 3_000;
        run(REFUSES_FROM_MILLIS, REFUSES_FROM_MILLIS + heeds, () -> {
            if (loweredMillis < 0 && world.granted() <= takes + calls / 10) {
                loweredMillis = world.now() - REFUSES_FROM_MILLIS;
            }
        });
        long refusedBefore = world.refused;
        long begunBefore = world.begun;
        long[] running = new long[2];
        long end = REFUSES_FROM_MILLIS + heeds + REFUSES_MILLIS;
        run(REFUSES_FROM_MILLIS + heeds, end, () -> {
            running[0] += world.vendor.counts(world.now()).calls();
            running[1]++;
        });
        used = (double) running[0] / running[1] / takes;
        refused = (double) (world.refused - refusedBefore)
                / (world.refused - refusedBefore + world.begun - begunBefore);
        world.takesCalls = Amounts.UNLIMITED;
        run(end, end + BACK_MILLIS, () -> {
            if (world.granted() == calls) {
                backMillis = world.now() - end;
            }
        });
        return world.violation.isEmpty() ? verdict() : "seed " + seed + ": " + world.violation;
    }

    private String verdict() {
        String what = "seed " + seed + ": of " + calls + " calls the vendor takes " + takes + ": ";
        if (loweredMillis < 0) {
            return what + "a tenth more is granted two lease terms later";
        }
        if (refused > MOST_REFUSED) {
            return what + refused + " of all are refused";
        }
        if (used < LEAST_USED) {
            return what + "only " + used + " of them was used";
        }
        return backMillis < 0 ? what + "only " + world.granted() + " are granted when it takes all" : "";
    }
}
