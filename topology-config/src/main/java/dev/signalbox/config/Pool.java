package dev.signalbox.config;

import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * An isolated share of capacity with its own request topics, consumers and workers.
 *
 * @param useCases use cases it serves; {@link #OTHERWISE} stands for those that no other pool lists
 * @param priorities its priorities, each with how it shares the pool's workers
 * @param borrowsFrom lower pools whose capacity it may use
 * @param lendsIdle whether lower pools may use what it leaves idle
 * @param reserve part of its capacity that it never lends, 0 to 1
 */
public record Pool(PoolName name, Set<String> useCases, Map<Priority, PriorityShare> priorities,
        List<PoolName> borrowsFrom, boolean lendsIdle, double reserve) {
    public static final String OTHERWISE = "otherwise";

    /**
     * How a priority shares the pool's workers.
     *
     * @param weight part of the work it gets when all priorities have work, relative to the others' weights; positive
     * @param floor part of the pool's concurrent calls that it may always have, 0 to 1
     */
    public record PriorityShare(double weight, double floor) {
    }
}
