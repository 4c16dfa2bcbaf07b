package dev.signalbox.cli.whatif;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.Deployment;
import dev.signalbox.config.DeploymentName;
import dev.signalbox.config.Pool;
import dev.signalbox.schemas.Amounts;
import dev.signalbox.schemas.PoolName;
import java.time.Duration;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;

/**
 * What a load would have seen by a configuration, on a virtual clock: scheduler, permit desk (routing, breakers, limits),
 * leases of deployments and of tenants' calls and their allocator, tenants' sums and diversion are the ones that serve; Kafka's and HTTP's own time and what the
 * fleet tells of vendors' health are left out.
 */
final class WhatIf {
    /** Within which workers get their first leases. */
    private static final long WARM_UP_NANOS = Duration.ofSeconds(15).toNanos();
    private static final int POINTS = 240;

    private final Configuration configuration;
    private final List<LoadRequest> load;
    private final VirtualTime time = new VirtualTime(WARM_UP_NANOS);
    private final List<WhatIfWorker> workers = new ArrayList<>();
    private final Assignment assignment;
    private final WhatIfWorker.Fleet fleet;
    private final SplittableRandom random;
    private final TenantWaits tenantWaits;
    private final Observations seen;
    private final WhatIfRequest.Run run;
    private final Series answered = new Series();
    private final Series waiting = new Series();
    private final Series running = new Series();
    private final Series borrowed = new Series();
    private final Series waits = new Series();
    private final Series diverted = new Series();
    private final long lengthNanos;
    private Map<String, Long> answeredBefore = Map.of();

    /**
     * What came out.
     *
     * @param lengthNanos from the first arrival to the last
     * @param endNanos until the last request had ended, or it was broken off
     * @param open requests that had not ended then
     * @param answered a second, by pool and priority
     * @param waiting requests, by pool
     * @param running calls, by deployment
     * @param borrowed calls at once that a pool might make on others' parts, by pool and lender
     * @param waits the longest for a first call, s, by tenant: those with most tokens, as many as a plot has curves
     * @param diverted requests on overflow topics that no worker had read yet, by tenant
     */
    record Outcome(Observations seen, long lengthNanos, long endNanos, int open, Series answered, Series waiting,
            Series running, Series borrowed, Series waits, Series diverted) {
    }

    /** @param workersOf how many serve each pool; by default one serves all that are not named */
    WhatIf(Configuration configuration, List<LoadRequest> load, Vendors vendors, Map<PoolName, Integer> workersOf,
            int workersOfOthers, long seed, LocalDate day) {
        this.configuration = configuration;
        this.load = load;
        this.random = new SplittableRandom(seed);
        this.lengthNanos = load.isEmpty() ? 0 : load.getLast().atNanos();
        this.tenantWaits = new TenantWaits(TenantWaits.largest(load, LinePlot.MOST_CURVES));
        this.seen = new Observations(configuration.prices(), day, tenantWaits);
        this.run = new WhatIfRequest.Run(time, vendors, seen, random.split(), day);
        this.assignment = new Assignment(configuration);
        this.fleet = new WhatIfWorker.Fleet(configuration, time, new Allocator(configuration, time, workers),
                new TenantSums(time, workers), seen.diverted());
        workersOf.forEach((pool, count) -> hire(pool + "-", List.of(pool), count));
        List<PoolName> others = configuration.pools().stream().map(Pool::name)
                .filter(pool -> !workersOf.containsKey(pool)).toList();
        hire("worker-", others, others.isEmpty() ? 0 : workersOfOthers);
    }

    /** So many that serve these pools, each pool by its partitions. */
    private void hire(String prefix, List<PoolName> pools, int count) {
        for (int i = 0; i < count; i++) {
            List<Integer> owned = assignment.owned(i, count);
            WhatIfWorker worker = new WhatIfWorker(prefix + (i + 1), Set.copyOf(pools), owned, fleet,
                    (double) i / count, random.split());
            workers.add(worker);
            pools.forEach(pool -> assignment.serves(pool, worker));
        }
    }

    /** @param longest after the last arrival, until it is broken off */
    Outcome run(Duration longest) {
        for (int i = 0; i < load.size(); i++) {
            LoadRequest each = load.get(i);
            int number = i;
            time.at(VirtualTime.BEGIN_NANOS + each.atNanos(), () -> arrive(each, number));
        }
        long point = Math.max(Duration.ofSeconds(1).toNanos(), lengthNanos / POINTS);
        time.at(VirtualTime.BEGIN_NANOS, () -> look(point));
        long last = VirtualTime.BEGIN_NANOS + lengthNanos + longest.toNanos();
        long arrived = VirtualTime.BEGIN_NANOS + lengthNanos;
        while (time.step(last) && (time.nanos() <= arrived || seen.open() > 0)) {
            // What happens schedules what follows.
        }
        if (time.sinceBegin() / 1e9 > waits.seconds().getLast()) {
            waits.at(time.sinceBegin() / 1e9, tenantWaits.look(time.nanos()));
        }
        return new Outcome(seen, lengthNanos, time.sinceBegin(), seen.open(), answered, waiting, running, borrowed,
                waits, diverted);
    }

    private void arrive(LoadRequest each, int number) {
        seen.arrived(each);
        int partition = assignment.partition(each.tenant(), WhatIfRequest.id(number));
        WhatIfWorker worker = assignment.owner(each.lane().pool(), partition);
        worker.arrives(new WhatIfRequest(each, number, partition, worker, run), partition);
    }

    private void look(long each) {
        double second = time.sinceBegin() / 1e9;
        Map<String, Long> now = seen.answered();
        Map<String, Double> perSecond = new TreeMap<>();
        now.forEach((lane, count) -> perSecond.put(lane,
                (count - answeredBefore.getOrDefault(lane, 0L)) / (each / 1e9)));
        answeredBefore = now;
        answered.at(second, perSecond);
        Map<String, Double> queued = new TreeMap<>();
        configuration.pools().forEach(pool -> queued.put(pool.name().value(),
                (double) workers.stream().mapToInt(worker -> worker.waiting(pool.name())).sum()));
        waiting.at(second, queued);
        Map<String, Double> runs = new TreeMap<>();
        seen.deployments().forEach((name, calls) -> runs.put(name, (double) calls.running));
        running.at(second, runs);
        borrowed.at(second, borrowed());
        waits.at(second, tenantWaits.look(time.nanos()));
        diverted.at(second, seen.diverted().unread());
        time.in(each, () -> look(each));
    }

    private Map<String, Double> borrowed() {
        Map<String, Double> sums = new TreeMap<>();
        for (Deployment deployment : configuration.deployments().values()) {
            for (PoolName pool : deployment.poolShares().keySet()) {
                workers.forEach(worker -> worker.desk().granted(deployment, pool, time.nanos()).borrowed()
                        .forEach((lender, amounts) -> sums.merge(pool + " of " + lender,
                                amounts.calls() == Amounts.UNLIMITED ? 0.0 : amounts.calls(), Double::sum)));
            }
        }
        return sums;
    }

    /** The limit of calls at once, for the report; empty text where there is none. */
    static String limit(Configuration configuration, String deployment) {
        Deployment found = configuration.deployments().get(DeploymentName.parse(deployment));
        return found == null || found.limits().concurrency().isEmpty()
                ? ""
                : String.valueOf(found.limits().concurrency().getAsInt());
    }
}
