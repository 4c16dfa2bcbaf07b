package dev.signalbox.system.capacity;

import dev.signalbox.dispatcher.capacity.CapacityModel;
import dev.signalbox.dispatcher.capacity.CapacityRules;
import dev.signalbox.dispatcher.capacity.Demand;
import dev.signalbox.dispatcher.capacity.DeploymentCapacity;
import dev.signalbox.dispatcher.capacity.Grant;
import dev.signalbox.schemas.Amounts;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.SplittableRandom;

/**
 * One deployment, its workers and dispatchers, and the two logs between them, one seed a run. Records are late, sometimes by
 * seconds, and come twice; each reader reads a log in its order.
 */
final class CapacityWorld {
    static final long SESSION_MILLIS = 10_000;
    /** What a dispatcher that dies wrote last may be missing from its changelog. */
    private static final long UNSTORED_MILLIS = 20;
    /** How often a dispatcher looks at the time. */
    private static final long PASSING_MILLIS = 1_000;
    private static final long READING_MILLIS = 20;
    private static final long REFUSING_MILLIS = 50;

    /** What is planted to see whether it is found. */
    enum Bug {
        NONE,
        /** A lease ends ttl after the grant was read, not after the demand was sent. */
        LEASE_FROM_RECEIPT,
        /** A dispatcher that was replaced is still heard. */
        TERMS_ARE_IGNORED,
        /** A silent worker's calls are taken for ended. */
        SILENT_IS_IDLE,
        /** A new term knows nothing of the last one's leases. */
        NOTHING_RESTORED,
        /** What a pool once wanted it wants for ever: nothing is left to be lent. */
        IDLE_IS_KEPT,
        /** The dispatcher does not heed that the vendor refuses calls. */
        REFUSALS_ARE_IGNORED
    }

    private record Event(long atMillis, long order, Runnable run) {
    }

    private record Told(Grant grant, long term, long atMillis) {
    }

    final long seed;
    final SplittableRandom random;
    final Bug bug;
    final CapacityRules rules = CapacityRules.DEFAULT;
    final DeploymentCapacity capacity;
    final List<SimulatedLessee> workers = new ArrayList<>();
    private final long longestCallMillis;
    private final PriorityQueue<Event> events = new PriorityQueue<>((a, b) -> a.atMillis() != b.atMillis()
            ? Long.compare(a.atMillis(), b.atMillis())
            : Long.compare(a.order(), b.order()));
    private long order;
    private long now;
    private final List<Demand> demands = new ArrayList<>();
    private final List<Told> grants = new ArrayList<>();
    private long demandsAppendedMillis;
    private long grantsAppendedMillis;
    private long lastTerm;
    private SimulatedDispatcher dispatcher;
    final VendorMeter vendor = new VendorMeter();
    private final Map<String, VendorMeter> byPool = new HashMap<>();
    boolean calm = true;
    /** How many calls at once the vendor takes now; beyond that it refuses them. */
    long takesCalls = Amounts.UNLIMITED;
    long refused;
    long begun;
    /** How many calls at once the dispatcher's grants of late allow, of all workers. */
    private final Map<String, Long> told = new HashMap<>();
    private int born;
    String violation = "";

    CapacityWorld(long seed, SplittableRandom random, Bug bug, DeploymentCapacity capacity) {
        this.seed = seed;
        this.random = random;
        this.bug = bug;
        this.capacity = capacity;
        this.longestCallMillis = capacity.longestCall().toMillis();
        this.dispatcher = new SimulatedDispatcher(0);
    }

    /** What the calls of one pool count. */
    VendorMeter meter(String pool) {
        return byPool.computeIfAbsent(pool, name -> new VendorMeter());
    }

    long now() {
        return now;
    }

    void in(long millis, Runnable run) {
        events.add(new Event(now + millis, order++, run));
    }

    /** Until then, or until something that must hold does not. */
    void runUntil(long millis) {
        while (violation.isEmpty() && !events.isEmpty() && events.element().atMillis() <= millis) {
            Event event = events.remove();
            now = event.atMillis();
            event.run().run();
        }
        now = Math.max(now, millis);
    }

    private long delay() {
        return !calm && random.nextInt(50) == 0 ? 300 + random.nextLong(5_000) : 2 + random.nextLong(20);
    }

    void demand(Demand demand) {
        for (int times = !calm && random.nextInt(20) == 0 ? 2 : 1; times > 0; times--) {
            demandsAppendedMillis = Math.max(now + delay(), demandsAppendedMillis);
            in(demandsAppendedMillis - now, () -> {
                demands.add(demand);
                in(random.nextLong(6), () -> dispatcher.read());
            });
        }
    }

    private void grant(Grant grant, long term) {
        grantsAppendedMillis = Math.max(now + delay(), grantsAppendedMillis);
        long tellMillis = grantsAppendedMillis;
        in(tellMillis - now, () -> {
            grants.add(new Told(grant, term, now));
            // Each worker reads at its own pace, in the order of the log.
            workers.stream().filter(worker -> worker.alive).forEach(worker -> worker.granted(grant, term));
        });
    }

    SimulatedLessee newWorker() {
        SimulatedLessee worker = new SimulatedLessee("worker-" + ++born, this,
                random.nextLong(-3_600_000, 3_600_000));
        // It has read the whole topic before it serves.
        grants.forEach(told -> worker.granted(told.grant(), told.term()));
        workers.add(worker);
        return worker;
    }

    /** Partitions go round those that are alive; none is at two. */
    void assign() {
        List<SimulatedLessee> members = workers.stream().filter(SimulatedLessee::isMember).toList();
        if (members.stream().anyMatch(worker -> worker.frozen)) {
            in(200, this::assign);
            return;
        }
        members.forEach(worker -> worker.owns(1.0 / members.size()));
    }

    void kill(SimulatedLessee worker) {
        worker.alive = false;
        in(SESSION_MILLIS, this::assign);
    }

    /** It dies, or only seems to: then it goes on for a moment when another one has begun. */
    void replaceDispatcher(long afterMillis, boolean zombie) {
        SimulatedDispatcher before = dispatcher;
        if (before.stalls) {
            return;
        }
        before.stalls = true;
        before.diedMillis = now;
        int position = Math.max(0, before.position - random.nextInt(5));
        in(afterMillis, () -> dispatcher = new SimulatedDispatcher(position, before.stored()));
        if (zombie) {
            in(afterMillis + random.nextLong(3_000), () -> {
                before.stalls = false;
                before.tick();
                long forMillis = random.nextLong(1_500);
                for (long at = READING_MILLIS; at < forMillis; at += READING_MILLIS) {
                    in(at, before::read);
                }
                in(forMillis, () -> before.stalls = true);
            });
        }
    }

    /** How many calls at once all grants together allow. */
    long granted() {
        return told.values().stream().mapToLong(Long::longValue).sum();
    }

    /**
     * @param ended when it was answered
     * @param thrown when it was refused
     */
    void begins(SimulatedLessee worker, String pool, Amounts need, Runnable ended, Runnable thrown) {
        if (vendor.counts(now).calls() >= takesCalls) {
            refused++;
            in(REFUSING_MILLIS, thrown);
            return;
        }
        begun++;
        vendor.begins(need, now);
        meter(pool).begins(need, now);
        if (!vendor.counts(now).fitsIn(capacity.limit())) {
            violation = "at " + now + " ms " + worker.name + " began a call: " + vendor.counts(now) + " of "
                    + capacity.limit();
        }
        in(100 + random.nextLong(longestCallMillis - 100), () -> {
            vendor.ends();
            meter(pool).ends();
            ended.run();
        });
    }

    /** The processor's shell, with its store. */
    private final class SimulatedDispatcher {
        private final CapacityModel model;
        private final long term = ++lastTerm;
        private final Map<String, List<Told>> store = new HashMap<>();
        private final Map<String, Told> before;
        private int position;
        private boolean stalls;
        private long diedMillis;
        /** Its monotonic clock is that much off. */
        private final long offMillis = random.nextLong(-3_600_000, 3_600_000);

        SimulatedDispatcher(int position) {
            this(position, Map.of());
        }

        SimulatedDispatcher(int position, Map<String, Told> stored) {
            this.position = position;
            this.before = bug == Bug.NOTHING_RESTORED ? Map.of() : stored;
            DeploymentCapacity known = bug == Bug.SILENT_IS_IDLE
                    ? new DeploymentCapacity(capacity.limit(), capacity.pools(), Duration.ofSeconds(-65))
                    : capacity;
            Map<String, CapacityModel.Held> held = new HashMap<>();
            before.forEach((worker, told) -> held.put(worker,
                    new CapacityModel.Held(told.grant().pools(), now - told.atMillis())));
            this.model = new CapacityModel(known, rules, term, held, now + offMillis);
            tick();
        }

        void tick() {
            if (!stalls) {
                read();
                publish(model.onTime(now + offMillis));
                in(PASSING_MILLIS, this::tick);
            }
        }

        void read() {
            while (!stalls && position < demands.size()) {
                Demand demand = demands.get(position++);
                publish(model.onDemand(bug == Bug.REFUSALS_ARE_IGNORED
                        ? new Demand(demand.worker(), demand.seq(), demand.term(), demand.grantNo(), demand.goodbye(),
                                demand.pools())
                        : demand, now + offMillis));
            }
        }

        private void publish(List<Grant> news) {
            for (Grant grant : news) {
                store.computeIfAbsent(grant.worker(), any -> new ArrayList<>()).add(new Told(grant, term, now));
                told.put(grant.worker(),
                        grant.pools().values().stream().mapToLong(pool -> pool.mayUse().calls()).sum());
                grant(grant, term);
            }
        }

        Map<String, Told> stored() {
            Map<String, Told> stored = new HashMap<>(before);
            store.forEach((worker, told) -> told.stream().filter(each -> each.atMillis() < diedMillis - UNSTORED_MILLIS)
                    .reduce((a, b) -> b).ifPresent(last -> {
                        if (last.grant().isOver()) {
                            stored.remove(worker);
                        } else {
                            stored.put(worker, last);
                        }
                    }));
            return stored;
        }
    }
}
