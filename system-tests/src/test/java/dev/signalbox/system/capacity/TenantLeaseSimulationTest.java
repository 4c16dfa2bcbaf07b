package dev.signalbox.system.capacity;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.system.capacity.TenantFleet.Bug;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A tenant's limit of calls at once over workers that die and join, dispatchers that die and come back with what they granted or
 * without, limits that change, records that are late and come twice: the whole fleet never begins a call beyond the limit while the
 * dispatcher is heard; and once all is calm at least 90 % of it is used, and each worker has its turn.
 */
@Tag("issue-6")
class TenantLeaseSimulationTest {
    private static final int SHORT_SEEDS = 200;
    private static final int LONG_SEEDS = 5_000;
    private static final int UNTIL_FOUND = 500;
    private static final int MOST_SHOWN = 10;
    private static final long STORM_MILLIS = 90_000;
    /** After a storm: what it left has ended, and is granted anew. */
    private static final long SETTLING_MILLIS = 30_000;
    private static final long CALM_MILLIS = 60_000;
    private static final long STEP_MILLIS = 100;
    private static final double LEAST_USED = 0.9;
    /** For how long a worker keeps its turn. */
    private static final long TURN_MILLIS = TenantFleet.RULES.hold().toMillis();
    private static final long MOVING_MILLIS = 1_000;

    /** One seed. */
    private static final class Run {
        private final long seed;
        private final SplittableRandom random;
        private final TenantFleet fleet;
        private final long longestMillis;
        double used;
        double turns;

        Run(long seed, Bug bug) {
            this.seed = seed;
            this.random = new SplittableRandom(seed);
            this.longestMillis = 300 + random.nextLong(random.nextBoolean() ? 1_000 : 5_000);
            this.fleet = new TenantFleet(random, bug, 1 + random.nextInt(10));
        }

        private void load(int mostWaiting, double chance) {
            for (TenantWorker worker : fleet.workers) {
                while (worker.waiting < mostWaiting && random.nextDouble() < chance) {
                    worker.arrives(100 + random.nextLong(longestMillis - 100));
                }
            }
        }

        private void trouble() {
            if (random.nextInt(100) == 0 && fleet.workers.size() > 1) {
                fleet.kill(fleet.workers.get(random.nextInt(fleet.workers.size())));
            }
            if (random.nextInt(100) == 0 && fleet.workers.size() < 5) {
                fleet.newWorker();
            }
            if (random.nextInt(150) == 0 && fleet.hasDispatcher()) {
                fleet.replaceDispatcher(
                        random.nextInt(4) == 0 ? 5_000 + random.nextLong(15_000) : random.nextLong(3_000),
                        random.nextBoolean());
            }
            if (random.nextInt(200) == 0) {
                fleet.limit(1 + random.nextInt(10), longestMillis + 20_000);
            }
        }

        String judged() {
            for (int i = 3 + random.nextInt(3); i > 0; i--) {
                fleet.newWorker();
            }
            double chance = random.nextBoolean() ? 0.5 : 0.02;
            long begin = fleet.now();
            for (long at = begin; at < begin + STORM_MILLIS && fleet.violation.isEmpty(); at += STEP_MILLIS) {
                load(30, chance);
                trouble();
                fleet.runUntil(at);
            }
            while (fleet.workers.size() < 3) {
                fleet.newWorker();
            }
            fleet.calm = true;
            settle(fleet.now() + SETTLING_MILLIS);
            fleet.workers.forEach(TenantWorker::judgedFromNow);
            long from = fleet.now();
            long ran = 0;
            int limit = fleet.limit;
            for (long at = from + STEP_MILLIS; at <= from + CALM_MILLIS
                    && fleet.violation.isEmpty(); at += STEP_MILLIS) {
                load(30, 1);
                fleet.runUntil(at);
                ran += fleet.workers.stream().mapToInt(worker -> worker.running).sum();
            }
            used = (double) ran / limit / (CALM_MILLIS / STEP_MILLIS);
            long waited = fleet.workers.stream().mapToLong(worker -> worker.longestMillis).max().orElse(0);
            long turn = TURN_MILLIS + longestMillis + MOVING_MILLIS;
            turns = (double) waited / turn;
            String found = !fleet.violation.isEmpty()
                    ? fleet.violation
                    : used < LEAST_USED
                            ? String.format(Locale.ROOT, "%.1f %% of %d used by %d workers", used * 100, limit,
                                    fleet.workers.size())
                            : turns > fleet.workers.size() + 1
                                    ? waited + " ms without a call, a turn takes " + turn
                                    : "";
            return found.isEmpty() ? "" : "seed " + seed + ": " + found;
        }

        private void settle(long until) {
            for (long at = fleet.now(); at < until && fleet.violation.isEmpty(); at += STEP_MILLIS) {
                load(30, 1);
                fleet.runUntil(at);
            }
        }
    }

    private record Judged(String found, double used, double turns, long judged) {
        static Judged of(long seed) {
            Run run = new Run(seed, Bug.NONE);
            return new Judged(run.judged(), run.used, run.turns, run.fleet.judged);
        }
    }

    private static void run(int seeds) {
        List<Judged> judged = LongStream.rangeClosed(1, seeds).parallel().mapToObj(Judged::of).toList();
        assertThat(judged.stream().map(Judged::found).filter(found -> !found.isEmpty()).limit(MOST_SHOWN)).isEmpty();
        System.out.printf(Locale.ROOT,
                "tenant leases: %d seeds, %d calls begun by leases, none beyond the limit; least use %.1f %%, longest wait %.1f turns%n",
                seeds, judged.stream().mapToLong(Judged::judged).sum(),
                judged.stream().mapToDouble(Judged::used).min().orElse(0) * 100,
                judged.stream().mapToDouble(Judged::turns).max().orElse(0));
    }

    @Test
    void aTenantsCallsAtOnceNeverExceedHisLimitAndUseIt() {
        run(SHORT_SEEDS);
    }

    @Test
    @Tag("long")
    void aTenantsCallsAtOnceNeverExceedHisLimitForThousandsOfSeeds() {
        run(LONG_SEEDS);
    }

    @ParameterizedTest
    @EnumSource(value = Bug.class, mode = EnumSource.Mode.EXCLUDE, names = "NONE")
    void aPlantedBugIsFound(Bug bug) {
        for (long seed = 1; seed <= UNTIL_FOUND; seed++) {
            Run run = new Run(seed, bug);
            run.judged();
            if (!run.fleet.violation.isEmpty()) {
                System.out.printf("tenant leases: %s found by seed %d: %s%n", bug, seed, run.fleet.violation);
                return;
            }
        }
        throw new AssertionError(bug + " was not found in " + UNTIL_FOUND + " seeds");
    }
}
