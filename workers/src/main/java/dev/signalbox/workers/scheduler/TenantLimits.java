package dev.signalbox.workers.scheduler;

import dev.signalbox.config.Tenant;
import dev.signalbox.workers.capacity.TenantCalls;
import dev.signalbox.workers.scheduler.ServedElsewhere.FleetUse;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * What each tenant uses of a pool in this worker, and whether its own limits let it start another call: calls at once,
 * calls started and tokens in any 60 s. Time is monotonic ns.
 *
 * <p>Calls at once are leased, so that those of all workers never exceed the limit ({@link LeasedCalls}); where nobody leases them
 * it is this worker's {@link #part} of the limit, rounded down, and at least 1.
 *
 * <p>Tokens count by estimate from a call's start and are settled at its end. As long as it
 * is told what the tenant uses in the whole fleet, a worker may take its {@link #part} of what is left each time, and at
 * least one request; else it has that part of the whole limit, rounded down, and at least 1.
 *
 * <p>Bounds: tenants with calls under way, those that the configuration limits, and those that were refused a call at once
 * lately.
 */
final class TenantLimits {
    /** Calls at once beyond which a tenant may be noisy. */
    static final int NOISY_CALLS = 30;
    /** After that a silent dispatcher is not gone by any more. */
    static final long HEARD_NANOS = 5_000_000_000L;
    private static final long ASK_AGAIN_NANOS = 200_000_000L;
    /** Whoever waits for a call at once asks again within {@link PoolScheduler#LONGEST_SHUT_NANOS}. */
    private static final long ASKED_NANOS = PoolScheduler.LONGEST_SHUT_NANOS * 6 / 5;
    private static final Tenant.Limits NONE = new Tenant.Limits(OptionalInt.empty(), OptionalInt.empty(),
            OptionalInt.empty());
    private static final Use UNUSED = new Use();
    /** Part of all calls beyond which it then is. */
    static final double NOISY_PART = 0.1;

    private final Function<String, Tenant> tenants;
    private final LeasedCalls leased;
    private final Map<String, Use> uses = new HashMap<>();
    /** Whom a limit of calls at once held back. */
    private final Map<String, Asked> asked = new HashMap<>();
    /** Of those that have limits. */
    private final Map<String, Fleet> fleets = new HashMap<>();
    private double part = 1;

    private record Fleet(FleetUse use, long heardNanos) {
    }

    private static final class Asked {
        /** When one of his last got its turn, or the first one began to wait. */
        long sinceNanos;
        long lastNanos;

        Asked(long nowNanos) {
            this.sinceNanos = nowNanos;
            this.lastNanos = nowNanos;
        }

        boolean isOver(long nowNanos) {
            return nowNanos - lastNanos > ASKED_NANOS;
        }
    }

    private static final class Use {
        int inFlight;
        @Nullable
        SlidingWindow calls;
        @Nullable
        SlidingWindow tokens;

        boolean isForgettable(long nowNanos) {
            return inFlight == 0 && (calls == null || calls.sum(nowNanos) == 0)
                    && (tokens == null || tokens.sum(nowNanos) == 0);
        }
    }

    /** @param tenants what the configuration says of a tenant now */
    TenantLimits(Function<String, Tenant> tenants, LeasedCalls leased) {
        this.tenants = tenants;
        this.leased = leased;
    }

    /** What the configuration says of it now. */
    Tenant plan(String tenant) {
        return tenants.apply(tenant);
    }

    /** Its part when tenants compete. */
    double weight(Tenant tenant) {
        return tenant.weight();
    }

    /** @param ofAll this worker's part of the limits, 0 to 1 */
    void part(double ofAll) {
        part = ofAll;
    }

    /**
     * How long a tenant's next call has to wait, ns: 0 if it may start now, {@link Long#MAX_VALUE} if only the end of
     * another call can let it.
     *
     * @param costUnits what it is expected to cost; one above the whole limit passes when nothing else counts
     */
    long waitNanos(String tenant, long costUnits, long nowNanos) {
        Tenant.Limits limits = tenants.apply(tenant).limits();
        if (limits.equals(NONE)) {
            return 0;
        }
        Use use = uses.getOrDefault(tenant, UNUSED);
        Fleet fleet = fleets.get(tenant);
        long wait = fleet != null && nowNanos - fleet.heardNanos <= HEARD_NANOS
                ? byFleet(limits, use, fleet.use, costUnits, nowNanos)
                : bySafeShare(limits, use, costUnits, nowNanos);
        return wait > 0 || limits.concurrency().isEmpty()
                ? wait
                : byLease(tenant, limits.concurrency().getAsInt(), use.inFlight, nowNanos);
    }

    private long byLease(String tenant, int limit, int inFlight, long nowNanos) {
        OptionalLong atOnce = leased.of(tenant, nowNanos);
        if (inFlight < atOnce.orElse(partOf(limit))) {
            return 0;
        }
        if (leased.equals(LeasedCalls.NONE)) {
            return Long.MAX_VALUE;
        }
        Asked known = asked.get(tenant);
        if (known == null || known.isOver(nowNanos)) {
            asked.put(tenant, new Asked(nowNanos));
        } else {
            known.lastNanos = nowNanos;
        }
        return atOnce.isPresent() ? ASK_AGAIN_NANOS : Long.MAX_VALUE;
    }

    /**
     * Calls of tenants who have a limit of calls at once, of whom any run or wait for it.
     *
     * @param waiting requests of a tenant that wait
     */
    List<TenantCalls> calls(ToLongFunction<String> waiting, long nowNanos) {
        asked.values().removeIf(each -> each.isOver(nowNanos));
        Set<String> names = new LinkedHashSet<>(asked.keySet());
        uses.forEach((name, use) -> {
            if (use.inFlight > 0) {
                names.add(name);
            }
        });
        List<TenantCalls> calls = new ArrayList<>();
        for (String name : names) {
            OptionalInt limit = tenants.apply(name).limits().concurrency();
            Asked waits = asked.get(name);
            long waitingNow = waits == null ? 0 : waiting.applyAsLong(name);
            int running = uses.getOrDefault(name, UNUSED).inFlight;
            if (limit.isPresent() && running + waitingNow > 0) {
                calls.add(new TenantCalls(name, limit.getAsInt(), partOf(limit.getAsInt()), running, waitingNow,
                        waits == null || waitingNow == 0
                                ? 0
                                : Math.max(1, TimeUnit.NANOSECONDS.toMillis(nowNanos - waits.sinceNanos))));
            }
        }
        return calls;
    }

    private long bySafeShare(Tenant.Limits limits, Use use, long costUnits, long nowNanos) {
        return Math.max(waitNanos(use.calls, limits.requestsPerMinute(), 1, nowNanos),
                waitNanos(use.tokens, limits.tokensPerMinute(), costUnits, nowNanos));
    }

    private long waitNanos(@Nullable SlidingWindow window, OptionalInt limit, long amount, long nowNanos) {
        if (window == null || limit.isEmpty()) {
            return 0;
        }
        long most = partOf(limit.getAsInt());
        long mustLapse = window.sum(nowNanos) + Math.min(amount, most) - most;
        return mustLapse <= 0 ? 0 : Math.max(1, window.lapsedNanos(mustLapse, nowNanos) - nowNanos);
    }

    /** Of what nobody uses, as far as it was told, each worker may take its part before it is told again. */
    private long byFleet(Tenant.Limits limits, Use use, FleetUse told, long costUnits, long nowNanos) {
        boolean may = mayTake(limits.requestsPerMinute(), 1, sum(use.calls, nowNanos), told.ofAll().callsInMinute(),
                told.own().callsInMinute())
                && mayTake(limits.tokensPerMinute(), costUnits, sum(use.tokens, nowNanos),
                        told.ofAll().unitsInMinute(), told.own().unitsInMinute());
        return may ? 0 : ASK_AGAIN_NANOS;
    }

    /** Whoever took nothing since he was told may take one whole request, else one above a worker's part never went. */
    private boolean mayTake(OptionalInt limit, long amount, long own, long toldOfAll, long toldOwn) {
        if (limit.isEmpty()) {
            return true;
        }
        long left = Math.max(0, limit.getAsInt() - toldOfAll);
        long untold = own - toldOwn;
        return untold + amount <= (long) Math.floor(left * part + 1e-9)
                || (untold <= 0 && Math.min(amount, limit.getAsInt()) <= left);
    }

    private static long sum(@Nullable SlidingWindow window, long nowNanos) {
        return window == null ? 0 : window.sum(nowNanos);
    }

    private long partOf(int limit) {
        return Math.max(1, (long) Math.floor(limit * part + 1e-9));
    }

    /** What a tenant uses in the whole fleet. */
    void told(FleetUse use, long nowNanos) {
        if (tenants.apply(use.tenant()).limits().equals(NONE)) {
            fleets.remove(use.tenant());
        } else {
            fleets.put(use.tenant(), new Fleet(use, nowNanos));
        }
    }

    /** It has one more slot. */
    void started(String tenant) {
        uses.computeIfAbsent(tenant, any -> new Use()).inFlight++;
    }

    /** It has one more slot, and starts a call in it. */
    void called(Tenant tenant, long costUnits, long nowNanos) {
        Use use = uses.computeIfAbsent(tenant.name(), any -> new Use());
        use.inFlight++;
        Asked waits = asked.get(tenant.name());
        if (waits != null) {
            waits.sinceNanos = nowNanos;
        }
        Tenant.Limits limits = tenant.limits();
        use.calls = counted(use.calls, limits.requestsPerMinute(), 1, nowNanos);
        use.tokens = counted(use.tokens, limits.tokensPerMinute(), costUnits, nowNanos);
    }

    private static @Nullable SlidingWindow counted(@Nullable SlidingWindow window, OptionalInt limit, long amount,
            long nowNanos) {
        if (limit.isEmpty()) {
            return null;
        }
        SlidingWindow counting = window == null ? new SlidingWindow() : window;
        counting.add(amount, nowNanos, nowNanos);
        return counting;
    }

    /**
     * It has one slot less.
     *
     * @param difference how much more its call came to than it was charged when it started
     */
    void ended(String tenant, long difference, long calledNanos, long nowNanos) {
        Use use = uses.get(tenant);
        if (use == null || use.inFlight < 1) {
            throw new IllegalStateException("it has no slot: " + tenant);
        }
        if (use.tokens != null && difference != 0) {
            use.tokens.adjust(calledNanos, difference, nowNanos);
        }
        use.inFlight--;
        if (use.isForgettable(nowNanos)) {
            uses.remove(tenant);
        }
    }

    /** Tenants that have more than their part of all calls: at least {@value #NOISY_CALLS}, and over a tenth. */
    int noisy(int inFlight) {
        return (int) uses.values().stream()
                .filter(use -> use.inFlight >= NOISY_CALLS && use.inFlight > NOISY_PART * inFlight).count();
    }
}
