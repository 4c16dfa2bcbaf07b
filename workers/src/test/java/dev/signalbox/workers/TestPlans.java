package dev.signalbox.workers;

import dev.signalbox.config.Configuration;
import java.util.function.Supplier;

/** Plans for tests. */
final class TestPlans {
    private TestPlans() {
    }

    /** One for all requests, at the time 0. */
    static Supplier<RoutePlan> of(Configuration configuration, Permits permits) {
        RoutePlan plan = RoutePlan.of(0, configuration, permits.router(), () -> 0);
        return () -> plan;
    }
}
