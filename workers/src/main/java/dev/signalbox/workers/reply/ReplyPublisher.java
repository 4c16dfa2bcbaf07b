package dev.signalbox.workers.reply;

import dev.signalbox.schemas.DeadLetter;
import dev.signalbox.schemas.Headers;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.AttemptId;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.ReplyError;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.schemas.claim.ClaimException;
import dev.signalbox.schemas.serde.InvalidRecordException;
import dev.signalbox.workers.intake.FleetClock;
import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.intake.ReplyAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Publishes chunks and terminal replies of one lane. A reply that cannot be written is tried again until it is, with a
 * growing pause; its request stays pending meanwhile, so that a restart would serve it again rather than lose it. Where
 * that lasts until no reader awaits it any more, it becomes a dead letter.
 */
public final class ReplyPublisher implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ReplyPublisher.class);
    /** How long after its time to live a request may still be answered: a reader remembers it until then. */
    public static final Duration GRACE = Duration.ofHours(1);
    /** Chunks that follow each other within it leave as one; longer the more streams share the lane. */
    private static final Duration COALESCE = Duration.ofMillis(30);
    private static final int STREAMS_AT_SHORTEST = 250;
    private static final int LONGEST_FACTOR = 10;
    private static final long FIRST_PAUSE_MILLIS = 100;
    private static final long LONGEST_PAUSE_MILLIS = 10_000;
    private static final Duration CLOSE_LIMIT = Duration.ofSeconds(2);
    /** Beside its body, what a reply takes, roughly. */
    private static final int REPLY_OVERHEAD = 2_000;

    private final RecordEncoder encoder;
    private final RenewableProducer producer;
    private final ReplyRoom room;
    private final ReplyClaims claims;
    private final DeadLetters deadLetters;
    private final ScheduledExecutorService timer;
    private final FleetClock clock;
    private final AtomicInteger unpublished = new AtomicInteger();
    private final AtomicInteger streams = new AtomicInteger();
    private final ReentrantLock closing = new ReentrantLock();
    private final Condition allSent = closing.newCondition();
    /** Replies that have not been given to the producer once. */
    private final AtomicInteger unsent = new AtomicInteger();
    /** Whether someone waits for all of them to be: who gives the last one looks at it after that. */
    private volatile boolean awaitsSent;
    private volatile boolean closed;

    /**
     * @param room of the lane
     * @param claims for bodies that are too large for a record
     * @param deadLetters for what could not be written in time
     * @param timer short tasks only; it belongs to the caller
     */
    public ReplyPublisher(RecordEncoder encoder, RenewableProducer producer, ReplyRoom room, ReplyClaims claims,
            DeadLetters deadLetters, ScheduledExecutorService timer, FleetClock clock) {
        this.encoder = encoder;
        this.producer = producer;
        this.room = room;
        this.claims = claims;
        this.deadLetters = deadLetters;
        this.timer = timer;
        this.clock = clock;
    }

    /** A reply on its way. */
    private record Outgoing(ReplyAddress address, LlmReply reply, long roomBytes, long giveUpAtMillis,
            Runnable acknowledged) {
        Outgoing with(LlmReply other) {
            return new Outgoing(address, other, roomBytes, giveUpAtMillis, acknowledged);
        }
    }

    /** Where the tokens of an attempt go: to the caller's topic, or nowhere if he wants none. */
    public AnswerChannel open(InboundRequest request, AttemptId attempt) {
        return request.request().getStreamTokens()
                ? new PublishedChunks(request, attempt, encoder, producer, room, timer, this::coalesceNanos,
                        streamOpened())
                : AnswerChannel.NONE;
    }

    private Runnable streamOpened() {
        streams.incrementAndGet();
        return streams::decrementAndGet;
    }

    /** 30 ms for up to 250 streams at once, in proportion above, at most 300 ms. */
    private long coalesceNanos() {
        return coalesceNanos(streams.get());
    }

    static long coalesceNanos(int streams) {
        return COALESCE.toNanos() * Math.clamp(streams / STREAMS_AT_SHORTEST, 1, LONGEST_FACTOR);
    }

    /**
     * Learns what the first reply would else wait for: its schema's id and its topic's partitions. Blocking; what cannot be
     * had now, the first reply asks for again.
     */
    public void prepare() {
        try {
            encoder.prepareReplies();
            producer.prepare(Topics.REPLIES);
        } catch (RuntimeException away) {
            LOG.info("replies not prepared for: {}", away.toString());
        }
    }

    /** The terminal reply of a request. */
    public void publish(InboundRequest request, LlmReply reply, Runnable acknowledged) {
        publishTo(request.address(), reply, request.expiresAtMillis(), acknowledged);
    }

    /**
     * Publishes a terminal reply to an address.
     *
     * @param expiresAtMillis end of the request's time to live, ms on the broker's clock; {@link #GRACE} later nobody
     *        awaits it
     * @param acknowledged run once when all in-sync replicas have it, on the producer's thread: it must be short
     */
    public void publishTo(ReplyAddress address, LlmReply reply, long expiresAtMillis, Runnable acknowledged) {
        long roomBytes = REPLY_OVERHEAD + (long) (reply.getBody() == null ? 0 : reply.getBody().remaining());
        long giveUpAtMillis = expiresAtMillis > Long.MAX_VALUE - GRACE.toMillis()
                ? Long.MAX_VALUE
                : expiresAtMillis + GRACE.toMillis();
        unpublished.incrementAndGet();
        if (clock.nowMillis() >= giveUpAtMillis) {
            giveUp(new Outgoing(address, reply, 0, giveUpAtMillis, acknowledged), FIRST_PAUSE_MILLIS);
            return;
        }
        Outgoing outgoing = new Outgoing(address, reply, roomBytes, giveUpAtMillis, acknowledged);
        unsent.incrementAndGet();
        room.begin(address.replyTopic(), roomBytes, () -> {
            try {
                send(outgoing, FIRST_PAUSE_MILLIS);
            } finally {
                sent();
            }
        });
    }

    private void sent() {
        if (unsent.decrementAndGet() == 0 && awaitsSent) {
            closing.lock();
            try {
                allSent.signalAll();
            } finally {
                closing.unlock();
            }
        }
    }

    private void send(Outgoing outgoing, long pauseMillis) {
        if (clock.nowMillis() >= outgoing.giveUpAtMillis) {
            giveUp(outgoing, pauseMillis);
            return;
        }
        if (claims.takes(outgoing.reply)) {
            checkIn(outgoing, pauseMillis);
            return;
        }
        ProducerRecord<byte[], byte[]> record;
        try {
            record = record(outgoing.address, outgoing.reply);
        } catch (InvalidRecordException unwritable) {
            send(outgoing.with(unwritable(outgoing.reply)), pauseMillis);
            return;
        } catch (RuntimeException registryAway) {
            again(outgoing, pauseMillis, registryAway);
            return;
        }
        producer.send(record, (metadata, error) -> {
            if (error == null) {
                acknowledged(outgoing);
            } else if (error instanceof RecordTooLargeException && outgoing.reply.getBody() != null) {
                Thread.startVirtualThread(() -> sendSmaller(outgoing, record.value().length));
            } else {
                room.failed(outgoing.address.replyTopic());
                again(outgoing, pauseMillis, error);
            }
        });
    }

    private void sendSmaller(Outgoing outgoing, int bytes) {
        if (claims.canTake(outgoing.reply)) {
            checkIn(outgoing, FIRST_PAUSE_MILLIS);
        } else {
            send(outgoing.with(tooLarge(outgoing.reply, bytes)), FIRST_PAUSE_MILLIS);
        }
    }

    /** The body goes to the store first, so that whoever reads the reply finds it there. */
    private void checkIn(Outgoing outgoing, long pauseMillis) {
        LlmReply reference;
        try {
            reference = claims.checkedIn(outgoing.reply);
        } catch (ClaimException storeAway) {
            again(outgoing, pauseMillis, storeAway);
            return;
        }
        send(outgoing.with(reference), pauseMillis);
    }

    private void acknowledged(Outgoing outgoing) {
        unpublished.decrementAndGet();
        outgoing.acknowledged.run();
        room.acknowledged(outgoing.address.replyTopic(), outgoing.roomBytes);
    }

    private void again(Outgoing outgoing, long pauseMillis, Exception error) {
        if (closed) {
            return;
        }
        LOG.warn("reply of request {} to topic {} not written, trying again: {}", outgoing.reply.getRequestId(),
                outgoing.address.replyTopic(), error.toString());
        long jittered = pauseMillis / 2 + ThreadLocalRandom.current().nextLong(pauseMillis / 2 + 1);
        long next = Math.min(LONGEST_PAUSE_MILLIS, pauseMillis * 2);
        var _ = timer.schedule(() -> Thread.startVirtualThread(() -> send(outgoing, next)), jittered,
                TimeUnit.MILLISECONDS);
    }

    /** Nobody awaits the reply any more: kept for the operator, so that even then nothing is lost. */
    private void giveUp(Outgoing outgoing, long pauseMillis) {
        ProducerRecord<byte[], byte[]> record;
        try {
            record = record(outgoing.address, outgoing.reply);
        } catch (InvalidRecordException unwritable) {
            giveUp(outgoing.with(unwritable(outgoing.reply)), pauseMillis);
            return;
        } catch (RuntimeException registryAway) {
            again(outgoing, pauseMillis, registryAway);
            return;
        }
        deadLetters.write(new DeadLetters.Letter(record.key(), record.value(), record.headers(),
                new DeadLetter("REPLY_NOT_WRITTEN",
                        "The reply could not be written until an hour after its request's time to live.",
                        record.topic(), -1, -1, -1, OptionalLong.empty())),
                () -> {
                    unpublished.decrementAndGet();
                    outgoing.acknowledged.run();
                    room.givenUp(outgoing.address.replyTopic(), outgoing.roomBytes);
                });
    }

    private ProducerRecord<byte[], byte[]> record(ReplyAddress address, LlmReply reply) {
        List<Header> headers = new ArrayList<>(address.correlation());
        headers.addAll(address.context());
        headers.add(new RecordHeader(Headers.STATUS, reply.getStatus().name().getBytes(StandardCharsets.UTF_8)));
        switch (address.form()) {
            case JSON -> headers.add(RecordEncoder.JSON);
            case AVRO -> {
            }
        }
        Integer partition = partition(address);
        return new ProducerRecord<>(address.replyTopic(), partition,
                reply.getRequestId().getBytes(StandardCharsets.UTF_8),
                encoder.encode(address.replyTopic(), reply, address.form()), headers);
    }

    /** The one asked for; of one that the topic has not, none: it would be waited for, and fill the topic's room for all. */
    private @Nullable Integer partition(ReplyAddress address) {
        return address.replyPartition().isPresent()
                && producer.mayHave(address.replyTopic(), address.replyPartition().getAsInt())
                        ? address.replyPartition().getAsInt()
                        : null;
    }

    private static LlmReply unwritable(LlmReply reply) {
        return without(reply, "UNWRITABLE_ANSWER",
                "the answer cannot be written in the form that was asked for; ask for Avro");
    }

    private static LlmReply tooLarge(LlmReply reply, int bytes) {
        return without(reply, "REPLY_TOO_LARGE",
                "the answer of " + bytes + " bytes does not fit into a record; configure "
                        + "a claim_check store, raise topics.max_message_size, or ask for fewer tokens");
    }

    private static LlmReply without(LlmReply reply, String code, String message) {
        return LlmReply.newBuilder(reply).setStatus(ReplyStatus.FAILED).setBody(null).setAnsweredBy(null)
                .setServedBy(null).setError(new ReplyError(code, message, false, null, null)).build();
    }

    /** Replies that are not acknowledged yet. */
    public int unpublished() {
        return unpublished.get();
    }

    /** Sends what has been published, if it can be sent within 2 s; replies still unwritten stay pending in the ledger. */
    @Override
    public void close() {
        awaitSent();
        closed = true;
        producer.close();
    }

    private void awaitSent() {
        long nanos = CLOSE_LIMIT.toNanos();
        awaitsSent = true;
        closing.lock();
        try {
            while (unsent.get() > 0 && nanos > 0) {
                nanos = allSent.awaitNanos(nanos);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            closing.unlock();
        }
    }
}
