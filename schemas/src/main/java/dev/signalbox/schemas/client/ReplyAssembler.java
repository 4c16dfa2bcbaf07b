package dev.signalbox.schemas.client;

import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.TokenChunk;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The reader's rule, with time as a parameter; for one thread. {@code docs/replies.md} explains it, and the vectors of
 * {@code reader-vectors.json} hold it for readers in other languages.
 *
 * <p>Memory is bounded by {@link Bounds}. At a bound: {@link #expect} refuses; a request that nobody expected gets no
 * preview and its reply is handed over at once; a gap with too much behind it ends the preview of that attempt, and the
 * reply replaces the text; a reply that would have to wait for its END is handed over at once; of the ended ids the one
 * that ended first is forgotten, so that a late duplicate of its reply would count as new where all requests are followed.
 */
public final class ReplyAssembler {
    /** How long a terminal reply waits for its attempt's END chunk, ms. */
    public static final long END_WAIT_MILLIS = 2_000;
    /** How long after its time to live a request may still be answered, ms. */
    public static final long GRACE_MILLIS = Duration.ofHours(1).toMillis();
    /** Of a request that nobody expected: the longest default. */
    private static final Duration UNKNOWN_TIME_TO_LIVE = Duration.ofHours(24);

    private final ReplyReaderOptions.Scope scope;
    private final Bounds bounds;
    private final Map<String, FollowedRequest> live = new HashMap<>();
    /** Ended ids, in the order in which they ended. */
    private final Set<String> ended = new LinkedHashSet<>();
    /** INVARIANT: one entry for each id in live and ended. */
    private final TreeSet<Deadline> deadlines = new TreeSet<>(
            Comparator.comparingLong(Deadline::atMillis).thenComparing(Deadline::requestId));
    private final Map<String, Long> deadlineOf = new HashMap<>();
    /** Replies that wait for their END, in the order of their time. */
    private final Deque<Waiting> waiting = new ArrayDeque<>();
    private long heldBytes;

    /**
     * @param maxLive requests followed at once
     * @param maxRemembered ended requests remembered
     * @param maxHeldBytes bytes of chunks behind gaps and of replies that wait for their END
     * @param maxHeldBytesPerRequest the same for one request
     */
    public record Bounds(int maxLive, int maxRemembered, long maxHeldBytes, long maxHeldBytesPerRequest) {
        /** 100,000 live, 1,000,000 remembered, 64 MiB, 4 MiB a request. */
        public static final Bounds DEFAULT = new Bounds(100_000, 1_000_000, 64L << 20, 4L << 20);
    }

    private record Deadline(long atMillis, String requestId) {
    }

    private record Waiting(long untilMillis, FollowedRequest request) {
    }

    public ReplyAssembler(ReplyReaderOptions.Scope scope, Bounds bounds) {
        this.scope = scope;
        this.bounds = bounds;
    }

    /** False if there are {@link Bounds#maxLive} requests already, or this id is followed or remembered. */
    public boolean expect(Expectation expectation, long nowMillis) {
        if (live.size() >= bounds.maxLive || deadlineOf.containsKey(expectation.requestId())) {
            return false;
        }
        follow(expectation, nowMillis);
        return true;
    }

    /** @param nowMillis any monotonic clock, the same for all calls */
    public List<ReplyEvent> onChunk(TokenChunk chunk, long nowMillis) {
        FollowedRequest request = known(chunk.getRequestId(), nowMillis);
        if (request == null) {
            return List.of();
        }
        List<ReplyEvent> events = new ArrayList<>(1);
        long before = request.heldBytes();
        long room = Math.min(bounds.maxHeldBytes - heldBytes, bounds.maxHeldBytesPerRequest - before);
        request.onChunk(chunk, room, events);
        heldBytes += request.heldBytes() - before;
        LlmReply reply = request.reply();
        if (reply != null && !request.mayBeConfirmed(reply)) {
            events.add(end(request, reply));
        }
        return events;
    }

    /** @param nowMillis any monotonic clock, the same for all calls */
    public List<ReplyEvent> onReply(LlmReply reply, long nowMillis) {
        String id = reply.getRequestId();
        FollowedRequest request = known(id, nowMillis);
        if (request == null) {
            if (scope == ReplyReaderOptions.Scope.EXPECTED || deadlineOf.containsKey(id)) {
                return List.of();
            }
            setDeadline(id, nowMillis + UNKNOWN_TIME_TO_LIVE.toMillis() + GRACE_MILLIS);
            remember(id);
            return List.of(new ReplyEvent.Ended(reply, FollowedRequest.hasBody(reply)));
        }
        if (request.reply() != null || !request.isExpected(reply)) {
            return List.of();
        }
        if (!request.mayBeConfirmed(reply) || heldBytes + FollowedRequest.size(reply) > bounds.maxHeldBytes) {
            return List.of(end(request, reply));
        }
        long before = request.heldBytes();
        request.accept(reply);
        heldBytes += request.heldBytes() - before;
        waiting.add(new Waiting(nowMillis + END_WAIT_MILLIS, request));
        return List.of();
    }

    /** What the passing of time brings: call it a few times a second. */
    public List<ReplyEvent> tick(long nowMillis) {
        List<ReplyEvent> events = new ArrayList<>(0);
        while (!waiting.isEmpty() && waiting.peek().untilMillis <= nowMillis) {
            FollowedRequest request = waiting.remove().request;
            LlmReply reply = request.reply();
            if (reply != null) {
                events.add(end(request, reply));
            }
        }
        while (!deadlines.isEmpty() && deadlines.first().atMillis <= nowMillis) {
            String id = deadlines.first().requestId;
            FollowedRequest request = live.remove(id);
            if (request != null) {
                heldBytes -= request.heldBytes();
                request.release();
                events.add(new ReplyEvent.Abandoned(id));
            }
            forget(id);
        }
        return events;
    }

    /** Requests that have not ended. */
    public int liveCount() {
        return live.size();
    }

    /** Ended requests that are remembered. */
    public int rememberedCount() {
        return ended.size();
    }

    /** Bytes held, as {@link Bounds#maxHeldBytes} counts them. */
    public long heldBytes() {
        return heldBytes;
    }

    /** The request of that id, which is followed from now on where all are; null if it has ended or is none of ours. */
    private @Nullable FollowedRequest known(String id, long nowMillis) {
        FollowedRequest request = live.get(id);
        if (request != null || scope == ReplyReaderOptions.Scope.EXPECTED || deadlineOf.containsKey(id)
                || live.size() >= bounds.maxLive) {
            return request;
        }
        return follow(new Expectation(id, Expectation.ANY_HASH, UNKNOWN_TIME_TO_LIVE, Expectation.Preview.TOKENS),
                nowMillis);
    }

    private FollowedRequest follow(Expectation expectation, long nowMillis) {
        FollowedRequest request = new FollowedRequest(expectation);
        live.put(expectation.requestId(), request);
        setDeadline(expectation.requestId(), nowMillis + expectation.timeToLive().toMillis() + GRACE_MILLIS);
        return request;
    }

    private ReplyEvent end(FollowedRequest request, LlmReply reply) {
        String id = request.expectation.requestId();
        live.remove(id);
        heldBytes -= request.heldBytes();
        // Its waiting entry, if any, goes by itself within 2 s, but lets go of reply and chunks now.
        boolean replaced = request.replaces(reply);
        request.release();
        remember(id);
        return new ReplyEvent.Ended(reply, replaced);
    }

    private void remember(String id) {
        ended.add(id);
        if (ended.size() > bounds.maxRemembered) {
            forget(ended.iterator().next());
        }
    }

    private void setDeadline(String id, long atMillis) {
        deadlineOf.put(id, atMillis);
        deadlines.add(new Deadline(atMillis, id));
    }

    private void forget(String id) {
        ended.remove(id);
        Long atMillis = deadlineOf.remove(id);
        if (atMillis != null) {
            deadlines.remove(new Deadline(atMillis, id));
        }
    }
}
