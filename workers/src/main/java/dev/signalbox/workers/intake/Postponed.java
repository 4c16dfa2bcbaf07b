package dev.signalbox.workers.intake;

import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.function.Predicate;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * Records of a lane's retry topic whose time has not come, by the end of their delays. A pure model: one thread, broker time
 * as a parameter. What was parked because its route had no room comes before its time as soon as there is some, and waits on
 * when its time has come and there is none.
 *
 * <p>Bounds: the records that the intake admits of retry topics, see {@link LaneBounds#mayPutOff}.
 */
final class Postponed {
    /** Longest delay of one hop; who waits longer hops again. */
    static final long MAX_DELAY_MILLIS = 60_000;

    private static final Comparator<Entry> BY_DUE = Comparator.comparingLong(Entry::dueMillis)
            .thenComparingLong(Entry::number);
    private static final Comparator<Entry> OLDEST_FIRST = Comparator.comparingLong(Entry::firstEnqueuedMillis)
            .thenComparingLong(Entry::number);

    private final PriorityQueue<Entry> entries = new PriorityQueue<>(BY_DUE);
    /** Parked ones whose time has come and that wait on. */
    private final List<Entry> over = new ArrayList<>();
    private final ParkedLines lines;
    private long numbers;

    private record Entry(RecordDecoding.Admitted admitted, long dueMillis, long firstEnqueuedMillis, String route,
            String line, boolean tried, long number) {
        boolean hasAWhile(long nowMillis) {
            return dueMillis - nowMillis > ReadingOn.SLICE_MILLIS;
        }

        boolean isParked() {
            return !route.isEmpty();
        }

        /** One that stands in none stands in its route's own. */
        String lineOr() {
            return line.isEmpty() ? ParkedLines.line(route, "") : line;
        }

        boolean isMovable(Predicate<Ticket> may) {
            return admitted.source().key() != null && may.test(admitted.ticket());
        }
    }

    /** @param lines told of the parked ones, which may have retries behind them */
    Postponed(ParkedLines lines) {
        this.lines = lines;
    }

    /** Whether a record is to be put off. */
    static boolean takes(ConsumerRecord<byte[], byte[]> source, long nowMillis) {
        return dueMillis(source) > nowMillis;
    }

    static long dueMillis(ConsumerRecord<byte[], byte[]> source) {
        return source.timestamp() + RecordFacts.delayMillis(source);
    }

    void add(RecordDecoding.Admitted admitted) {
        ConsumerRecord<byte[], byte[]> source = admitted.source();
        Entry entry = new Entry(admitted, dueMillis(source), RecordFacts.firstEnqueuedMillis(source),
                RecordFacts.parkedRoute(source), RecordFacts.line(source), RecordFacts.isTried(source), numbers++);
        entries.add(entry);
        if (entry.isParked()) {
            lines.hold(entry.line, entry.firstEnqueuedMillis);
        }
    }

    /** A retry that has older ones of its line before it. */
    private boolean isBehind(Entry entry) {
        return entry.tried && lines.isBehind(entry.line, entry.firstEnqueuedMillis);
    }

    private RecordDecoding.Admitted leaves(Entry entry) {
        if (entry.isParked()) {
            lines.release(entry.line, entry.firstEnqueuedMillis);
        }
        return entry.admitted;
    }

    /**
     * Takes out those whose time has come, oldest due first.
     *
     * @param waits parked ones that wait on nevertheless; they are {@link #over}
     * @param may those that may go at all
     */
    List<RecordDecoding.Admitted> due(long nowMillis, Predicate<ConsumerRecord<byte[], byte[]>> waits,
            Predicate<Ticket> may) {
        List<RecordDecoding.Admitted> due = new ArrayList<>();
        List<Entry> stay = new ArrayList<>();
        while (!entries.isEmpty() && entries.element().dueMillis <= nowMillis) {
            Entry entry = entries.remove();
            if (entry.isParked() && waits.test(entry.admitted.source())) {
                over.add(entry);
            } else if (may.test(entry.admitted.ticket())) {
                due.add(leaves(entry));
            } else {
                stay.add(entry);
            }
        }
        entries.addAll(stay);
        return due;
    }

    /** Those whose time has come and that waited on are looked at anew. */
    void lookAgain() {
        entries.addAll(over);
        over.clear();
    }

    /**
     * Takes out those whose time has come and that wait on, oldest first, so that in one go they pass in this order.
     *
     * @param most so many at once
     */
    List<RecordDecoding.Admitted> over(int most, Predicate<Ticket> may) {
        List<RecordDecoding.Admitted> taken = new ArrayList<>();
        over.sort(OLDEST_FIRST);
        over.removeIf(entry -> {
            boolean takes = taken.size() < most && may.test(entry.admitted.ticket());
            if (takes) {
                taken.add(leaves(entry));
            }
            return takes;
        });
        return taken;
    }

    /** Who of those that were parked may go before its time. */
    interface Early {
        /** So many of each route. */
        int most(String route);

        /** Whether one more of a tenant's may wait for that route, of whom so many do. */
        boolean mayCome(String route, int waiting);

        /** That tenant's requests that wait for that route. */
        int waiting(String route, String tenant);

        /** Whether one that has older ones of its line before it may await them there. */
        boolean mayAwaitOlder(String route);
    }

    /** A line's parked ones, the oldest first, and how many of it wait where they go. */
    private static final class InLine {
        final String line;
        final ArrayDeque<Entry> entries = new ArrayDeque<>();
        int waiting;

        InLine(String line) {
            this.line = line;
        }

        String route() {
            return entries.element().route;
        }

        boolean isBefore(InLine other) {
            return waiting != other.waiting
                    ? waiting < other.waiting
                    : OLDEST_FIRST.compare(entries.element(), other.entries.element()) < 0;
        }
    }

    /**
     * Takes out those that may go before their time: each time of the line of which fewest wait, and of that the one that was
     * enqueued first.
     */
    List<RecordDecoding.Admitted> early(Early which, Predicate<Ticket> may) {
        lookAgain();
        PriorityQueue<InLine> next = new PriorityQueue<>((a, b) -> a.isBefore(b) ? -1 : b.isBefore(a) ? 1 : 0);
        for (InLine line : inLines()) {
            line.waiting = which.waiting(line.route(), ParkedLines.tenant(line.line));
            next.add(line);
        }
        Map<String, Integer> left = new HashMap<>();
        Set<Entry> taken = new LinkedHashSet<>();
        while (!next.isEmpty()) {
            InLine line = next.remove();
            String route = line.route();
            Entry first = line.entries.remove();
            boolean takes = left.computeIfAbsent(route, which::most) > 0 && which.mayCome(route, line.waiting)
                    && (!isBehind(first) || which.mayAwaitOlder(route)) && may.test(first.admitted.ticket());
            if (takes) {
                left.merge(route, -1, Integer::sum);
                line.waiting++;
                taken.add(first);
            }
            if (!line.entries.isEmpty()) {
                next.add(line);
            }
        }
        entries.removeAll(taken);
        return taken.stream().map(this::leaves).toList();
    }

    private Collection<InLine> inLines() {
        Map<String, InLine> lines = new LinkedHashMap<>();
        entries.stream().filter(Entry::isParked).sorted(OLDEST_FIRST).forEach(
                entry -> lines.computeIfAbsent(entry.lineOr(), InLine::new).entries.add(entry));
        return lines.values();
    }

    /** Takes out what has one of these ids. */
    List<RecordDecoding.Admitted> picked(Predicate<String> ids, Predicate<Ticket> may) {
        return take(BY_DUE, entry -> {
            byte[] key = entry.admitted.source().key();
            return key != null && ids.test(new String(key, StandardCharsets.UTF_8))
                    && may.test(entry.admitted.ticket());
        });
    }

    /**
     * Takes out those that have a while to wait yet, the parked ones whose route is open excepted.
     *
     * @param waits parked ones that will wait on when their time comes, if it has not come
     */
    List<RecordDecoding.Admitted> waitOn(Predicate<String> isOpen, Predicate<ConsumerRecord<byte[], byte[]>> waits,
            long nowMillis, Predicate<Ticket> may) {
        Map<String, Boolean> open = new HashMap<>();
        List<RecordDecoding.Admitted> waiting = over(over.size(), may);
        waiting.addAll(take(OLDEST_FIRST, entry -> entry.isMovable(may) && (entry.route.isEmpty()
                ? entry.hasAWhile(nowMillis)
                : !open.computeIfAbsent(entry.route, isOpen::test)
                        && (entry.hasAWhile(nowMillis) || waits.test(entry.admitted.source())))));
        return waiting;
    }

    /**
     * Takes out what each line has beyond an equal part of half of them, so that others are read; those that were enqueued last.
     *
     * @param goesOn routes whose requests go on by themselves
     */
    List<RecordDecoding.Admitted> beyondTheirPart(Predicate<String> goesOn, Predicate<Ticket> may) {
        lookAgain();
        Map<String, Boolean> going = new HashMap<>();
        List<InLine> lines = inLines().stream()
                .filter(line -> !going.computeIfAbsent(line.route(), goesOn::test)).toList();
        int part = Math.max(1, entries.size() / 2 / Math.max(1, lines.size()));
        Set<Entry> beyond = new LinkedHashSet<>();
        lines.forEach(line -> line.entries.stream().skip(part).filter(entry -> entry.isMovable(may))
                .forEach(beyond::add));
        entries.removeAll(beyond);
        return beyond.stream().map(this::leaves).toList();
    }

    private List<RecordDecoding.Admitted> take(Comparator<Entry> order, Predicate<Entry> which) {
        lookAgain();
        List<Entry> inOrder = new ArrayList<>(entries);
        inOrder.sort(order);
        List<RecordDecoding.Admitted> taken = new ArrayList<>();
        List<Entry> stay = new ArrayList<>();
        for (Entry entry : inOrder) {
            if (which.test(entry)) {
                taken.add(leaves(entry));
            } else {
                stay.add(entry);
            }
        }
        if (!taken.isEmpty()) {
            entries.clear();
            entries.addAll(stay);
        }
        return taken;
    }

    /** Drops what is not owned any more. */
    void keepOnly(Predicate<Ticket> owned) {
        entries.removeIf(entry -> isLost(entry, owned));
        over.removeIf(entry -> isLost(entry, owned));
    }

    private boolean isLost(Entry entry, Predicate<Ticket> owned) {
        boolean lost = !owned.test(entry.admitted.ticket());
        if (lost) {
            leaves(entry);
        }
        return lost;
    }

    int size() {
        return entries.size() + over.size();
    }
}
