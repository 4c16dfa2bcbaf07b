package dev.signalbox.dispatcher.redundancy;

import dev.signalbox.config.Configuration;
import dev.signalbox.dispatcher.alerts.Trouble;
import java.time.Duration;
import java.util.List;
import java.util.function.Function;
import java.util.function.LongFunction;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * What the fleet is judged by, beside what its tasks tell.
 *
 * @param configuration asked again each time
 * @param others trouble that others find, such as budgets', as of a time, ms on the broker's clock
 * @param longestCall of a deployment, by its name, at present: no call of it takes longer, the report of its end included
 * @param doubted whether a deployment, by its name, shares a failure domain with others that are out
 */
public record FleetSources(Supplier<Configuration> configuration, LongFunction<List<Trouble>> others,
        Function<String, Duration> longestCall, Predicate<String> doubted) {
}
