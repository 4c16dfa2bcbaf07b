package dev.signalbox.dispatcher.capacity;

import dev.signalbox.schemas.Amounts;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Leases one deployment's capacity to workers: demand in, grants out. What is leased is how much a worker may use at most: calls
 * at once, and what counts in a minute. So what one worker gives up goes to another as soon as its calls have ended or its minute
 * has passed, and nothing counts twice.
 *
 * <p>Of what the vendor itself refuses workers tell, and less is granted to all for a while: {@link LoweredLimit}.
 *
 * <p>INVARIANT: the workers' claims, what is kept for a worker that did not speak yet, and what is granted beyond them sum up
 * to at most the limit, or nothing more is granted. A pure model, for one caller at a time; time is ms on the process's own
 * monotonic clock, and compared with no other.
 */
public final class CapacityModel {
    private final CapacityRules rules;
    private final long term;
    private final long learnsUntilMillis;
    private DeploymentCapacity capacity;
    private final Map<String, Lessee> lessees = new TreeMap<>();
    private final LoweredLimit lowered;
    private long grantNo;

    /**
     * What an earlier term granted a worker last.
     *
     * @param pools by pool
     * @param ageMillis for at least how long ago
     */
    public record Held(Map<String, Grant.OfPool> pools, long ageMillis) {
        public Held {
            pools = Map.copyOf(pools);
        }
    }

    /**
     * A term that learns for one ttl.
     *
     * @param term one more than the last one's
     * @param held by worker
     */
    public CapacityModel(DeploymentCapacity capacity, CapacityRules rules, long term,
            Map<String, Held> held, long nowMillis) {
        this(capacity, rules, term, held, nowMillis, nowMillis + rules.ttl().toMillis());
    }

    /** @param learnsUntilMillis when nobody goes by another one's grants any more that this does not know of */
    public CapacityModel(DeploymentCapacity capacity, CapacityRules rules, long term,
            Map<String, Held> held, long nowMillis, long learnsUntilMillis) {
        this.capacity = capacity;
        this.rules = rules;
        this.term = term;
        this.learnsUntilMillis = learnsUntilMillis;
        this.lowered = new LoweredLimit(rules.ttl());
        held.forEach((worker, last) -> lessees.put(worker,
                Lessee.restored(worker, rules, last.pools(), nowMillis - last.ageMillis())));
    }

    /** Whether a worker goes by a grant that this term did not make: there was a term that left no trace. */
    public boolean isBehind(long saidTerm, long saidGrantNo) {
        return saidTerm > term || (saidTerm == term && saidGrantNo > grantNo);
    }

    public long term() {
        return term;
    }

    public DeploymentCapacity capacity() {
        return capacity;
    }

    /** How much of the limits is granted now, percent: less for a while after the vendor refused calls for their rate. */
    public int limitPercent(long nowMillis) {
        return lowered.percent(nowMillis);
    }

    /** Whether nobody has anything of it, or still may have. */
    public boolean isIdle() {
        return lessees.isEmpty();
    }

    /** Other limits or parts from now on; what is granted beyond them comes back by and by. */
    public void become(DeploymentCapacity newer) {
        capacity = newer;
    }

    /**
     * A worker spoke.
     *
     * @return an answer to it, if that is news, and what changes for others
     */
    public List<Grant> onDemand(Demand demand, long nowMillis) {
        Lessee lessee = lessees.computeIfAbsent(demand.worker(), worker -> new Lessee(worker, rules, nowMillis));
        Demand before = lessee.last();
        if (!lessee.heard(demand, term, nowMillis)) {
            return List.of();
        }
        // What the vendor said to it before it was first heard may be long ago.
        if (before != null && demand.throttlings() > before.throttlings()) {
            lowered.throttled(nowMillis);
        } else if (before != null) {
            lowered.answered(demand.answers() - before.answers(), nowMillis);
        }
        List<Grant> grants = new ArrayList<>();
        if (demand.goodbye()) {
            grants.add(Grant.over(demand.worker()));
        }
        grants.addAll(granted(Optional.of(demand.worker()), nowMillis));
        return grants;
    }

    /** With no demand, but time that passed: what a dead worker's calls may have used goes to others. */
    public List<Grant> onTime(long nowMillis) {
        List<Grant> grants = new ArrayList<>();
        lessees.values().removeIf(lessee -> {
            boolean over = lessee.isOver(capacity, nowMillis);
            if (over) {
                grants.add(Grant.over(lessee.worker()));
            }
            return over;
        });
        grants.addAll(granted(Optional.empty(), nowMillis));
        return grants;
    }

    /** Whether it still learns what workers hold, and grants nothing more. */
    public boolean isLearning(long nowMillis) {
        return nowMillis < learnsUntilMillis
                || heard(nowMillis).stream().anyMatch(lessee -> lessee.isNew(nowMillis)
                        && lessee.last() != null && lessee.last().term() != 0 && lessee.last().term() != term);
    }

    private Map<String, Amounts> mayUse(Lessee lessee, long nowMillis) {
        Map<String, Amounts> byPool = new LinkedHashMap<>();
        capacity.pools().forEach(pool -> byPool.put(pool.name(), lessee.mayUse(pool.name(), nowMillis)));
        return byPool;
    }

    private List<Lessee> heard(long nowMillis) {
        return lessees.values().stream().filter(lessee -> lessee.isHeard(nowMillis)).toList();
    }

    private static Amounts largest(List<Lessee> heard, String pool) {
        return heard.stream().map(lessee -> lessee.largest(pool)).reduce(Amounts.NONE, Amounts::max);
    }

    /** The answer to who spoke, and to others where something changes for them. */
    private List<Grant> granted(Optional<String> spoke, long nowMillis) {
        List<Lessee> heard = heard(nowMillis);
        boolean learning = isLearning(nowMillis);
        DeploymentCapacity now = capacity.lowered(lowered.percent(nowMillis), pool -> largest(heard, pool));
        CapacityStep step = new CapacityStep(now, heard, new Claims(now, lessees.values(), nowMillis), nowMillis);
        step.run(learning);
        List<Grant> grants = new ArrayList<>();
        for (Lessee lessee : heard) {
            Map<String, Grant.OfPool> news = step.granted(lessee);
            Map<String, Amounts> ceilings = new HashMap<>();
            news.forEach((pool, granted) -> ceilings.put(pool, granted.mayUse()));
            boolean asked = spoke.filter(lessee.worker()::equals).isPresent();
            if (lessee.mayBeIssued() && (asked || !ceilings.equals(mayUse(lessee, nowMillis)))) {
                Grant grant = new Grant(lessee.worker(), ++grantNo,
                        lessee.last() == null ? 0 : lessee.last().seq(), learning, news);
                lessee.issued(term, grant);
                grants.add(grant);
            }
        }
        return grants;
    }
}
