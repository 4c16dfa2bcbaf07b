package dev.signalbox.dispatcher.redundancy;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.DeploymentName;
import dev.signalbox.config.redundancy.LiveRedundancy;
import dev.signalbox.config.redundancy.LiveRoute;
import dev.signalbox.config.redundancy.LiveState;
import dev.signalbox.config.redundancy.LiveState.Peak;
import dev.signalbox.config.redundancy.LiveState.RouteKey;
import dev.signalbox.dispatcher.alerts.Trouble;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.streams.state.KeyValueStore;
import org.jspecify.annotations.Nullable;

/** What is known of the whole fleet, in the stores of the one task that judges it. For one thread; times are ms on the broker's clock. */
final class FleetPicture {
    /** How old what was found of a route may be, and figures of demand in it. */
    private static final long REFRESH_MILLIS = Duration.ofSeconds(60).toMillis();
    /** For how long records that could not be read are trouble. */
    private static final long UNREADABLE_MILLIS = Duration.ofMinutes(10).toMillis();
    private static final String KNOWN_SINCE = "";

    private final FleetSources sources;
    private final KeyValueStore<String, FleetNews> healths;
    private final DemandHistory demand;
    private final KeyValueStore<String, Long> lastCalls;
    private final Map<String, TreeMap<Long, Long>> unreadable = new HashMap<>();
    private final Set<String> told = new HashSet<>();
    private Map<RouteKey, List<Peak>> peaks = Map.of();
    private LiveRedundancy.@Nullable Report report;
    private @Nullable Configuration judged;
    private long refreshedMillis = Long.MIN_VALUE;

    FleetPicture(FleetSources sources, KeyValueStore<String, FleetNews> healths,
            KeyValueStore<String, DemandHour> demand,
            KeyValueStore<String, Long> lastCalls) {
        this.sources = sources;
        this.healths = healths;
        this.demand = new DemandHistory(demand);
        this.lastCalls = lastCalls;
    }

    void take(String key, FleetNews news, long nowMillis) {
        switch (news) {
            case FleetNews.Health health -> {
                FleetNews before = healths.get(key);
                FleetNews.Health now = health.after(before);
                if (!now.equals(before)) {
                    healths.put(key, now);
                    report = null;
                }
            }
            case FleetNews.Forgotten _ -> {
                healths.delete(key);
                lastCalls.delete(key);
                report = null;
            }
            case FleetNews.Demand asked -> {
                demand.add(asked);
                if (asked.sums().requests() > 0 || asked.sums().busyMillis() > 0) {
                    lastCalls.put(key, nowMillis);
                }
                if (lastCalls.get(KNOWN_SINCE) == null) {
                    lastCalls.put(KNOWN_SINCE, nowMillis);
                }
            }
            case FleetNews.Unreadable records -> unreadable.computeIfAbsent(key, topic -> new TreeMap<>())
                    .merge(nowMillis, records.count(), Long::sum);
        }
    }

    /** What routes have left, by key: those that changed, and all of them now and then. */
    Map<String, Judged.Route> routes(long nowMillis) {
        Configuration configuration = sources.configuration().get();
        boolean refresh = nowMillis - REFRESH_MILLIS >= refreshedMillis;
        if (refresh) {
            refreshedMillis = nowMillis;
            demand.forget(nowMillis);
            peaks = demand.peaks(nowMillis);
        }
        if (report != null && !refresh && configuration.equals(judged)) {
            return Map.of();
        }
        report = LiveRedundancy.assess(configuration, state(configuration, nowMillis));
        judged = configuration;
        Map<String, Judged.Route> routes = new LinkedHashMap<>();
        told.forEach(key -> routes.put(key, new Judged.Route(null)));
        told.clear();
        for (LiveRoute route : report.routes()) {
            told.add(route.key());
            routes.put(route.key(), new Judged.Route(
                    RouteStandings.of(route, configuration.alerts().headroom(), nowMillis)));
        }
        return routes;
    }

    private LiveState state(Configuration configuration, long nowMillis) {
        Set<DeploymentName> out = new HashSet<>();
        known(configuration).forEach((name, health) -> {
            if (health.out()) {
                out.add(name);
            }
        });
        Map<DeploymentName, Long> called = new HashMap<>();
        for (DeploymentName name : configuration.deployments().keySet()) {
            Long last = lastCalls.get(name.toString());
            if (last != null) {
                called.put(name, last);
            }
        }
        Long since = lastCalls.get(KNOWN_SINCE);
        return new LiveState(out, peaks, called, since == null ? nowMillis : since, nowMillis);
    }

    private Map<DeploymentName, FleetNews.Health> known(Configuration configuration) {
        Map<DeploymentName, FleetNews.Health> known = new LinkedHashMap<>();
        for (DeploymentName name : configuration.deployments().keySet()) {
            if (healths.get(name.toString()) instanceof FleetNews.Health health) {
                known.put(name, health);
            }
        }
        return known;
    }

    /** All trouble there is; after {@link #routes} of the same time. */
    List<Trouble> troubles(long nowMillis) {
        Configuration configuration = sources.configuration().get();
        List<Trouble> troubles = new ArrayList<>(sources.others().apply(nowMillis));
        if (report != null) {
            troubles.addAll(Troubles.of(configuration, known(configuration), report));
        }
        unreadable.values().forEach(counts -> counts.headMap(nowMillis - UNREADABLE_MILLIS).clear());
        unreadable.values().removeIf(Map::isEmpty);
        unreadable.forEach((topic, counts) -> troubles.add(Troubles.unreadable(topic,
                counts.values().stream().mapToLong(Long::longValue).sum())));
        return troubles;
    }
}
