package dev.signalbox.workers.reply;

import dev.signalbox.config.WorkerSettings;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.ReplyError;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.schemas.avro.ReplyTimings;
import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.intake.RequestSink;
import dev.signalbox.workers.intake.Ticket;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.apache.kafka.common.TopicPartition;

/**
 * Serves each id of a partition once: between intake and scheduler it takes out the records that repeat another one's id,
 * and publishes the one reply to all of them, each under its own address and correlation id. A record's offset is done
 * only when its own reply is acknowledged.
 *
 * <p>The lock guards the model and is held for model steps only.
 */
public final class JoinedReplies implements RequestSink {
    /** Error code of a record whose id belongs to another payload. */
    public static final String DUPLICATE_ID = "DUPLICATE_ID";

    private final Duplicates model;
    private final RequestSink next;
    private final ReplyPublisher replies;
    private final Consumer<InboundRequest> done;
    private final BiConsumer<InboundRequest, LlmReply> ended;
    private final LongSupplier nanos;
    private final ReentrantLock lock = new ReentrantLock();
    private final AtomicLong joined = new AtomicLong();
    private final AtomicLong repeated = new AtomicLong();
    private final AtomicLong rejected = new AtomicLong();

    /**
     * @param next takes what must be served
     * @param done told once a record's reply is acknowledged
     * @param ended told of each served request, before that; of what repeats its id it is not
     * @param nanos a monotonic clock
     */
    public JoinedReplies(WorkerSettings settings, RequestSink next, ReplyPublisher replies,
            Consumer<InboundRequest> done, BiConsumer<InboundRequest, LlmReply> ended, LongSupplier nanos) {
        this.model = new Duplicates(Duplicates.Bounds.of(settings));
        this.next = next;
        this.replies = replies;
        this.done = done;
        this.ended = ended;
        this.nanos = nanos;
    }

    @Override
    public void offer(InboundRequest request) {
        switch (locked(() -> model.arrived(request, nanos.getAsLong()))) {
            case Duplicates.Arrival.First first -> next.offer(request);
            case Duplicates.Arrival.Joined waits -> joined.incrementAndGet();
            case Duplicates.Arrival.Answered(KeptReply reply) -> {
                repeated.incrementAndGet();
                publishOne(request, reply.reply());
            }
            case Duplicates.Arrival.Conflicting conflicting -> {
                rejected.incrementAndGet();
                publishOne(request, conflicting(request));
            }
        }
    }

    @Override
    public void forget(TopicPartition partition, int epoch) {
        locked(() -> {
            model.forget(partition, epoch);
            return true;
        });
        next.forget(partition, epoch);
    }

    /** Publishes the terminal reply of a served request, to it and to all that joined it. */
    public void publish(InboundRequest served, LlmReply reply) {
        KeptReply kept = KeptReply.of(reply);
        List<InboundRequest> alike = locked(() -> model.ended(served.ticket(), kept, nanos.getAsLong()));
        replies.publish(served, reply, () -> {
            try {
                ended.accept(served, reply);
            } finally {
                done.accept(served);
            }
        });
        alike.forEach(request -> publishOne(request, reply));
    }

    /** A record is done, with a reply or without: what waited in vain is served. Returns at once. */
    public void completed(Ticket ticket) {
        for (InboundRequest request : locked(() -> model.leftWithoutReply(ticket))) {
            Thread.startVirtualThread(() -> offer(request));
        }
    }

    private void publishOne(InboundRequest request, LlmReply reply) {
        replies.publish(request, reply, () -> done.accept(request));
    }

    private static LlmReply conflicting(InboundRequest request) {
        LlmReply reply = new LlmReply();
        reply.setRequestId(request.id());
        reply.setStatus(ReplyStatus.REJECTED);
        reply.setRequestHash(request.requestHash());
        reply.setBodyFormat(request.request().getBodyFormat());
        reply.setAttempts(List.of());
        reply.setTimings(new ReplyTimings(0L, null, 0L));
        reply.setError(new ReplyError(DUPLICATE_ID, "another request was sent under this id within the last "
                + Duplicates.REMEMBERED.toMinutes() + " minutes; send this one under a new id", true, null,
                null));
        reply.setWarnings(List.of());
        return reply;
    }

    private <T> T locked(Supplier<T> step) {
        lock.lock();
        try {
            return step.get();
        } finally {
            lock.unlock();
        }
    }

    /** Records that waited for another one's reply, so far. */
    public long joined() {
        return joined.get();
    }

    /** Records that were answered with the reply of one that had ended, so far. */
    public long repeated() {
        return repeated.get();
    }

    /** Records that were rejected because their id belongs to another payload, so far. */
    public long rejected() {
        return rejected.get();
    }
}
