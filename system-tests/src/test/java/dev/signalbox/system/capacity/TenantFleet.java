package dev.signalbox.system.capacity;

import dev.signalbox.dispatcher.capacity.CapacityModel;
import dev.signalbox.dispatcher.capacity.CapacityRules;
import dev.signalbox.dispatcher.capacity.Demand;
import dev.signalbox.dispatcher.capacity.DeploymentCapacity;
import dev.signalbox.dispatcher.capacity.Grant;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.TenantLease;
import dev.signalbox.workers.capacity.TenantLeases.Said;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.SplittableRandom;

/**
 * A tenant's calls at once, the workers that make them and the dispatchers that lease them, and the two logs between them. Records
 * are late, sometimes by two seconds, and come twice; each reader reads a log in its order.
 */
final class TenantFleet {
    static final TenantLease LEASE = new TenantLease(new PoolName("main"), "acme");
    static final CapacityRules RULES = CapacityRules.DEFAULT;
    private static final long LATEST_MILLIS = 2_000;
    private static final long PASSING_MILLIS = 1_000;

    /** What is planted to see whether it is found. */
    enum Bug {
        NONE,
        /** A worker tells how many calls ran before it took what it tells that it goes by. */
        COUNTED_TOO_EARLY,
        /** A dispatcher that knows nothing of earlier leases grants at once. */
        LEARNS_NOTHING,
        /** A worker that has no lease yet has its part of the limit. */
        PART_WITHOUT_LEASE
    }

    private record Event(long atMillis, long order, Runnable run) {
    }

    /** @param limit 0: as it was said last */
    private record Told(Demand demand, long limit) {
    }

    record Granted(Grant grant, long term, long drainMillis, long atMillis) {
    }

    final SplittableRandom random;
    final Bug bug;
    final List<TenantWorker> workers = new ArrayList<>();
    boolean calm;
    int limit;
    /** Limits that calls which run may have begun by. */
    private final List<Integer> allowed = new ArrayList<>();
    private long order;
    private long now = 1_000_000;
    private int born;
    private final PriorityQueue<Event> events = new PriorityQueue<>((a, b) -> a.atMillis() != b.atMillis()
            ? Long.compare(a.atMillis(), b.atMillis())
            : Long.compare(a.order(), b.order()));
    private final List<Told> demands = new ArrayList<>();
    private long demandsMillis;
    private long grantsMillis;
    private Optional<Dispatcher> dispatcher = Optional.empty();
    private Map<String, Granted> store = new HashMap<>();
    int mostRunning;
    /** Calls that began while all went by leases. */
    long judged;
    String violation = "";

    TenantFleet(SplittableRandom random, Bug bug, int limit) {
        this.random = random;
        this.bug = bug;
        this.limit = limit;
        allowed.add(limit);
        dispatcher = Optional.of(new Dispatcher(0));
    }

    long now() {
        return now;
    }

    void in(long millis, Runnable run) {
        events.add(new Event(now + millis, order++, run));
    }

    void runUntil(long millis) {
        while (violation.isEmpty() && !events.isEmpty() && events.element().atMillis() <= millis) {
            Event event = events.remove();
            now = event.atMillis();
            event.run().run();
        }
        now = Math.max(now, millis);
    }

    private long delay() {
        return !calm && random.nextInt(30) == 0 ? 200 + random.nextLong(LATEST_MILLIS - 200) : 2 + random.nextLong(20);
    }

    TenantWorker newWorker() {
        TenantWorker worker = new TenantWorker("worker-" + ++born, this, random.nextLong(-3_600_000, 3_600_000));
        workers.add(worker);
        return worker;
    }

    /** Its calls end with it. */
    void kill(TenantWorker worker) {
        worker.dies();
        workers.remove(worker);
    }

    /** Another limit, as an operator orders it; what runs may have begun by the one before, as long as calls and leases last. */
    void limit(int newer, long forMillis) {
        Integer older = limit;
        limit = newer;
        allowed.add(newer);
        in(forMillis, () -> allowed.remove(older));
    }

    /** A call began: whether that was one too many. */
    void began() {
        int running = workers.stream().mapToInt(worker -> worker.running).sum();
        mostRunning = Math.max(mostRunning, running);
        boolean leased = workers.stream().noneMatch(worker -> worker.byPart() || worker.begunByPart > 0);
        judged += leased ? 1 : 0;
        int most = allowed.stream().mapToInt(Integer::intValue).max().orElseThrow();
        if (leased && running > most) {
            violation = "at " + now + " ms " + running + " calls run of " + most;
        }
    }

    void demand(String worker, Said said) {
        Demand demand = new Demand(worker, said.seq(), said.use().term(), said.use().grantNo(), said.goodbye(),
                said.use().pools().stream().map(pool -> new Demand.OfPool(pool.pool(), pool.ownedPart(), pool.mayUse(),
                        pool.inUse(), pool.wanted(), pool.largest(), pool.oldestWaitMillis())).toList());
        for (int times = !calm && random.nextInt(20) == 0 ? 2 : 1; times > 0; times--) {
            demandsMillis = Math.max(now + delay(), demandsMillis);
            in(demandsMillis - now, () -> {
                demands.add(new Told(demand, said.limit().orElse(0)));
                in(random.nextLong(6), () -> dispatcher.ifPresent(Dispatcher::read));
            });
        }
    }

    private void grant(Granted granted) {
        grantsMillis = Math.max(now + delay(), grantsMillis);
        in(grantsMillis - now, () -> List.copyOf(workers).forEach(worker -> worker.granted(granted)));
    }

    boolean hasDispatcher() {
        return dispatcher.isPresent();
    }

    /** It is gone, and after a while there is another one, which may know nothing of what this one granted. */
    void replaceDispatcher(long afterMillis, boolean forgets) {
        int position = dispatcher.map(last -> Math.max(0, last.position - random.nextInt(3))).orElse(demands.size());
        dispatcher = Optional.empty();
        in(afterMillis, () -> {
            if (forgets) {
                store = new HashMap<>();
            }
            dispatcher = Optional.of(new Dispatcher(position));
        });
    }

    /** The processor's shell, as far as one tenant goes. */
    private final class Dispatcher {
        private Optional<CapacityModel> model = Optional.empty();
        private final long learnsUntilMillis = now + (bug == Bug.LEARNS_NOTHING ? 0 : RULES.ttl().toMillis());
        private int position;

        Dispatcher(int position) {
            this.position = position;
            if (!store.isEmpty()) {
                begin(0, 0);
            }
            tick();
        }

        private boolean isGone() {
            return dispatcher.isPresent() && dispatcher.get() != this;
        }

        private CapacityModel begin(long said, long calls) {
            Map<String, CapacityModel.Held> held = new HashMap<>();
            store.forEach((worker, last) -> held.put(worker,
                    new CapacityModel.Held(last.grant().pools(), now - last.atMillis())));
            CapacityModel begun = new CapacityModel(DeploymentCapacity.ofTenant(calls), RULES, Math.max(said + 1, now),
                    held, now, said == 0 ? learnsUntilMillis : now + RULES.ttl().toMillis());
            model = Optional.of(begun);
            return begun;
        }

        private void tick() {
            if (isGone()) {
                return;
            }
            read();
            model.ifPresent(known -> {
                publish(known, known.onTime(now));
                if (known.isIdle()) {
                    model = Optional.empty();
                }
            });
            in(PASSING_MILLIS, this::tick);
        }

        void read() {
            while (position < demands.size()) {
                Told told = demands.get(position++);
                CapacityModel known = model.orElseGet(() -> begin(0, told.limit()));
                if (known.isBehind(told.demand().term(), told.demand().grantNo())) {
                    known = begin(told.demand().term(), told.limit());
                }
                if (told.limit() > 0) {
                    known.become(DeploymentCapacity.ofTenant(told.limit()));
                }
                publish(known, known.onDemand(told.demand(), now));
            }
        }

        private void publish(CapacityModel known, List<Grant> news) {
            for (Grant grant : news) {
                Granted granted = new Granted(grant, known.term(), known.capacity().drain().toMillis(), now);
                if (grant.isOver()) {
                    store.remove(grant.worker());
                } else {
                    store.put(grant.worker(), granted);
                    grant(granted);
                }
            }
        }
    }
}
