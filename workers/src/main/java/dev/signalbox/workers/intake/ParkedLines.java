package dev.signalbox.workers.intake;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.common.TopicPartition;

/**
 * How old the parked requests of each line are: those of one tenant on one route, on their way to a lane's retry topic, unread
 * on it, or put off. A retry waits behind those that are older, so that nobody passes them for having been tried.
 *
 * <p>It knows what this worker published and what it read, of the partitions that it owns; what others published there is
 * known once it is read.
 *
 * <p>Bounds: {@value #MAX_LINES} lines; of each and each partition, {@value #MAX_STEPS} steps by which the oldest one unread grows
 * younger. Retries of further lines do not
 * stand back; beyond the steps some count for longer than they stand there, until what was published after them is read. Any
 * thread.
 */
public final class ParkedLines {
    private static final int MAX_LINES = 10_000;
    private static final int MAX_STEPS = 1_000;

    private final Map<String, Line> lines = new HashMap<>();
    /** The next offset that is read. */
    private final Map<TopicPartition, Long> positions = new HashMap<>();
    private Set<TopicPartition> owned = Set.of();
    private long refused;

    /** Up to that offset, nobody unread is older. */
    private record Step(long offset, long enqueuedMillis) {
    }

    private static final class Line {
        /** How many there are of each age that are on their way or put off. */
        private final TreeMap<Long, Integer> held = new TreeMap<>();
        private final Map<TopicPartition, ArrayDeque<Step>> unread = new HashMap<>();

        void hold(long enqueuedMillis) {
            held.merge(enqueuedMillis, 1, Integer::sum);
        }

        void release(long enqueuedMillis) {
            held.computeIfPresent(enqueuedMillis, (age, count) -> count == 1 ? null : count - 1);
        }

        void append(TopicPartition partition, Step last) {
            ArrayDeque<Step> steps = unread.computeIfAbsent(partition, any -> new ArrayDeque<>());
            while (!steps.isEmpty() && steps.getLast().enqueuedMillis >= last.enqueuedMillis) {
                steps.removeLast();
            }
            if (steps.size() < MAX_STEPS) {
                steps.addLast(last);
            } else {
                Step before = steps.removeLast();
                steps.addLast(new Step(last.offset, before.enqueuedMillis));
            }
        }

        boolean hasOlder(long enqueuedMillis, Map<TopicPartition, Long> positions) {
            if (!held.isEmpty() && held.firstKey() < enqueuedMillis) {
                return true;
            }
            boolean older = false;
            for (Map.Entry<TopicPartition, ArrayDeque<Step>> each : unread.entrySet()) {
                ArrayDeque<Step> steps = each.getValue();
                long position = positions.getOrDefault(each.getKey(), 0L);
                while (!steps.isEmpty() && steps.getFirst().offset < position) {
                    steps.removeFirst();
                }
                older |= !steps.isEmpty() && steps.getFirst().enqueuedMillis < enqueuedMillis;
            }
            unread.values().removeIf(ArrayDeque::isEmpty);
            return older;
        }

        boolean isEmpty() {
            return held.isEmpty() && unread.isEmpty();
        }
    }

    /** The line of that tenant's requests on that route. */
    public static String line(String route, String tenant) {
        return route + " " + tenant;
    }

    /** The route of a line. */
    public static String route(String line) {
        return line.substring(0, Math.max(0, line.indexOf(' ')));
    }

    /** The tenant of a line. */
    public static String tenant(String line) {
        return line.substring(line.indexOf(' ') + 1);
    }

    /** One is about to be published as parked. */
    public synchronized void hold(String line, long enqueuedMillis) {
        Line known = lines.get(line);
        if (known == null && !line.isEmpty() && hasRoom()) {
            known = new Line();
            lines.put(line, known);
        }
        if (known != null) {
            known.hold(enqueuedMillis);
        }
    }

    private boolean hasRoom() {
        if (lines.size() >= MAX_LINES && refused++ % MAX_LINES == 0) {
            lines.values().removeIf(each -> !each.hasOlder(Long.MAX_VALUE, positions));
        }
        return lines.size() < MAX_LINES;
    }

    /** One goes on to be served, or could not be published. */
    public synchronized void release(String line, long enqueuedMillis) {
        Line known = lines.get(line);
        if (known != null) {
            known.release(enqueuedMillis);
            if (known.isEmpty()) {
                lines.remove(line);
            }
        }
    }

    /** One that was about to be published stands there. */
    public synchronized void appended(String line, long enqueuedMillis, TopicPartition partition, long offset) {
        Line known = lines.get(line);
        if (known != null) {
            if (owned.contains(partition) && offset >= positions.getOrDefault(partition, 0L)) {
                known.append(partition, new Step(offset, enqueuedMillis));
            }
            release(line, enqueuedMillis);
        }
    }

    /** A partition is read up to there. */
    synchronized void read(TopicPartition partition, long nextOffset) {
        positions.put(partition, nextOffset);
    }

    /** These are owned, and no others. */
    synchronized void owned(Set<TopicPartition> partitions) {
        if (owned.equals(partitions)) {
            return;
        }
        owned = Set.copyOf(partitions);
        positions.keySet().retainAll(owned);
        lines.values().forEach(line -> line.unread.keySet().retainAll(owned));
        lines.values().removeIf(Line::isEmpty);
    }

    /** Whether an older one of its line is parked. */
    public synchronized boolean isBehind(String line, long enqueuedMillis) {
        Line known = lines.get(line);
        return known != null && known.hasOlder(enqueuedMillis, positions);
    }

    /** Lines of which nothing is at hand though some of each is unread. */
    synchronized List<String> unread() {
        return lines.entrySet().stream().filter(
                line -> line.getValue().held.isEmpty() && line.getValue().hasOlder(Long.MAX_VALUE, positions))
                .map(Map.Entry::getKey).toList();
    }
}
