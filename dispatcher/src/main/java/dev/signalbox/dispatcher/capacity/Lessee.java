package dev.signalbox.dispatcher.capacity;

import dev.signalbox.schemas.Amounts;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What is known of one worker at one deployment: its last demand, and the grants that it may go by.
 *
 * <p>INVARIANT: {@link #claim} is at least what the worker uses, now and until it is heard again, as long as the records
 * between the two are lost, late or twice. Each grant and each word of the worker counts until what it allowed has ended for
 * sure, kind by kind, and never again after that.
 */
final class Lessee {
    /** More grants than that without a word of the worker: it gets no new one. */
    private static final int MOST_OUTSTANDING = 64;

    private final String worker;
    private final CapacityRules rules;
    private @Nullable Demand last;
    private final long firstHeardMillis;
    private long lastHeardMillis;
    /** Those that it may take or has taken, the oldest first. */
    private final List<Issued> outstanding = new ArrayList<>();
    private boolean tookThisTerm;
    /** Until when the last grant of this term that it took is a lease, on this process's clock. */
    private long tookUntilMillis;
    private boolean left;
    private final Map<String, Long> heldSince = new HashMap<>();

    /**
     * @param term that it was issued in; 0: an earlier one
     * @param untilMillis end of the lease, no earlier than by the worker's own clock
     * @param most what the worker may use or still uses while it goes by this
     * @param mayUse what it told the worker
     */
    private record Issued(long term, long no, long untilMillis, Map<String, Amounts> most,
            Map<String, Amounts> mayUse) {
    }

    Lessee(String worker, CapacityRules rules, long nowMillis) {
        this.worker = worker;
        this.rules = rules;
        this.firstHeardMillis = nowMillis;
        this.lastHeardMillis = nowMillis;
    }

    /** As an earlier term left it, which granted that last, no later than then. */
    static Lessee restored(String worker, CapacityRules rules, Map<String, Grant.OfPool> pools, long grantedMillis) {
        Lessee lessee = new Lessee(worker, rules, grantedMillis);
        Map<String, Amounts> most = new HashMap<>();
        Map<String, Amounts> mayUse = new HashMap<>();
        pools.forEach((pool, granted) -> {
            most.put(pool, granted.claim());
            mayUse.put(pool, granted.mayUse());
        });
        lessee.outstanding.add(new Issued(0, 0, grantedMillis + rules.ttl().toMillis(), most, mayUse));
        return lessee;
    }

    String worker() {
        return worker;
    }

    /** Its last demand; null after a start, before it is heard. */
    @Nullable
    Demand last() {
        return last;
    }

    /** Whether it is news: an earlier demand, or one again, is none. */
    boolean heard(Demand demand, long term, long nowMillis) {
        if (last != null && demand.seq() <= last.seq()) {
            return false;
        }
        last = demand;
        lastHeardMillis = nowMillis;
        left = demand.goodbye();
        if (left) {
            outstanding.clear();
        } else if (demand.term() == term) {
            tookThisTerm = true;
            outstanding.removeIf(issued -> issued.term() < term || issued.no() < demand.grantNo());
            outstanding.stream().filter(issued -> issued.no() == demand.grantNo())
                    .forEach(taken -> tookUntilMillis = taken.untilMillis());
        }
        return true;
    }

    void issued(long term, Grant grant) {
        Map<String, Amounts> mayUse = new HashMap<>();
        grant.pools().forEach((pool, granted) -> mayUse.put(pool, granted.mayUse()));
        outstanding.add(new Issued(term, grant.no(), saidUntilMillis(), mayUse, mayUse));
    }

    /** Forgets what counts no more, and whether nothing is left. */
    boolean isOver(DeploymentCapacity capacity, long nowMillis) {
        long drain = capacity.drain().toMillis();
        outstanding.removeIf(issued -> nowMillis >= issued.untilMillis() + drain);
        return outstanding.isEmpty() && nowMillis >= saidUntilMillis() + drain;
    }

    boolean mayBeIssued() {
        return outstanding.size() < MOST_OUTSTANDING;
    }

    private long saidUntilMillis() {
        return lastHeardMillis + (left ? 0 : rules.ttl().toMillis());
    }

    /** Whether it was heard within a lease's length. */
    boolean isHeard(long nowMillis) {
        return last != null && !left && nowMillis < saidUntilMillis();
    }

    /** Whether it goes by a grant of this term, or by no more than the last one allowed. */
    boolean goesByGrants(DeploymentCapacity capacity, long nowMillis) {
        return tookThisTerm && nowMillis < tookUntilMillis + capacity.drain().toMillis();
    }

    /** Whether it still has to take its first grant of this term, and had no time to. */
    boolean isNew(long nowMillis) {
        return !tookThisTerm && nowMillis - firstHeardMillis < rules.ttl().toMillis();
    }

    private long claim(String pool, Amounts.Kind kind, DeploymentCapacity capacity, long nowMillis) {
        long drain = capacity.drainMillis(kind);
        long claim = 0;
        for (Issued issued : outstanding) {
            if (nowMillis < issued.untilMillis() + drain) {
                claim = Math.max(claim, issued.most().getOrDefault(pool, Amounts.NONE).of(kind));
            }
        }
        if (last != null && nowMillis < saidUntilMillis() + drain) {
            claim = Math.max(claim, last.pool(pool)
                    .map(said -> left ? said.inUse().of(kind) : Math.max(said.inUse().of(kind), said.mayUse().of(kind)))
                    .orElse(0L));
        }
        return claim;
    }

    /** What its calls may use now, or count. */
    Amounts claim(String pool, DeploymentCapacity capacity, long nowMillis) {
        return Amounts.ofEach(kind -> claim(pool, kind, capacity, nowMillis));
    }

    /** What it may use by the last that it was told, while that is a lease, or says itself; never more than it claims. */
    Amounts mayUse(String pool, long nowMillis) {
        Amounts told = outstanding.isEmpty() || nowMillis >= outstanding.getLast().untilMillis()
                ? null
                : outstanding.getLast().mayUse().get(pool);
        return told != null ? told : said(pool, Demand.OfPool::mayUse);
    }

    private Amounts said(String pool, Function<Demand.OfPool, Amounts> what) {
        return last == null ? Amounts.NONE : last.pool(pool).map(what).orElse(Amounts.NONE);
    }

    /** What its largest waiting request needs; nothing if none waits. */
    Amounts largest(String pool) {
        return said(pool, Demand.OfPool::largest);
    }

    /** What it has of it before it goes by grants. */
    Amounts ownedShare(DeploymentCapacity capacity, PoolCapacity pool) {
        return capacity.share(pool, ownedPart(pool.name()));
    }

    double ownedPart(String pool) {
        return last == null ? 0 : last.pool(pool).map(Demand.OfPool::ownedPart).orElse(0.0);
    }

    /** Whether it has had room for a request for less than the rules' hold, and so keeps its turn. */
    boolean holdsTurn(String pool, long nowMillis) {
        Demand.OfPool said = last == null ? null : last.pool(pool).orElse(null);
        if (said == null || said.oldestWaitMillis() == 0 || mayUse(pool, nowMillis).calls() == 0) {
            heldSince.remove(pool);
            return false;
        }
        return nowMillis - heldSince.computeIfAbsent(pool, any -> nowMillis) < rules.hold().toMillis();
    }
}
