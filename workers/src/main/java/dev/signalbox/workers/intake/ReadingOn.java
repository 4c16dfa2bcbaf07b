package dev.signalbox.workers.intake;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.apache.kafka.common.TopicPartition;

/**
 * Up to when a crowded retry topic must be read though what is put off has no more room: what was parked of a route that
 * has opened stands behind records of routes that are still blocked, and a retry whose time comes behind what waits longer.
 * Those in front are published again, at most once for each opening and each second in which such retries come. A pure model:
 * one thread, broker time as a parameter.
 *
 * <p>Bounds: {@value #MAX_ROUTES} routes, a second of retries each for the longest delay, the partitions owned.
 */
final class ReadingOn {
    private static final int MAX_ROUTES = 1_000;
    private static final int MAX_SECONDS = 120;
    /** Looks at which a route must be open one after the other: a call of a slow one that ends opens it for a moment. */
    private static final int LOOKS = 2;
    private static final long SECOND_MILLIS = 1_000;
    /** Within which a record that is about to be published is appended. */
    private static final long UNDER_WAY_MILLIS = 100;

    private final Map<String, Integer> looksOpen = new HashMap<>();
    /** Of retries on the topic, when the last one was published of those that come in a second. */
    private final TreeMap<Long, Long> expected = new TreeMap<>();
    /** Append time of the last record that was read. */
    private final Map<TopicPartition, Long> read = new HashMap<>();
    private long until = Long.MIN_VALUE;

    /** A record of the retry topic is read. */
    void read(TopicPartition partition, long appendedMillis, String parkedRoute) {
        read.put(partition, appendedMillis);
        if (!parkedRoute.isEmpty() && looksOpen.size() < MAX_ROUTES) {
            looksOpen.putIfAbsent(parkedRoute, 0);
        }
    }

    /** A request of that route was parked: the next time that it opens it is to come. */
    void parked(String route) {
        if (looksOpen.containsKey(route) || looksOpen.size() < MAX_ROUTES) {
            looksOpen.put(route, 0);
        }
    }

    /** A retry was published that may be served from then on. */
    void expect(long dueMillis, long nowMillis) {
        if (expected.size() < MAX_SECONDS) {
            expected.merge(Math.floorDiv(dueMillis, SECOND_MILLIS), nowMillis + UNDER_WAY_MILLIS, Math::max);
        }
    }

    /** Looks which routes have opened, and whose time comes. */
    void look(Predicate<String> isOpen, long nowMillis) {
        looksOpen.replaceAll((route, looks) -> {
            if (!isOpen.test(route)) {
                return 0;
            }
            if (looks == LOOKS - 1) {
                until = nowMillis;
            }
            return Math.min(LOOKS, looks + 1);
        });
        while (!expected.isEmpty() && expected.firstKey() * SECOND_MILLIS <= nowMillis) {
            until = Math.max(until, expected.pollFirstEntry().getValue());
        }
    }

    /** Whether one of these partitions of the retry topic is not read as far as it must be. */
    boolean isWanted(Set<TopicPartition> owned, String retryTopic) {
        return owned.stream().anyMatch(partition -> partition.topic().equals(retryTopic)
                && read.getOrDefault(partition, Long.MIN_VALUE) < until);
    }
}
