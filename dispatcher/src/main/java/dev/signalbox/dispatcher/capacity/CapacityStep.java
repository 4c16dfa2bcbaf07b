package dev.signalbox.dispatcher.capacity;

import dev.signalbox.schemas.Amounts;
import dev.signalbox.schemas.Amounts.Kind;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * One division of a deployment's capacity: what each worker should have, and how far it can be had now. Who should have more
 * gets what is free; if that is not enough, others may use less from now on, and what they give up is granted when they have
 * said so. A pure model, for one use.
 */
final class CapacityStep {
    private final DeploymentCapacity capacity;
    private final List<Lessee> heard;
    private final Claims claims;
    private final long nowMillis;
    /** By pool, what its workers have between them. */
    private final Map<String, Amounts> wholes = new HashMap<>();
    private final Map<Key, Amounts> ceilings = new LinkedHashMap<>();
    private final Map<Kind, Lending> lendings = new HashMap<>();
    private final Set<String> lacking = new HashSet<>();
    private final Map<Key, Map<String, Amounts>> loans = new HashMap<>();
    /** By pool, what each worker would have of its own part alone; filled where a pool has more than that. */
    private final Map<String, Map<String, Amounts>> owns = new HashMap<>();

    private record Key(String worker, String pool) {
    }

    /**
     * @param target what it should have
     * @param claim what it may use or uses
     * @param kept for it alone, beyond its claim
     */
    private record Wish(Key key, Amounts target, Demand.OfPool said, Amounts mayUse, Amounts claim, Amounts kept) {
    }

    CapacityStep(DeploymentCapacity capacity, List<Lessee> heard, Claims claims, long nowMillis) {
        this.capacity = capacity;
        this.heard = heard;
        this.claims = claims;
        this.nowMillis = nowMillis;
    }

    /** @param learning whether nothing is to be given or taken */
    void run(boolean learning) {
        for (Lessee lessee : heard) {
            for (PoolCapacity pool : capacity.pools()) {
                ceilings.put(new Key(lessee.worker(), pool.name()), lessee.mayUse(pool.name(), nowMillis));
            }
        }
        List<Wish> wishes = learning ? List.of() : wishes();
        if (!learning) {
            capacity.pools().stream().filter(this::lacksCalls).forEach(pool -> lacking.add(pool.name()));
        }
        for (Kind kind : Kind.values()) {
            if (capacity.limit().of(kind) == Amounts.UNLIMITED) {
                ceilings.replaceAll((key, amounts) -> amounts.with(kind, Amounts.UNLIMITED));
            } else {
                move(kind, wishes);
            }
            capacity.pools().forEach(pool -> attribute(pool, kind));
        }
    }

    /** What the worker has from now on, by pool. */
    Map<String, Grant.OfPool> granted(Lessee lessee) {
        Map<String, Grant.OfPool> granted = new LinkedHashMap<>();
        for (PoolCapacity pool : capacity.pools()) {
            Key key = new Key(lessee.worker(), pool.name());
            Amounts mayUse = ceilings.getOrDefault(key, Amounts.NONE);
            granted.put(pool.name(), new Grant.OfPool(mayUse,
                    mayUse.max(claims.of(lessee, pool.name())), loans.getOrDefault(key, Map.of()), lacking));
        }
        return granted;
    }

    private List<Wish> wishes() {
        for (Kind kind : Kind.values()) {
            Map<String, Long> wanted = new HashMap<>();
            capacity.pools().forEach(pool -> wanted.put(pool.name(), heard.stream()
                    .mapToLong(lessee -> said(lessee, pool.name()).wanted().of(kind)).sum()));
            lendings.put(kind, new Lending(capacity.pools(), kind, wanted));
        }
        List<Wish> wishes = new ArrayList<>();
        for (PoolCapacity pool : capacity.pools()) {
            Amounts whole = Amounts.ofEach(kind -> capacity.limit().of(kind) == Amounts.UNLIMITED
                    ? Amounts.UNLIMITED
                    : lendings.getOrDefault(kind, Lending.NONE).capacity(pool.name()));
            wholes.put(pool.name(), whole);
            List<Lessee> inTurn = inTurn(pool.name());
            List<Wish> ofPool = new ArrayList<>();
            Map<String, Amounts> targets = PoolDivision.of(whole, shares(inTurn, pool));
            for (Lessee lessee : inTurn) {
                Amounts claim = claims.of(lessee, pool.name());
                ofPool.add(new Wish(new Key(lessee.worker(), pool.name()),
                        targets.getOrDefault(lessee.worker(), Amounts.NONE), said(lessee, pool.name()),
                        lessee.mayUse(pool.name(), nowMillis), claim, keptFor(lessee, pool, claim)));
            }
            wishes.addAll(ofPool);
        }
        return wishes;
    }

    /** Whether it wants more of its own calls at once than it has, which others then use. */
    private boolean lacksCalls(PoolCapacity pool) {
        if (capacity.limit().calls() == Amounts.UNLIMITED) {
            return false;
        }
        long wanted = heard.stream().mapToLong(lessee -> said(lessee, pool.name()).wanted().calls()).sum();
        return Math.min(wanted, pool.own().calls()) > claims.of(pool.name(), Kind.CALLS);
    }

    private static Demand.OfPool said(Lessee lessee, String pool) {
        Demand last = lessee.last();
        return last == null ? Demand.OfPool.nothing(pool) : last.pool(pool).orElse(Demand.OfPool.nothing(pool));
    }

    private List<PoolDivision.Share> shares(List<Lessee> inTurn, PoolCapacity pool) {
        return inTurn.stream().map(lessee -> share(lessee, pool)).toList();
    }

    private PoolDivision.Share share(Lessee lessee, PoolCapacity pool) {
        Demand.OfPool said = said(lessee, pool.name());
        Amounts claim = claims.of(lessee, pool.name());
        Amounts within = Amounts.ofEach(kind -> claims.free(kind) == Amounts.UNLIMITED
                ? Amounts.UNLIMITED
                : claim.of(kind) + Math.max(0, claims.free(kind)));
        return new PoolDivision.Share(lessee.worker(), said.inUse(), said.wanted().max(said.inUse()), said.largest(),
                within, lessee.ownedPart(pool.name()));
    }

    /** What nobody else gets, beyond its claim, since it has a share of its own until it takes a grant. */
    private Amounts keptFor(Lessee lessee, PoolCapacity pool, Amounts claim) {
        return lessee.goesByGrants(capacity, nowMillis) ? Amounts.NONE : lessee.ownedShare(capacity, pool).minus(claim);
    }

    /** Who just got room for a request keeps it for a while; then who has waited longest goes first. */
    private List<Lessee> inTurn(String pool) {
        record Turn(Lessee lessee, boolean holds, long waited) {
        }
        return heard.stream().map(lessee -> new Turn(lessee, lessee.holdsTurn(pool, nowMillis),
                said(lessee, pool).oldestWaitMillis()))
                .sorted((a, b) -> a.holds() != b.holds()
                        ? Boolean.compare(b.holds(), a.holds())
                        : Long.compare(b.waited(), a.waited()))
                .map(Turn::lessee).toList();
    }

    /**
     * Says of each worker's part of a pool's capacity what of it is borrowed, and of whom: what its workers have between them beyond the
     * pool's own part, and each beyond what it would have of that part alone, so that who gives back what is lent can; of the lenders each the same part that it lends now or, where nothing is
     * lent any more and not all is back, of what it may lend.
     */
    private void attribute(PoolCapacity pool, Kind kind) {
        if (capacity.limit().of(kind) == Amounts.UNLIMITED) {
            return;
        }
        long all = heard.stream().mapToLong(lessee -> has(lessee, pool, kind)).sum();
        long beyond = all - pool.own().of(kind);
        Map<String, Long> lenders = lendings.getOrDefault(kind, Lending.NONE).borrowed(pool.name());
        if (beyond <= 0) {
            return;
        }
        if (lenders.isEmpty()) {
            lenders = Lending.lenders(capacity.pools(), pool, kind);
        }
        double lent = lenders.values().stream().mapToLong(Long::longValue).sum();
        Map<String, Amounts> own = owns.computeIfAbsent(pool.name(),
                any -> PoolDivision.of(pool.own(), shares(inTurn(pool.name()), pool)));
        long left = beyond;
        for (Lessee lessee : heard) {
            long mine = Math.min(left,
                    Math.max(0, has(lessee, pool, kind) - own.getOrDefault(lessee.worker(), Amounts.NONE).of(kind)));
            left -= mine;
            double share = 0;
            for (var lender : lenders.entrySet()) {
                long from = part(mine, share / lent);
                share += lender.getValue();
                long amount = part(mine, share / lent) - from;
                if (amount > 0) {
                    loans.computeIfAbsent(new Key(lessee.worker(), pool.name()), any -> new HashMap<>())
                            .merge(lender.getKey(), Amounts.NONE.with(kind, amount), Amounts::plus);
                }
            }
        }
    }

    private long has(Lessee lessee, PoolCapacity pool, Kind kind) {
        return ceilings.getOrDefault(new Key(lessee.worker(), pool.name()), Amounts.NONE).of(kind);
    }

    private static long part(long amount, double share) {
        return Math.round(amount * share);
    }

    private void move(Kind kind, List<Wish> wishes) {
        long open = claims.free(kind);
        boolean isShort = open < 0;
        Map<String, Long> rooms = new HashMap<>();
        wholes.forEach((pool, whole) -> rooms.put(pool, Math.max(0, whole.of(kind) - claims.of(pool, kind))));
        Map<Key, Long> has = new HashMap<>();
        for (Wish wish : wishes) {
            String pool = wish.key().pool();
            long claim = wish.claim().of(kind);
            long due = Math.min(wish.target().of(kind),
                    Math.max(wish.said().wanted().of(kind), wish.said().inUse().of(kind)));
            long kept = wish.kept().of(kind);
            long room = rooms.getOrDefault(pool, 0L);
            long given = Math.max(0, Math.min(due - claim, Math.min(open + kept, room)));
            // What is used beyond the limit, as by one that was long silent, is not given again.
            long backed = (open < 0 ? Math.min(claim, wish.mayUse().of(kind)) : claim) + given;
            // What is kept is not free for anybody; where more is claimed than there is, not for its owner either.
            open -= open < 0 ? given : Math.max(0, given - kept);
            rooms.put(pool, room - given);
            has.put(wish.key(), claim + given);
            isShort |= misses(wish, kind, due, claim + given);
            if (due > wish.mayUse().of(kind)) {
                put(wish, kind, Math.min(due, backed));
            }
        }
        for (Wish wish : wishes) {
            long target = wish.target().of(kind);
            long now = has.getOrDefault(wish.key(), 0L);
            if (isShort && target < wish.mayUse().of(kind)) {
                put(wish, kind, target);
            } else if (!isShort && target > now && open > 0 && target - now >= target / 10) {
                long more = Math.min(target - now, open);
                open -= more;
                put(wish, kind, now + more);
            }
        }
    }

    /** Whether others should give something up for it: it has no room for one request, or a 20th less than it should. */
    private static boolean misses(Wish wish, Kind kind, long due, long has) {
        return has < due
                && (has < wish.said().inUse().of(kind) + wish.said().largest().of(kind) || has < due - due / 20);
    }

    private void put(Wish wish, Kind kind, long amount) {
        ceilings.computeIfPresent(wish.key(), (key, amounts) -> amounts.with(kind, amount));
    }
}
