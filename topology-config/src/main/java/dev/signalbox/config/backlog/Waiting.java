package dev.signalbox.config.backlog;

import dev.signalbox.schemas.Lane;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalLong;

/**
 * Adds up what waits in a lane's partitions. Of each it is known how much, and of the beginning of what waits how old it is and
 * which routes serve it: the rest of the partition is taken to be for the same routes. A pure model; one thread.
 */
final class Waiting {
    private final Lane lane;
    private final Map<String, Double> byRoute = new HashMap<>();
    private long requests;
    private long oldest = Long.MAX_VALUE;

    /**
     * The beginning of what waits in a partition.
     *
     * @param firstEnqueuedMillis of the oldest; empty: nothing could be read
     * @param looked how many were looked at
     * @param byRoute how many of these each route serves
     */
    record Beginning(OptionalLong firstEnqueuedMillis, int looked, Map<String, Integer> byRoute) {
        static final Beginning NOTHING = new Beginning(OptionalLong.empty(), 0, Map.of());

        Beginning {
            byRoute = Map.copyOf(byRoute);
        }
    }

    Waiting(Lane lane) {
        this.lane = lane;
    }

    /** @param inPartition requests that wait there; nothing, if negative */
    void add(long inPartition, Beginning beginning) {
        if (inPartition <= 0) {
            return;
        }
        requests += inPartition;
        oldest = Math.min(oldest, beginning.firstEnqueuedMillis.orElse(Long.MAX_VALUE));
        beginning.byRoute.forEach((route, count) -> byRoute.merge(route,
                (double) inPartition * count / beginning.looked, Double::sum));
    }

    LaneBacklog sum() {
        return new LaneBacklog(lane, requests,
                oldest == Long.MAX_VALUE ? OptionalLong.empty() : OptionalLong.of(oldest), byRoute);
    }
}
