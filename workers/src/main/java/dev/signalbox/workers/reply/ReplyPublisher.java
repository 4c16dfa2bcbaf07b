package dev.signalbox.workers.reply;

import dev.signalbox.schemas.Headers;
import dev.signalbox.schemas.avro.AttemptId;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.ReplyError;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.intake.ReplyAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Publishes chunks and terminal replies of one lane. A reply that cannot be written is tried again until it is, with a
 * growing pause; its request stays pending meanwhile, so that a restart would serve it again rather than lose it.
 */
public final class ReplyPublisher implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ReplyPublisher.class);
    /** Chunks that follow each other within it leave as one; longer the more streams share the lane. */
    private static final Duration COALESCE = Duration.ofMillis(30);
    private static final int STREAMS_AT_SHORTEST = 250;
    private static final int LONGEST_FACTOR = 10;
    private static final long FIRST_PAUSE_MILLIS = 100;
    private static final long LONGEST_PAUSE_MILLIS = 10_000;

    private final RecordEncoder encoder;
    private final RenewableProducer producer;
    private final ScheduledExecutorService timer;
    private final AtomicInteger unpublished = new AtomicInteger();
    private final AtomicInteger streams = new AtomicInteger();
    private volatile boolean closed;

    /** @param timer short tasks only; it belongs to the caller */
    public ReplyPublisher(RecordEncoder encoder, RenewableProducer producer, ScheduledExecutorService timer) {
        this.encoder = encoder;
        this.producer = producer;
        this.timer = timer;
    }

    /** Where the tokens of an attempt go: to the caller's topic, or nowhere if he wants none. */
    public AnswerChannel open(InboundRequest request, AttemptId attempt) {
        return request.request().getStreamTokens()
                ? new PublishedChunks(request, attempt, encoder, producer, timer, this::coalesceNanos, streamOpened())
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
     * Publishes a terminal reply.
     *
     * @param acknowledged run once when all in-sync replicas have it, on the producer's thread: it must be short
     */
    public void publish(ReplyAddress address, LlmReply reply, Runnable acknowledged) {
        unpublished.incrementAndGet();
        send(address, reply, () -> {
            unpublished.decrementAndGet();
            acknowledged.run();
        }, FIRST_PAUSE_MILLIS);
    }

    private void send(ReplyAddress address, LlmReply reply, Runnable acknowledged, long pauseMillis) {
        ProducerRecord<byte[], byte[]> record;
        try {
            record = record(address, reply);
        } catch (RuntimeException registryAway) {
            again(address, reply, acknowledged, pauseMillis, registryAway);
            return;
        }
        producer.send(record, (metadata, error) -> {
            if (error == null) {
                acknowledged.run();
            } else if (error instanceof RecordTooLargeException && reply.getBody() != null) {
                Thread.startVirtualThread(
                        () -> send(address, tooLarge(reply, record.value().length), acknowledged, FIRST_PAUSE_MILLIS));
            } else {
                again(address, reply, acknowledged, pauseMillis, error);
            }
        });
    }

    private void again(ReplyAddress address, LlmReply reply, Runnable acknowledged, long pauseMillis,
            Exception error) {
        if (closed) {
            return;
        }
        LOG.warn("reply of request {} to topic {} not written, trying again: {}", reply.getRequestId(),
                address.replyTopic(), error.toString());
        long jittered = pauseMillis / 2 + ThreadLocalRandom.current().nextLong(pauseMillis / 2 + 1);
        long next = Math.min(LONGEST_PAUSE_MILLIS, pauseMillis * 2);
        var _ = timer.schedule(
                () -> Thread.startVirtualThread(() -> send(address, reply, acknowledged, next)), jittered,
                TimeUnit.MILLISECONDS);
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
        Integer partition = address.replyPartition().isPresent() ? address.replyPartition().getAsInt() : null;
        return new ProducerRecord<>(address.replyTopic(), partition,
                reply.getRequestId().getBytes(StandardCharsets.UTF_8),
                encoder.encode(address.replyTopic(), reply, address.form()), headers);
    }

    private static LlmReply tooLarge(LlmReply reply, int bytes) {
        return LlmReply.newBuilder(reply).setStatus(ReplyStatus.FAILED).setBody(null).setAnsweredBy(null)
                .setServedBy(null)
                .setError(new ReplyError("REPLY_TOO_LARGE", "the answer of " + bytes
                        + " bytes does not fit into a record; raise max.message.bytes of the reply topic and "
                        + "max.request.size of the workers, or ask for fewer tokens", false))
                .build();
    }

    /** Replies that are not acknowledged yet. */
    public int unpublished() {
        return unpublished.get();
    }

    /** Sends what is buffered; replies still unwritten stay pending in the ledger. */
    @Override
    public void close() {
        closed = true;
        producer.close();
    }
}
