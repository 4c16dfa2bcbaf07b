package dev.signalbox.cli.whatif;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** How long the requests of some tenants wait for their first call, from one point in time to the next. */
final class TenantWaits {
    private final Map<String, Waits> tenants = new LinkedHashMap<>();

    private static final class Waits {
        /** Of those that wait: how many came at which time. */
        private final TreeMap<Long, Integer> since = new TreeMap<>();
        /** Of those that waited and do so no more, since the last look. */
        private long longestNanos;
    }

    /** @param tenants whose waits are kept, in the order of the curves; those of others are not */
    TenantWaits(List<String> tenants) {
        tenants.forEach(tenant -> this.tenants.put(tenant, new Waits()));
    }

    /** Those whose requests have most tokens, the largest first. */
    static List<String> largest(List<LoadRequest> load, int most) {
        Map<String, Long> tokens = load.stream().collect(Collectors.groupingBy(LoadRequest::tenant, TreeMap::new,
                Collectors.summingLong(each -> each.inputTokens() + (long) each.outputTokens())));
        return tokens.entrySet().stream().sorted(Map.Entry.<String, Long>comparingByValue().reversed()).limit(most)
                .map(Map.Entry::getKey).toList();
    }

    void begins(String tenant, long arrivedNanos) {
        Waits waits = tenants.get(tenant);
        if (waits != null) {
            waits.since.merge(arrivedNanos, 1, Integer::sum);
        }
    }

    /** Its first call begins, or it ends without one. */
    void ends(String tenant, long arrivedNanos, long nanos) {
        Waits waits = tenants.get(tenant);
        if (waits != null) {
            waits.since.computeIfPresent(arrivedNanos, (time, count) -> count == 1 ? null : count - 1);
            waits.longestNanos = Math.max(waits.longestNanos, nanos - arrivedNanos);
        }
    }

    /**
     * The longest wait of each tenant since the last look, in s: of those that got their first call or gave up, and of those that
     * wait still, who would else not be seen.
     */
    Map<String, Double> look(long nanos) {
        Map<String, Double> longest = new LinkedHashMap<>();
        tenants.forEach((tenant, waits) -> {
            long oldest = waits.since.isEmpty() ? 0 : nanos - waits.since.firstKey();
            longest.put(tenant, Math.max(waits.longestNanos, oldest) / 1e9);
            waits.longestNanos = 0;
        });
        return longest;
    }
}
