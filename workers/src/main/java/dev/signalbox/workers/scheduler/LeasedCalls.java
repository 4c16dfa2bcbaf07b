package dev.signalbox.workers.scheduler;

import java.util.OptionalLong;

/** How many calls at once of a tenant a pool of this worker may run. Asked under the scheduler's lock; a few microseconds. */
@FunctionalInterface
public interface LeasedCalls {
    /** Nobody leases them. */
    LeasedCalls NONE = (tenant, nowNanos) -> OptionalLong.empty();

    /** So many by a lease; empty: this worker's part of the tenant's limit. */
    OptionalLong of(String tenant, long nowNanos);
}
