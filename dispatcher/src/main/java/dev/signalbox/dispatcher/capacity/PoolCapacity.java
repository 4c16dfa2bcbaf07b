package dev.signalbox.dispatcher.capacity;

import dev.signalbox.schemas.Amounts;
import java.util.Set;

/**
 * A pool's own part of a deployment, and how it shares it.
 *
 * @param name empty where the deployment is shared by all pools
 * @param own its part of the limits
 * @param lendsIdle whether lower pools may use what it leaves idle
 * @param reserve part of its own that it never lends, 0 to 1
 * @param borrowsFrom lower pools whose idle capacity it may use
 */
public record PoolCapacity(String name, Amounts own, boolean lendsIdle, double reserve, Set<String> borrowsFrom) {
    public PoolCapacity {
        borrowsFrom = Set.copyOf(borrowsFrom);
    }
}
