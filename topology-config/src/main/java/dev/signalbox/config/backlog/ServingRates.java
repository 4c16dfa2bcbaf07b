package dev.signalbox.config.backlog;

import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.avro.RouteStanding;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.Stream;

/**
 * How many requests a second the deployments of a route can serve for a pool, those that are out of use left out. The limits in
 * calls at once, requests and tokens are turned into requests by what the requests of the busiest minutes needed of each: the
 * limit that is reached first counts. It is the route's headroom times the peak that the headroom is told of.
 *
 * <p>Unknown where a route's limits are not known, and before its first calls were seen.
 */
public final class ServingRates {
    private static final double SECONDS = 60;

    private final Map<String, Double> perSecond = new HashMap<>();

    /** @param standings what was published last of each route */
    public ServingRates(Stream<RouteStanding> standings) {
        standings.filter(route -> route.getTenant() == null).forEach(route -> {
            Double headroom = route.getHeadroom();
            if (headroom != null && !route.getPeaks().isEmpty()) {
                int last = route.getPeaks().size() - 1;
                perSecond.put(key(route.getRoute(), route.getPool()),
                        headroom * route.getPeaks().get(last).getRequestsPerMinute() / SECONDS);
            }
        });
    }

    private static String key(String route, String pool) {
        return route + "|" + pool;
    }

    /**
     * The route that takes longest.
     *
     * @param seconds infinite: nothing of the route is in use
     */
    public record Slowest(String route, double seconds) {
    }

    /** Requests a second; empty: unknown. */
    public OptionalDouble perSecond(String route, PoolName pool) {
        Double rate = perSecond.get(key(route, pool.value()));
        return rate == null ? OptionalDouble.empty() : OptionalDouble.of(rate);
    }

    /**
     * For how long what waits in a lane keeps the deployments of its routes busy that have most to do, if they serve nothing
     * else: what waits for a route divided by what the route can serve. Empty where something waits and that is unknown of all its
     * routes.
     */
    public Optional<Slowest> seconds(LaneBacklog lane) {
        if (lane.requests() == 0) {
            return Optional.of(new Slowest("", 0));
        }
        Slowest slowest = null;
        for (Map.Entry<String, Double> waiting : lane.byRoute().entrySet()) {
            OptionalDouble rate = perSecond(waiting.getKey(), lane.lane().pool());
            if (rate.isPresent()) {
                double seconds = waiting.getValue() / rate.getAsDouble();
                if (slowest == null || seconds > slowest.seconds()) {
                    slowest = new Slowest(waiting.getKey(), seconds);
                }
            }
        }
        return Optional.ofNullable(slowest);
    }
}
