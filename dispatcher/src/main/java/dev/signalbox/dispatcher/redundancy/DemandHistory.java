package dev.signalbox.dispatcher.redundancy;

import dev.signalbox.config.redundancy.LiveState.Peak;
import dev.signalbox.config.redundancy.LiveState.RouteKey;
import dev.signalbox.schemas.PoolName;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.streams.state.KeyValueStore;

/** Demand by route, pool and hour over 28 days, in a store whose keys begin with the hour. For one thread. */
final class DemandHistory {
    /** Shortest first. */
    static final List<Integer> WINDOW_DAYS = List.of(7, 28);
    private static final char SEPARATOR = '|';
    private static final double MINUTE_MILLIS = Duration.ofMinutes(1).toMillis();
    private static final int HOUR_DIGITS = 8;

    private final KeyValueStore<String, DemandHour> hours;

    DemandHistory(KeyValueStore<String, DemandHour> hours) {
        this.hours = hours;
    }

    void add(FleetNews.Demand demand) {
        String key = String.format(Locale.ROOT, "%0" + HOUR_DIGITS + "d", TimeUnit.MINUTES.toHours(demand.minute()))
                + SEPARATOR
                + demand.route() + SEPARATOR + demand.pool();
        DemandHour known = hours.get(key);
        DemandHour hour = (known == null ? DemandHour.EMPTY : known).plus(demand.minute(), demand.sums());
        hours.put(key, hour);
    }

    /** Highest minutes of both windows, by route and pool. */
    Map<RouteKey, List<Peak>> peaks(long nowMillis) {
        Map<RouteKey, List<DemandSums>> highest = new HashMap<>();
        try (var all = hours.all()) {
            all.forEachRemaining(entry -> {
                long ageHours = TimeUnit.MILLISECONDS.toHours(nowMillis) - hour(entry.key);
                List<DemandSums> known = highest.computeIfAbsent(route(entry.key),
                        route -> new ArrayList<>(WINDOW_DAYS.stream().map(days -> DemandSums.NONE).toList()));
                for (int i = 0; i < WINDOW_DAYS.size(); i++) {
                    if (ageHours < TimeUnit.DAYS.toHours(WINDOW_DAYS.get(i))) {
                        known.set(i, known.get(i).max(entry.value.highest()));
                    }
                }
            });
        }
        Map<RouteKey, List<Peak>> peaks = new HashMap<>();
        highest.forEach((route, sums) -> {
            List<Peak> ofRoute = new ArrayList<>();
            for (int i = 0; i < sums.size(); i++) {
                ofRoute.add(peak(WINDOW_DAYS.get(i), sums.get(i)));
            }
            peaks.put(route, ofRoute);
        });
        return peaks;
    }

    private static Peak peak(int days, DemandSums sums) {
        return new Peak(days, sums.busyMillis() / MINUTE_MILLIS, sums.requests(), sums.inputTokens(),
                sums.outputTokens());
    }

    /** Deletes what is older than the longest window. */
    void forget(long nowMillis) {
        long first = TimeUnit.MILLISECONDS.toHours(nowMillis) - TimeUnit.DAYS.toHours(WINDOW_DAYS.getLast());
        List<String> old = new ArrayList<>();
        try (var all = hours.all()) {
            while (all.hasNext()) {
                String key = all.next().key;
                if (hour(key) >= first) {
                    break; // Keys are sorted by hour.
                }
                old.add(key);
            }
        }
        old.forEach(hours::delete);
    }

    private static long hour(String key) {
        return Long.parseLong(key.substring(0, HOUR_DIGITS));
    }

    private static RouteKey route(String key) {
        int pool = key.lastIndexOf(SEPARATOR);
        return new RouteKey(key.substring(HOUR_DIGITS + 1, pool), new PoolName(key.substring(pool + 1)));
    }
}
