package dev.signalbox.config.backlog;

import dev.signalbox.schemas.Lane;
import java.util.Map;
import java.util.Optional;

/**
 * What waited in all lanes at one time.
 *
 * @param asOfMillis when that was, ms on the broker's clock
 */
public record Backlog(Map<Lane, LaneBacklog> lanes, long asOfMillis) {
    public Backlog {
        lanes = Map.copyOf(lanes);
    }

    public Optional<LaneBacklog> of(Lane lane) {
        return Optional.ofNullable(lanes.get(lane));
    }

    /** Age of the oldest request of a lane since it was first enqueued, seconds; 0: nothing waits. */
    public double oldestAgeSeconds(LaneBacklog lane) {
        return lane.firstEnqueuedMillis().isPresent()
                ? Math.max(0, asOfMillis - lane.firstEnqueuedMillis().getAsLong()) / 1e3
                : 0;
    }
}
