package dev.signalbox.workers.scheduler;

import dev.signalbox.config.Tenant;
import dev.signalbox.schemas.Priority;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * What a pool's scheduler goes by that may change while it runs: asked each time, of the present configuration.
 *
 * @param tenants what holds for a tenant
 * @param sheds priorities that are shed while capacity is short
 * @param leased calls at once of tenants
 */
public record PoolRules(Function<String, Tenant> tenants, Supplier<Set<Priority>> sheds, LeasedCalls leased) {
    /** All tenants alike and without limits, nothing shed. */
    public static final PoolRules PLAIN = new PoolRules(Tenant::ofDefault, Set::of);

    /** Nobody leases tenants' calls. */
    public PoolRules(Function<String, Tenant> tenants, Supplier<Set<Priority>> sheds) {
        this(tenants, sheds, LeasedCalls.NONE);
    }
}
