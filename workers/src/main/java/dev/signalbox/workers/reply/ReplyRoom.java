package dev.signalbox.workers.reply;

import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.intake.RequestSink;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.apache.kafka.common.TopicPartition;

/**
 * How much may be unacknowledged for each reply and token topic of a lane, so that one that cannot be written (gone,
 * without a leader, forbidden, slow) stops its own callers and nobody else:
 * <ul>
 * <li>the producer holds at most {@link #topicBytes} of one topic's replies; further ones wait outside of it;
 * <li>while as much is unacknowledged, requests that are to be answered there are not served: they lose their turn, keep
 * no slot, and are offered again when half of it is acknowledged;
 * <li>chunks above it are not sent at all, and of a topic that failed last only one is under way at a time.
 * </ul>
 *
 * <p>INVARIANT: what is unacknowledged exceeds the bound by at most what was being served when it was reached. Waiting
 * requests are pending in their partitions and bounded there. The lock guards the counters; nothing runs under it.
 */
public final class ReplyRoom implements RequestSink {
    /** An eighth of the producer's buffer: eight topics may be dead before others wait for it. */
    static final long TOPIC_BYTES = 4 << 20;
    /** Requests offered again at a time; what they add is seen before the next ones come. */
    private static final int RELEASED_AT_ONCE = 64;
    /** Topics that are known though nothing is under way to them. */
    private static final int MAX_IDLE_TOPICS = 1_000;

    private final RequestSink next;
    private final long topicBytes;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<String, Topic> topics = new HashMap<>();
    /** How many topics have no room: as a rule none, which then costs a request one read. */
    private final AtomicInteger full = new AtomicInteger();

    private record Held(long bytes, Runnable send) {
    }

    private static final class Topic {
        private long unacknowledged;
        private long sending;
        /** Whether the last outcome was good; until there is one, a send may block for the topic's metadata. */
        private boolean proven;
        private boolean failedLast;
        private final Deque<Held> held = new ArrayDeque<>(0);
        private final Deque<InboundRequest> waiting = new ArrayDeque<>(0);

        boolean isIdle() {
            return unacknowledged == 0 && sending == 0 && held.isEmpty() && waiting.isEmpty();
        }
    }

    /** @param next takes requests, now and again */
    public ReplyRoom(RequestSink next) {
        this(next, TOPIC_BYTES);
    }

    ReplyRoom(RequestSink next, long topicBytes) {
        this.next = next;
        this.topicBytes = topicBytes;
    }

    @Override
    public void offer(InboundRequest request) {
        next.offer(request);
    }

    @Override
    public void forget(TopicPartition partition, int epoch) {
        locked(() -> {
            for (Topic topic : topics.values()) {
                topic.waiting.removeIf(request -> request.ticket().partition().equals(partition)
                        && request.ticket().epoch() <= epoch);
            }
            return true;
        });
        next.forget(partition, epoch);
    }

    /** Whether as much is unacknowledged for the request's reply topic as may be. May be called under another lock. */
    public boolean isFull(InboundRequest request) {
        return full.get() > 0 && locked(() -> {
            Topic topic = topics.get(request.address().replyTopic());
            return topic != null && topic.unacknowledged >= topicBytes;
        });
    }

    /**
     * Whether the request may be served now; if not it waits here and is offered again later.
     *
     * @param overMillis as for {@link #sweep}
     */
    public boolean admits(InboundRequest request, long overMillis) {
        return locked(() -> {
            Topic topic = topics.get(request.address().replyTopic());
            if (topic == null || topic.unacknowledged < topicBytes || request.expiresAtMillis() < overMillis) {
                return true;
            }
            topic.waiting.add(request);
            return false;
        });
    }

    /** A reply is to be sent: at once on this thread, or later or, where sending may block, on one of its own. */
    void begin(String name, long bytes, Runnable send) {
        boolean here = locked(() -> {
            Topic topic = topic(name);
            unacknowledged(topic, bytes);
            if (!fits(topic, bytes)) {
                topic.held.add(new Held(bytes, send));
                return false;
            }
            topic.sending += bytes;
            if (!topic.proven) {
                Thread.startVirtualThread(send);
            }
            return topic.proven;
        });
        if (here) {
            send.run();
        }
    }

    /** It was not written and will be tried again; it keeps its place. */
    void failed(String name) {
        locked(() -> {
            Topic topic = topic(name);
            topic.proven = false;
            return true;
        });
    }

    /** It is acknowledged. Returns at once. */
    void acknowledged(String name, long bytes) {
        over(name, bytes, true);
    }

    /** It will not be sent any more. */
    void givenUp(String name, long bytes) {
        over(name, bytes, false);
    }

    private void over(String name, long bytes, boolean good) {
        List<Runnable> now = locked(() -> {
            Topic topic = topic(name);
            unacknowledged(topic, -bytes);
            topic.sending -= bytes;
            topic.proven |= good;
            List<Runnable> due = new ArrayList<>(0);
            while (!topic.held.isEmpty() && fits(topic, topic.held.element().bytes)) {
                Held first = topic.held.remove();
                topic.sending += first.bytes;
                due.add(first.send);
            }
            due.addAll(released(topic));
            return due;
        });
        now.forEach(Thread::startVirtualThread);
    }

    private void unacknowledged(Topic topic, long change) {
        boolean wasFull = topic.unacknowledged >= topicBytes;
        topic.unacknowledged += change;
        boolean isFull = topic.unacknowledged >= topicBytes;
        if (isFull != wasFull) {
            full.addAndGet(isFull ? 1 : -1);
        }
    }

    private boolean fits(Topic topic, long bytes) {
        return topic.sending == 0 || topic.sending + bytes <= topicBytes;
    }

    private List<Runnable> released(Topic topic) {
        if (topic.waiting.isEmpty() || topic.unacknowledged > topicBytes / 2) {
            return List.of();
        }
        List<InboundRequest> again = new ArrayList<>();
        while (!topic.waiting.isEmpty() && again.size() < RELEASED_AT_ONCE) {
            again.add(topic.waiting.remove());
        }
        return List.of(() -> again.forEach(next::offer));
    }

    /**
     * Offers again what may go on though no acknowledgement said so, and what has waited so long that nobody awaits its
     * reply any more. To be called about once a second; returns at once.
     *
     * @param overMillis requests that expired before it, on the broker's clock, wait no longer
     */
    public void sweep(long overMillis) {
        List<Runnable> now = locked(() -> {
            List<Runnable> due = new ArrayList<>(0);
            for (Topic topic : topics.values()) {
                due.addAll(released(topic));
                List<InboundRequest> late = topic.waiting.stream()
                        .filter(request -> request.expiresAtMillis() < overMillis).toList();
                topic.waiting.removeAll(late);
                late.forEach(request -> due.add(() -> next.offer(request)));
            }
            return due;
        });
        now.forEach(Thread::startVirtualThread);
    }

    /** Whether a chunk may be sent; if not it is not sent at all. */
    boolean takesChunk(String name, long bytes) {
        return locked(() -> {
            Topic topic = topic(name);
            boolean takes = topic.failedLast ? topic.sending == 0 : fits(topic, bytes);
            topic.sending += takes ? bytes : 0;
            return takes;
        });
    }

    /** The outcome of a chunk that it took. */
    void chunkEnded(String name, long bytes, boolean good) {
        locked(() -> {
            Topic topic = topic(name);
            topic.sending -= bytes;
            topic.failedLast = !good;
            return true;
        });
    }

    private Topic topic(String name) {
        Topic known = topics.get(name);
        if (known == null) {
            if (topics.size() >= MAX_IDLE_TOPICS) {
                topics.values().removeIf(Topic::isIdle);
            }
            known = new Topic();
            topics.put(name, known);
        }
        return known;
    }

    private <T> T locked(Supplier<T> step) {
        lock.lock();
        try {
            return step.get();
        } finally {
            lock.unlock();
        }
    }

    /** Requests that wait for room in their reply topics. */
    public long waiting() {
        return locked(() -> topics.values().stream().mapToLong(topic -> topic.waiting.size()).sum());
    }

    /** Bytes of replies that are not acknowledged. */
    public long unacknowledgedBytes() {
        return locked(() -> topics.values().stream().mapToLong(topic -> topic.unacknowledged).sum());
    }
}
