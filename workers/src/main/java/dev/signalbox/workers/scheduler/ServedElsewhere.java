package dev.signalbox.workers.scheduler;

import dev.signalbox.schemas.Priority;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What the other workers served tenants since it was last asked, from sums that only ever go on: what is told twice, late or
 * again from the beginning counts once. The first sum that is heard of counts nothing, since nobody knows when it was
 * served. Pure; not thread-safe.
 *
 * <p>Bound: one sum for each part that was told in the last {@link #KEPT_NANOS}, at most {@value #MOST_SUMS}.
 */
public final class ServedElsewhere {
    static final int MOST_SUMS = 200_000;
    private static final long KEPT_NANOS = 70_000_000_000L;

    private final String self;
    private final Map<Key, Heard> heard = new HashMap<>();
    private long sweptNanos = Long.MIN_VALUE;

    private record Key(String worker, String tenant, Priority priority) {
    }

    private record Heard(long sum, long units, long nanos) {
    }

    /** A worker's part in what is known of a tenant. */
    public record Part(String worker, TenantUse use) {
    }

    /**
     * What others served it in one priority since it was last told.
     *
     * @param units cost units; negative where calls cost less than was told before
     */
    public record Served(String tenant, Priority priority, long units) {
    }

    /**
     * What a tenant uses of a pool, in the fleet and by what this worker had told by then.
     *
     * @param ofAll its own included
     */
    public record FleetUse(String tenant, Amount ofAll, Amount own) {
    }

    /** Calls and cost units of the last minute. */
    public record Amount(long callsInMinute, long unitsInMinute) {
        private static final Amount NONE = new Amount(0, 0);

        private Amount plus(TenantUse use) {
            return new Amount(callsInMinute + use.callsInMinute(), unitsInMinute + use.unitsInMinute());
        }
    }

    /** @param self name of this worker, whose own parts are no others' */
    public ServedElsewhere(String self) {
        this.self = self;
    }

    /** What all parts of a tenant in this pool say now; what is new goes to {@code served}. */
    public FleetUse told(String tenant, List<Part> parts, List<Served> served, long nowNanos) {
        sweep(nowNanos);
        Amount ofAll = Amount.NONE;
        Amount own = Amount.NONE;
        for (Part part : parts) {
            ofAll = ofAll.plus(part.use);
            if (part.worker.equals(self)) {
                own = own.plus(part.use);
            } else {
                long units = since(new Key(part.worker, tenant, part.use.priority()), part.use, nowNanos);
                if (units != 0) {
                    served.add(new Served(tenant, part.use.priority(), units));
                }
            }
        }
        return new FleetUse(tenant, ofAll, own);
    }

    private long since(Key key, TenantUse use, long nowNanos) {
        if (heard.size() >= MOST_SUMS && !heard.containsKey(key)) {
            return 0;
        }
        Heard before = heard.put(key, new Heard(use.sum(), use.servedUnits(), nowNanos));
        return Optional.ofNullable(before)
                .map(known -> known.sum == use.sum() ? use.servedUnits() - known.units : use.servedUnits()).orElse(0L);
    }

    private void sweep(long nowNanos) {
        if (sweptNanos == Long.MIN_VALUE || nowNanos - sweptNanos > KEPT_NANOS) {
            sweptNanos = nowNanos;
            heard.values().removeIf(known -> nowNanos - known.nanos > KEPT_NANOS);
        }
    }
}
