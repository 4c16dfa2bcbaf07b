package dev.signalbox.workers.capacity;

import dev.signalbox.schemas.Amounts;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.TenantLease;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.stream.Stream;

/**
 * What this worker may run at once of tenants who have such a limit: a {@link LeaseHolder} and a {@link DemandPace} for each tenant
 * and pool of whom anything runs or waits, until nothing did for 5 s.
 *
 * <table>
 * <caption>of a tenant it may run</caption>
 * <tr><td>it has a lease</td><td>what that says</td></tr>
 * <tr><td>it has none</td><td>nothing until it gets one</td></tr>
 * <tr><td>it has none, and the dispatcher does not answer</td><td>its part of the limit: five demands of the tenant in a row, over 5 s,
 * had no answer, or so many of this worker's and none has had one since</td></tr>
 * <tr><td>he is one more than {@value #MOST}</td><td>its part of the limit</td></tr>
 * </table>
 *
 * <p>INVARIANT: calls are counted after what it goes by was noted ({@link #going}), and both are told together: whoever is told that it
 * goes by less is told of each call that began by more.
 *
 * <p>A pure model, for one caller at a time; time is ns on a monotonic clock.
 */
public final class TenantLeases {
    static final int MOST = 1_000;
    static final long REST_NANOS = 5_000_000_000L;
    private static final Amounts ONE = new Amounts(1, 0, 0, 0);
    private static final PoolShare NOTHING = new PoolShare("", Amounts.NONE, 0);

    private final Map<TenantLease, Held> held = new LinkedHashMap<>();
    /** Numbers of demands go on when a tenant comes back: the dispatcher hears none below the last one. */
    private long mostDemanded;
    /** Of all leases of this worker. */
    private final Unanswered unanswered = new Unanswered();

    /**
     * What is to be told.
     *
     * @param limit the fleet's; empty: as it was told last
     * @param goodbye whether it is this worker's last word of that tenant for now
     */
    public record Said(TenantLease lease, long seq, OptionalLong limit, boolean goodbye, CapacityUse use) {
    }

    /** A pool's tenants, and this worker's part of its partitions, 0 to 1. */
    public record OfPool(double ownedPart, List<TenantCalls> calls) {
        public OfPool {
            calls = List.copyOf(calls);
        }

        /** Both together. */
        public OfPool and(OfPool other) {
            Map<String, TenantCalls> all = new LinkedHashMap<>();
            Stream.concat(calls.stream(), other.calls.stream())
                    .forEach(each -> all.merge(each.tenant(), each, TenantCalls::and));
            return new OfPool(Math.max(ownedPart, other.ownedPart), List.copyOf(all.values()));
        }
    }

    /**
     * What it goes by.
     *
     * @param calls empty: its part of the limit
     */
    public record Going(long term, long grantNo, boolean leased, OptionalLong calls) {
        private static final Going NEW = new Going(0, 0, false, OptionalLong.of(0));
    }

    private static final class Held {
        final LeaseHolder holder;
        final DemandPace pace = new DemandPace();
        TenantCalls calls;
        double ownedPart;
        long busyNanos;
        final Unanswered unanswered = new Unanswered();

        Held(LeaseHolder holder, TenantCalls calls) {
            this.holder = holder;
            this.calls = calls;
        }

        CapacityUse use(Going going) {
            Amounts running = ONE.with(Amounts.Kind.CALLS, calls.running());
            CapacityUse.OfPool all = new CapacityUse.OfPool("", ownedPart,
                    calls(going.calls().orElse(calls.part())), running,
                    running.plus(ONE.with(Amounts.Kind.CALLS, calls.waiting())),
                    calls.waiting() > 0 ? ONE : Amounts.NONE, calls.oldestWaitMillis());
            return new CapacityUse(going.term(), going.grantNo(), going.leased(), 0, 0, List.of(all));
        }
    }

    private static Amounts calls(long most) {
        return new Amounts(most, Amounts.UNLIMITED, Amounts.UNLIMITED, Amounts.UNLIMITED);
    }

    /** How many calls at once it may run; empty: its part of the limit. To be asked often. */
    public OptionalLong atOnce(TenantLease lease, long nowNanos) {
        Held known = held.get(lease);
        if (known == null) {
            return isAway(nowNanos) || held.size() >= MOST ? OptionalLong.empty() : OptionalLong.of(0);
        }
        if (known.holder.hasLease(nowNanos)) {
            return OptionalLong.of(known.holder.mayUse(NOTHING, nowNanos).calls());
        }
        return isAway(nowNanos) || known.unanswered.isLong(nowNanos) ? OptionalLong.empty() : OptionalLong.of(0);
    }

    private boolean isAway(long nowNanos) {
        return unanswered.isLong(nowNanos);
    }

    /** Whether it asks for a lease of that tenant now. */
    public boolean asks(TenantLease lease) {
        return held.containsKey(lease);
    }

    /** What it goes by, to be noted before calls are counted. */
    public Map<TenantLease, Going> going(long nowNanos) {
        Map<TenantLease, Going> all = HashMap.newHashMap(held.size());
        held.forEach((lease, known) -> all.put(lease, new Going(known.holder.term(), known.holder.grantNo(),
                known.holder.hasLease(nowNanos), atOnce(lease, nowNanos))));
        return all;
    }

    /**
     * Each 100 ms: what is to be told now.
     *
     * @param going as it was before the calls were counted
     * @param pools all that it serves, or whose calls still run here
     */
    public List<Said> look(Map<TenantLease, Going> going, Map<PoolName, OfPool> pools, long nowNanos) {
        note(pools, nowNanos);
        List<Said> said = new ArrayList<>();
        held.forEach((lease, known) -> {
            CapacityUse use = known.use(going.getOrDefault(lease, Going.NEW));
            if (nowNanos - known.busyNanos >= REST_NANOS) {
                said.add(say(lease, known, true, use, nowNanos));
            } else if (known.pace.isDue(use, nowNanos)) {
                said.add(say(lease, known, false, use, nowNanos));
                known.pace.told(use, nowNanos);
            }
        });
        said.stream().filter(Said::goodbye).forEach(over -> held.remove(over.lease()));
        return said;
    }

    /** The last that is to be told of all of them: nothing runs any more, or what is said to. */
    public List<Said> goodbye(Map<PoolName, OfPool> pools, long nowNanos) {
        note(pools, nowNanos);
        List<Said> said = new ArrayList<>();
        held.forEach((lease, known) -> said.add(say(lease, known, true, known.use(Going.NEW), nowNanos)));
        held.clear();
        return said;
    }

    private void note(Map<PoolName, OfPool> pools, long nowNanos) {
        held.values().forEach(known -> known.calls = known.calls.resting());
        pools.forEach((pool, of) -> of.calls().forEach(calls -> {
            TenantLease lease = new TenantLease(pool, calls.tenant());
            Held known = held.get(lease);
            if (known == null && held.size() < MOST) {
                known = new Held(new LeaseHolder(Duration.ZERO, mostDemanded, nowNanos), calls);
                held.put(lease, known);
            }
            if (known != null) {
                known.calls = calls;
                known.ownedPart = of.ownedPart();
                known.busyNanos = nowNanos;
            }
        }));
    }

    private Said say(TenantLease lease, Held known, boolean goodbye, CapacityUse use, long nowNanos) {
        known.unanswered.asked(nowNanos);
        asked(nowNanos);
        long seq = known.holder.demanded(nowNanos);
        mostDemanded = Math.max(mostDemanded, seq);
        boolean busy = known.busyNanos == nowNanos && !goodbye;
        return new Said(lease, seq, busy ? OptionalLong.of(known.calls.limit()) : OptionalLong.empty(), goodbye, use);
    }

    /** The dispatcher granted this worker that; whether it counts, so that those who wait should ask again. */
    public boolean granted(TenantLease lease, Lease news, long nowNanos) {
        Held known = held.get(lease);
        if (known == null) {
            return false;
        }
        long has = atOnce(lease, nowNanos).orElse(known.calls.part());
        Lease taken = news.keeps() ? news.within(calls(has)) : news;
        boolean counts = known.holder.granted(taken, List.of(), nowNanos);
        if (counts) {
            known.unanswered.answered();
            answered();
        }
        return counts;
    }

    /** The dispatcher is asked for a lease of anything. */
    public void asked(long nowNanos) {
        unanswered.asked(nowNanos);
    }

    /** It granted this worker one of anything: it is there. */
    public void answered() {
        unanswered.answered();
    }

    /** The dispatcher granted another worker that: from now on its term counts, and no earlier one. */
    public void grantedElsewhere(TenantLease lease, Lease other, long nowNanos) {
        Held known = held.get(lease);
        if (known != null) {
            known.holder.grantedElsewhere(other, nowNanos);
        }
    }
}
