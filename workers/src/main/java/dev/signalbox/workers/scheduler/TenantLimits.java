package dev.signalbox.workers.scheduler;

import dev.signalbox.config.Tenant;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What each tenant uses of a pool in this worker, and whether its own limits let it start another call: calls at once,
 * calls started and tokens in any 60 s. Tokens count by estimate from a call's start and are settled at its end. Of each
 * limit this worker has its part, rounded down, and at least 1: {@link #part}. Time is monotonic ns.
 *
 * <p>Bounds: tenants with calls under way, and those that the configuration limits.
 */
final class TenantLimits {
    /** Calls at once beyond which a tenant may be noisy. */
    static final int NOISY_CALLS = 30;
    /** Part of all calls beyond which it then is. */
    static final double NOISY_PART = 0.1;

    private final Function<String, Tenant> tenants;
    private final Map<String, Use> uses = new HashMap<>();
    private double part = 1;

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
    TenantLimits(Function<String, Tenant> tenants) {
        this.tenants = tenants;
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
        Use use = uses.get(tenant);
        if (use == null) {
            return 0;
        }
        Tenant.Limits limits = tenants.apply(tenant).limits();
        if (limits.concurrency().isPresent() && use.inFlight >= partOf(limits.concurrency())) {
            return Long.MAX_VALUE;
        }
        return Math.max(waitNanos(use.calls, limits.requestsPerMinute(), 1, nowNanos),
                waitNanos(use.tokens, limits.tokensPerMinute(), costUnits, nowNanos));
    }

    private long waitNanos(@Nullable SlidingWindow window, OptionalInt limit, long amount, long nowNanos) {
        if (window == null || limit.isEmpty()) {
            return 0;
        }
        long most = partOf(limit);
        long mustLapse = window.sum(nowNanos) + Math.min(amount, most) - most;
        return mustLapse <= 0 ? 0 : Math.max(1, window.lapsedNanos(mustLapse, nowNanos) - nowNanos);
    }

    private long partOf(OptionalInt limit) {
        return Math.max(1, (long) Math.floor(limit.getAsInt() * part + 1e-9));
    }

    /** It has one more slot. */
    void started(String tenant) {
        uses.computeIfAbsent(tenant, any -> new Use()).inFlight++;
    }

    /** It has one more slot, and starts a call in it. */
    void called(Tenant tenant, long costUnits, long nowNanos) {
        Use use = uses.computeIfAbsent(tenant.name(), any -> new Use());
        use.inFlight++;
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
