package dev.signalbox.dispatcher.capacity;

import dev.signalbox.schemas.Amounts;
import dev.signalbox.schemas.Amounts.Kind;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;

/** What the workers may use or still use of a deployment at one time, and what is left of the limit beside that. */
final class Claims {
    private final Map<Lessee, Map<String, Amounts>> byLessee = new HashMap<>();
    private final Map<Kind, Long> free = new EnumMap<>(Kind.class);

    Claims(DeploymentCapacity capacity, Collection<Lessee> lessees, long nowMillis) {
        for (Lessee lessee : lessees) {
            Map<String, Amounts> byPool = HashMap.newHashMap(capacity.pools().size());
            for (PoolCapacity pool : capacity.pools()) {
                byPool.put(pool.name(), lessee.claim(pool.name(), capacity, nowMillis));
            }
            byLessee.put(lessee, byPool);
        }
        for (Kind kind : Kind.values()) {
            long limit = capacity.limit().of(kind);
            free.put(kind, limit == Amounts.UNLIMITED ? limit : limit - used(capacity, kind, nowMillis));
        }
    }

    private long used(DeploymentCapacity capacity, Kind kind, long nowMillis) {
        long used = 0;
        for (PoolCapacity pool : capacity.pools()) {
            double unheard = 1;
            for (Lessee lessee : byLessee.keySet()) {
                long claim = of(lessee, pool.name()).of(kind);
                boolean heard = lessee.isHeard(nowMillis);
                unheard -= heard ? lessee.ownedPart(pool.name()) : 0;
                used += heard && !lessee.goesByGrants(capacity, nowMillis)
                        ? Math.max(claim, lessee.ownedShare(capacity, pool).of(kind))
                        : claim;
            }
            // Whoever owns the other partitions has a share of his own before he is heard.
            used += capacity.share(pool, Math.max(0, unheard)).of(kind);
        }
        return used;
    }

    Amounts of(Lessee lessee, String pool) {
        return byLessee.getOrDefault(lessee, Map.of()).getOrDefault(pool, Amounts.NONE);
    }

    /** Of all workers. */
    long of(String pool, Kind kind) {
        return byLessee.values().stream().mapToLong(byPool -> byPool.getOrDefault(pool, Amounts.NONE).of(kind)).sum();
    }

    /** What nobody uses, may use or has a share of; less than 0 where more is claimed than there is. */
    long free(Kind kind) {
        return free.getOrDefault(kind, 0L);
    }
}
