package dev.signalbox.workers;

import dev.signalbox.config.WorkerSettings;
import dev.signalbox.workers.intake.LaneBounds;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** What a seed of {@link WaitingWorld} is made of. */
final class WaitingPlan {
    /** A mechanism that is left out, to show that the simulation would see it. */
    enum Bug {
        NONE,
        PARKING_MOVES_NOTHING,
        RETRY_BEFORE_ITS_TIME,
        BYTES_NOT_COUNTED,
        FIRST_ENQUEUE_LOST,
        NEVER_RESUMES,
        CANCELS_UNHEARD,
        NOTHING_IS_READ_ON,
        RETRIES_ARE_NOT_EXPECTED,
        RETRY_FIRST,
        RETRIES_PASS_THE_PARKED,
        EACH_ROUTE_HAS_A_LINE_OF_ITS_OWN,
        PARKED_COME_BACK_BY_AGE
    }

    final int partitions;
    final long stormMillis;
    final WorkerSettings settings;
    final LaneBounds bounds;
    final List<WaitingRoute> routes = new ArrayList<>();
    final int tenants;
    final int largestBytes;
    final boolean shortLived;
    /** Whether the first tenant sends nine of ten requests, to a route that is down for a while and has little room after that. */
    final boolean flooded;

    WaitingPlan(SplittableRandom random, Bug bug) {
        partitions = 1 + random.nextInt(4);
        stormMillis = random.nextInt(5_000, 11_000);
        int inFlight = random.nextInt(6, 30);
        int buffer = random.nextInt(30, 150);
        long bytes = random.nextBoolean() ? 16L << 20 : random.nextLong(600_000, 2_000_000);
        settings = new WorkerSettings(inFlight, buffer, bytes);
        LaneBounds usual = LaneBounds.of(settings);
        bounds = bug == Bug.NEVER_RESUMES
                ? new LaneBounds(usual.pauseRecords(), -1, usual.pauseBytes(), -1, usual.maxPollRecords(),
                        usual.fetchBytes(), usual.partitionFetchBytes())
                : usual;
        tenants = random.nextInt(1, 4);
        largestBytes = random.nextBoolean() ? 2_000 : 30_000;
        shortLived = random.nextInt(4) == 0;
        flooded = false;
        int count = random.nextInt(2, 5);
        for (int i = 0; i < count; i++) {
            routes.add(new WaitingRoute("r" + i, random, stormMillis, inFlight));
        }
    }

    private WaitingPlan(SplittableRandom random) {
        partitions = 1 + random.nextInt(4);
        stormMillis = random.nextInt(8_000, 15_000);
        settings = new WorkerSettings(random.nextInt(20, 60), random.nextInt(400, 1_000), 64L << 20);
        bounds = LaneBounds.of(settings);
        tenants = random.nextInt(3, 12);
        largestBytes = 2_000;
        shortLived = false;
        flooded = true;
        routes.add(WaitingRoute.scarce("r0", random, stormMillis));
        routes.add(WaitingRoute.open("r1", random));
    }

    /** One with a tenant who floods a route. */
    static WaitingPlan flooded(SplittableRandom random) {
        return new WaitingPlan(random);
    }

    /** Whose next request is. */
    int tenant(SplittableRandom random) {
        return flooded && random.nextInt(10) > 0 ? 0 : random.nextInt(tenants);
    }

    /** The same time to live for all of a tenant's, so that the earliest deadline is the first that came. */
    long timeToLiveMillis(int tenant) {
        return flooded ? 900_000L : (shortLived ? 4_000L : 15_000L) * (1 + tenant);
    }

    @Override
    public String toString() {
        return partitions + " partitions, " + settings + ", " + bounds + ", " + tenants + " tenants, at most "
                + largestBytes + " bytes, storm of " + stormMillis + " ms, " + routes;
    }
}
