package dev.signalbox.workers;

import dev.signalbox.config.Tenant;
import dev.signalbox.schemas.avro.ControlAction;
import dev.signalbox.schemas.avro.ControlOrder;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Limits of tenants that an operator ordered, in the place of the configured ones. They end by themselves. Times are ms on the
 * broker's clock. Thread-safe.
 *
 * <p>Bound: the last order about each tenant, at most {@value #MOST_TENANTS}; those that are over are dropped first.
 */
final class TenantOrders {
    private static final int MOST_TENANTS = 10_000;

    private final Map<String, Limited> limited = new ConcurrentHashMap<>();

    private record Limited(ControlOrder order, long untilMillis) {
    }

    /** An order about a tenant; null takes back the one before. */
    void tenant(String name, @Nullable ControlOrder order, long atMillis) {
        limited.values().removeIf(before -> before.untilMillis <= atMillis);
        if (order == null || order.getAction() != ControlAction.LIMIT) {
            limited.remove(name);
        } else if (limited.size() < MOST_TENANTS || limited.containsKey(name)) {
            limited.put(name, new Limited(order, atMillis + order.getDurationMillis()));
        }
    }

    /** What holds for it now. */
    Tenant of(Tenant configured, long nowMillis) {
        Limited now = limited.isEmpty() ? null : limited.get(configured.name());
        if (now == null || nowMillis >= now.untilMillis) {
            return configured;
        }
        Tenant.Limits own = configured.limits();
        return new Tenant(configured.name(), configured.weight(),
                new Tenant.Limits(or(now.order.getConcurrency(), own.concurrency()),
                        or(now.order.getRequestsPerMinute(), own.requestsPerMinute()),
                        or(now.order.getTokensPerMinute(), own.tokensPerMinute())),
                configured.allow());
    }

    private static OptionalInt or(@Nullable Integer ordered, OptionalInt configured) {
        return ordered == null ? configured : OptionalInt.of(ordered);
    }
}
