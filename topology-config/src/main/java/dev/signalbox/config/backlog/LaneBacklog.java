package dev.signalbox.config.backlog;

import dev.signalbox.schemas.Lane;
import java.util.Map;
import java.util.OptionalLong;

/**
 * What waits in one lane.
 *
 * @param requests in its three topics and not answered: those that workers hold, waiting or running, and those that nobody has
 *        read yet
 * @param firstEnqueuedMillis append time of the first record of the oldest of them, ms on the broker's clock; empty: nothing
 *        waits
 * @param byRoute the same requests by the route that serves them, as far as the beginnings of the partitions tell; those of
 *        no route are left out
 */
public record LaneBacklog(Lane lane, long requests, OptionalLong firstEnqueuedMillis, Map<String, Double> byRoute) {
    public LaneBacklog {
        byRoute = Map.copyOf(byRoute);
    }
}
