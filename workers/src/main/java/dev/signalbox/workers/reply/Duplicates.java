package dev.signalbox.workers.reply;

import dev.signalbox.config.WorkerSettings;
import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.intake.Ticket;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * Which records of a partition repeat the id of another one. A pure model of one lane: one caller at a time, monotonic
 * time as a parameter.
 *
 * <p>The first record of an id is served. Later ones of the same id and hop wait for its reply while it is pending, and
 * get it for {@link #REMEMBERED} after; with another payload they conflict. The same record read once more (under a newer
 * epoch, or because it could not be handed on) is no duplicate of itself, and a record of another hop is what the worker
 * itself published again.
 *
 * <p>Bounds: what is pending is bounded by the intake; ended ids by {@link Bounds#ids}, their replies by
 * {@link Bounds#replyBytes}, oldest first. An id whose reply had to be let go still knows its payload: another one
 * conflicts, the same one is served again.
 */
final class Duplicates {
    /** How long an ended id is remembered. */
    static final Duration REMEMBERED = Duration.ofMinutes(10);
    private final Bounds bounds;
    private final Map<TopicPartition, Map<Key, Entry>> partitions = new HashMap<>();
    private final Map<TopicPartition, Integer> forgotten = new HashMap<>();
    /** Those that are pending, by the record that is served for them. */
    private final Map<Ticket, Entry> pending = new HashMap<>();
    /** In the order of their ends; those of partitions that moved stay until they are oldest. */
    private final Deque<Entry> ended = new ArrayDeque<>();
    /** INVARIANT: the youngest of {@link #ended}, whose replies are kept; {@link #replyBytes} is their sum. */
    private final Deque<Entry> withReply = new ArrayDeque<>();
    private long replyBytes;

    /**
     * @param ids ended ids remembered
     * @param replyBytes bytes of the replies kept for them
     */
    record Bounds(int ids, long replyBytes) {
        private static final int MAX_IDS = 100_000;

        /** As many ids as fit ten times into a lane's buffer, at most {@value #MAX_IDS}; replies of an eighth of its bytes. */
        static Bounds of(WorkerSettings settings) {
            long records = 10L * (settings.bufferRecords() + (long) settings.maxInFlight());
            return new Bounds((int) Math.min(MAX_IDS, records), settings.bufferBytes() / 8);
        }
    }

    /** What a record turned out to be. */
    sealed interface Arrival {
        /** None like it is known: serve it. */
        record First() implements Arrival {
        }

        /** It waits for the reply of the first one. */
        record Joined() implements Arrival {
        }

        /** The first one's reply, which is its own. */
        record Answered(KeptReply reply) implements Arrival {
        }

        /** Its id was used for another payload. */
        record Conflicting() implements Arrival {
        }
    }

    private record Key(String id, int hop) {
        static Key of(InboundRequest request) {
            return new Key(request.id(), request.hop());
        }
    }

    private static final class Entry {
        private final Key key;
        private final String hash;
        private Ticket served;
        private List<InboundRequest> joined = List.of();
        private boolean over;
        private long endedNanos;
        private @Nullable KeptReply reply;

        Entry(InboundRequest first) {
            this.key = Key.of(first);
            this.hash = first.requestHash();
            this.served = first.ticket();
        }

        boolean is(Ticket ticket) {
            return served.offset() == ticket.offset();
        }
    }

    Duplicates(Bounds bounds) {
        this.bounds = bounds;
    }

    Arrival arrived(InboundRequest request, long nowNanos) {
        expire(nowNanos);
        Ticket ticket = request.ticket();
        if (ticket.epoch() <= forgotten.getOrDefault(ticket.partition(), Integer.MIN_VALUE)) {
            return new Arrival.First();
        }
        Map<Key, Entry> known = partitions.computeIfAbsent(ticket.partition(), any -> new HashMap<>());
        Entry entry = known.get(Key.of(request));
        if (entry == null || entry.is(ticket)) {
            return first(known, request, entry);
        }
        if (!entry.hash.equals(request.requestHash())) {
            return new Arrival.Conflicting();
        }
        if (!entry.over) {
            if (entry.joined.isEmpty()) {
                entry.joined = new ArrayList<>(1);
            }
            entry.joined.add(request);
            return new Arrival.Joined();
        }
        KeptReply reply = entry.reply;
        return reply == null ? first(known, request, entry) : new Arrival.Answered(reply);
    }

    private Arrival first(Map<Key, Entry> known, InboundRequest request, @Nullable Entry before) {
        Entry entry = new Entry(request);
        if (before != null) {
            pending.remove(before.served);
            entry.joined = before.joined;
        }
        known.put(entry.key, entry);
        pending.put(entry.served, entry);
        return new Arrival.First();
    }

    /**
     * The served record has its terminal reply.
     *
     * @return those that get it too
     */
    List<InboundRequest> ended(Ticket served, KeptReply reply, long nowNanos) {
        expire(nowNanos);
        Entry entry = pending.remove(served);
        if (entry == null) {
            return List.of();
        }
        List<InboundRequest> joined = entry.joined;
        entry.joined = List.of();
        entry.over = true;
        entry.endedNanos = nowNanos;
        entry.reply = reply;
        ended.add(entry);
        withReply.add(entry);
        replyBytes += reply.bytes();
        while (replyBytes > bounds.replyBytes) {
            letGo(withReply.remove());
        }
        while (ended.size() > bounds.ids) {
            removeOldest();
        }
        return joined;
    }

    /**
     * The served record is done without a reply, such as by moving to another topic.
     *
     * @return those that waited for it, no longer known
     */
    List<InboundRequest> leftWithoutReply(Ticket served) {
        Entry entry = pending.remove(served);
        if (entry == null) {
            return List.of();
        }
        remove(entry);
        return entry.joined;
    }

    /** The partition has moved: nothing of this or an earlier epoch counts any more. */
    void forget(TopicPartition partition, int epoch) {
        forgotten.merge(partition, epoch, Math::max);
        Map<Key, Entry> gone = Optional.ofNullable(partitions.remove(partition)).orElse(Map.of());
        for (Entry entry : gone.values()) {
            pending.remove(entry.served);
            if (entry.reply != null) {
                letGo(entry);
            }
        }
        withReply.removeIf(entry -> entry.reply == null);
    }

    private void expire(long nowNanos) {
        while (!ended.isEmpty() && nowNanos - ended.element().endedNanos >= REMEMBERED.toNanos()) {
            removeOldest();
        }
    }

    private void removeOldest() {
        Entry oldest = ended.remove();
        if (oldest.equals(withReply.peek())) {
            letGo(withReply.remove());
        }
        remove(oldest);
    }

    private void remove(Entry entry) {
        Map<Key, Entry> known = partitions.get(entry.served.partition());
        if (known != null) {
            known.remove(entry.key, entry);
        }
    }

    private void letGo(Entry entry) {
        KeptReply reply = entry.reply;
        if (reply != null) {
            replyBytes -= reply.bytes();
            entry.reply = null;
        }
    }

    /** Served ids whose reply is still to come. */
    int pendingIds() {
        return pending.size();
    }

    /** Ended ids that are remembered. */
    int endedIds() {
        return ended.size();
    }

    /** Bytes of the replies that are kept. */
    long replyBytes() {
        return replyBytes;
    }
}
