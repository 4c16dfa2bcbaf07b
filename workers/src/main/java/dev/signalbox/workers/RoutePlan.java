package dev.signalbox.workers;

import dev.signalbox.config.Configuration;
import dev.signalbox.workers.reply.Pricing;
import dev.signalbox.workers.router.RouteReach;
import dev.signalbox.workers.router.Router;
import java.util.function.LongSupplier;

/**
 * What requests go by: one generation of the configuration, and what is made of it. A request takes the present one for each
 * of its visits and keeps it through that visit, so that it never sees parts of two.
 */
record RoutePlan(long generation, Configuration configuration, Router router, QueryReader queries, RouteReach reach,
        Pricing pricing) {

    /**
     * @param router of the same configuration
     * @param brokerMillis the fleet's clock
     */
    static RoutePlan of(long generation, Configuration configuration, Router router, LongSupplier brokerMillis) {
        return new RoutePlan(generation, configuration, router, new QueryReader(configuration, brokerMillis),
                new RouteReach(configuration), new Pricing(configuration.prices()));
    }
}
