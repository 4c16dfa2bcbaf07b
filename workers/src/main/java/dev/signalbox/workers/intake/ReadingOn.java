package dev.signalbox.workers.intake;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.apache.kafka.common.TopicPartition;

/**
 * Up to when a retry topic must be read though what is put off has no more room: what was parked of a route that has opened
 * stands behind records of routes that are still blocked, and a retry whose time comes behind what waits longer. Those in
 * front are published again, at most once for each opening and each quarter of a second in which such retries come; and
 * partitions that are read so far wait meanwhile, since theirs would be published again and again while others are not
 * fetched. A pure model: one thread, broker time as a parameter.
 *
 * <p>Bounds: {@value #MAX_ROUTES} routes, a slice of retries each for the longest delay, the partitions owned.
 */
final class ReadingOn {
    /** Retries that come within it are read for together; who waits no longer than that is not published again. */
    static final long SLICE_MILLIS = 250;
    private static final int MAX_ROUTES = 1_000;
    private static final int MAX_SLICES = 480;
    /** Looks at which a route must be open one after the other: a call of a slow one that ends opens it for a moment. */
    private static final int LOOKS = 2;
    /** Within which a record that is about to be published is appended. */
    private static final long UNDER_WAY_MILLIS = 100;
    /** A partition that is fetched from for so long without a record is read to where it ended before. */
    private static final long SILENT_MILLIS = 250;

    /** Longest time for which it is read on at once for those of whom nothing is at hand. */
    static final long FAIR_MILLIS = 30_000;
    static final long LEAST_FAIR_MILLIS = 2_000;
    /** For so long nothing of them is at hand before it is. */
    static final long UNREAD_MILLIS = 1_000;
    static final int FAIR_PAUSES = 9;

    private final Map<String, Integer> looksOpen = new HashMap<>();
    /** Of retries on the topic, when the last one was published of those that come in a slice. */
    private final TreeMap<Long, Long> expected = new TreeMap<>();
    /** Append time up to which a partition is read. */
    private final Map<TopicPartition, Long> read = new HashMap<>();
    /** Since when a partition is fetched from without a record. */
    private final Map<TopicPartition, Long> silent = new HashMap<>();
    private long until = Long.MIN_VALUE;
    /** The same for who is kept out by what is parked of others; {@link Long#MIN_VALUE}: for nobody. */
    private long fairUntil = Long.MIN_VALUE;
    private long fairSince;
    private long nextFair = Long.MIN_VALUE;
    private long unreadSince = Long.MAX_VALUE;

    /** A record of the retry topic is read. */
    void read(TopicPartition partition, long appendedMillis, String parkedRoute) {
        read.put(partition, appendedMillis);
        silent.remove(partition);
        if (!parkedRoute.isEmpty() && looksOpen.size() < MAX_ROUTES) {
            looksOpen.putIfAbsent(parkedRoute, 0);
        }
    }

    /** From these, and from no others, records would have come until now if there were any. */
    void silent(Collection<TopicPartition> partitions, long nowMillis) {
        silent.keySet().retainAll(partitions);
        for (TopicPartition partition : partitions) {
            if (nowMillis - silent.computeIfAbsent(partition, any -> nowMillis) >= SILENT_MILLIS) {
                read.merge(partition, nowMillis - SILENT_MILLIS, Math::max);
            }
        }
    }

    /** A request of that route goes to the topic's end: the next time that it opens it is to come. */
    void parked(String route) {
        if (looksOpen.containsKey(route) || looksOpen.size() < MAX_ROUTES) {
            looksOpen.merge(route, 0, (looks, zero) -> looks == LOOKS ? zero : looks);
        }
    }

    /** A retry was published that may be served from then on. */
    void expect(long dueMillis, long nowMillis) {
        long slice = Math.floorDiv(dueMillis, SLICE_MILLIS);
        if (expected.size() < MAX_SLICES || expected.containsKey(slice)) {
            expected.merge(slice, nowMillis + UNDER_WAY_MILLIS, Math::max);
        }
    }

    /** Looks which routes have opened, and whose time comes. */
    void look(Predicate<String> isOpen, long nowMillis) {
        looksOpen.replaceAll((route, looks) -> {
            if (!isOpen.test(route)) {
                return 0;
            }
            if (looks == LOOKS - 1) {
                until = Math.max(until, nowMillis);
            }
            return Math.min(LOOKS, looks + 1);
        });
        while (!expected.isEmpty() && expected.firstKey() * SLICE_MILLIS <= nowMillis) {
            until = Math.max(until, expected.pollFirstEntry().getValue());
        }
    }

    /**
     * Looks whether there are requests that may come, unread, of which nothing else is at hand: all is read then that is there, until
     * there are none, or for {@value #FAIR_MILLIS} ms; and not again for nine times as long, since what others have too much of is
     * published again for it.
     *
     * @param isCrowded whether so much is put off that nothing more is read
     * @param partitions of the retry topic that are owned
     */
    void lookForUnread(boolean isAny, boolean isCrowded, Collection<TopicPartition> partitions, long nowMillis) {
        unreadSince = isAny ? Math.min(unreadSince, nowMillis) : Long.MAX_VALUE;
        if (fairUntil == Long.MIN_VALUE) {
            if (isCrowded && nowMillis >= nextFair && isAny && nowMillis - unreadSince >= UNREAD_MILLIS) {
                fairUntil = nowMillis;
                fairSince = nowMillis;
            }
            return;
        }
        boolean isOver = partitions.stream().noneMatch(partition -> isUnread(partition, fairUntil));
        if (!isAny || isOver || nowMillis - fairSince >= FAIR_MILLIS) {
            nextFair = nowMillis + Math.max(LEAST_FAIR_MILLIS, FAIR_PAUSES * (nowMillis - fairSince));
            fairUntil = Long.MIN_VALUE;
        }
    }

    /** Whether a partition is not read as far as it must be for who comes now, be it for those of whom nothing is at hand. */
    boolean isExpected(TopicPartition partition) {
        return isUnread(partition, until);
    }

    private boolean isUnread(TopicPartition partition, long untilMillis) {
        return read.getOrDefault(partition, Long.MIN_VALUE) < untilMillis;
    }

    /** Whether a partition of the retry topic is not read as far as it must be. */
    boolean isWanted(TopicPartition partition) {
        return isUnread(partition, Math.max(until, fairUntil));
    }
}
