package dev.signalbox.workers.reply;

import dev.signalbox.schemas.avro.AttemptId;
import dev.signalbox.schemas.avro.ChunkEndStatus;
import dev.signalbox.schemas.avro.ChunkKind;
import dev.signalbox.schemas.avro.TokenChunk;
import dev.signalbox.schemas.avro.ToolCallStart;
import dev.signalbox.workers.intake.InboundRequest;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.jspecify.annotations.Nullable;

/**
 * The shell of an {@link AnswerStream}: publishes its chunks and counts their acknowledgements.
 *
 * <p>Tokens come on the attempt's thread; what is held back for coalescing is flushed by a virtual thread that the timer
 * starts; acknowledgements come on the producer's thread. {@code stream} guards the model and the order of sends,
 * {@code acks} the counters; the producer's thread takes only the latter, so that a blocked send never blocks it.
 */
final class PublishedChunks implements AnswerChannel {
    private final InboundRequest request;
    private final RecordEncoder encoder;
    private final RenewableProducer producer;
    private final ReplyRoom room;
    private final ScheduledExecutorService timer;
    private final LongSupplier coalesceNanos;
    private final Runnable ended;
    private final AnswerStream model;
    private final byte[] key;
    private final ReentrantLock stream = new ReentrantLock();
    private final ReentrantLock acks = new ReentrantLock();
    private final Condition settled = acks.newCondition();
    /** Of the chunks whose outcome is open. */
    private Producer<byte[], byte[]> current;
    private int unacknowledged;
    private boolean broken;
    private boolean flushPlanned;

    PublishedChunks(InboundRequest request, AttemptId attempt, RecordEncoder encoder, RenewableProducer producer,
            ReplyRoom room, ScheduledExecutorService timer, LongSupplier coalesceNanos, Runnable ended) {
        this.ended = ended;
        this.request = request;
        this.encoder = encoder;
        this.producer = producer;
        this.current = producer.current();
        this.room = room;
        this.timer = timer;
        this.coalesceNanos = coalesceNanos;
        this.key = request.id().getBytes(StandardCharsets.UTF_8);
        this.model = new AnswerStream(request.id(), attempt, coalesceNanos, this::send);
    }

    @Override
    public void token(ChunkKind kind, int index, String delta, @Nullable ToolCallStart toolCall) {
        stream.lock();
        try {
            boolean holding = model.token(kind, index, delta, toolCall, System.nanoTime());
            if (holding && !flushPlanned) {
                flushPlanned = true;
                var _ = timer.schedule(this::flushWhenDue, coalesceNanos.getAsLong(), TimeUnit.NANOSECONDS);
            }
        } finally {
            stream.unlock();
        }
    }

    @Override
    public void carried(String text) {
        stream.lock();
        try {
            model.carried(text, System.nanoTime());
        } finally {
            stream.unlock();
        }
    }

    /** On the timer's thread, which must not block: a later token has mostly sent what was held. */
    private void flushWhenDue() {
        if (stream.tryLock()) {
            try {
                if (!model.holding()) {
                    flushPlanned = false;
                    return;
                }
            } finally {
                stream.unlock();
            }
        }
        Thread.startVirtualThread(this::flushHeld);
    }

    private void flushHeld() {
        stream.lock();
        try {
            flushPlanned = false;
            model.flush(System.nanoTime());
        } finally {
            stream.unlock();
        }
    }

    @Override
    public boolean published() {
        stream.lock();
        try {
            return model.published();
        } finally {
            stream.unlock();
        }
    }

    @Override
    public void end(ChunkEndStatus status) {
        ended.run();
        stream.lock();
        try {
            if (model.published()) {
                model.end(status, System.nanoTime());
            }
        } finally {
            stream.unlock();
        }
        acks.lock();
        try {
            while (unacknowledged > 0) {
                settled.awaitUninterruptibly();
            }
        } finally {
            acks.unlock();
        }
    }

    private void send(TokenChunk chunk) {
        Producer<byte[], byte[]> by;
        acks.lock();
        try {
            if (broken) {
                return;
            }
            if (unacknowledged == 0) {
                current = producer.current();
            }
            by = current;
            unacknowledged++;
        } finally {
            acks.unlock();
        }
        String topic = request.address().tokensTopic();
        List<Header> headers = switch (request.address().form()) {
            case AVRO -> List.of();
            case JSON -> List.of(RecordEncoder.JSON);
        };
        byte[] value;
        try {
            value = encoder.encode(topic, chunk, request.address().form());
        } catch (RuntimeException registryAway) {
            settled(false);
            return;
        }
        if (!room.takesChunk(topic, value.length)) {
            settled(false);
            return;
        }
        producer.send(by, new ProducerRecord<>(topic, null, key, value, headers), (metadata, error) -> {
            room.chunkEnded(topic, value.length, error == null);
            settled(error == null);
        });
    }

    /** A chunk is acknowledged, or given up: without it the preview has a gap, so no further one is sent. */
    private void settled(boolean acknowledged) {
        acks.lock();
        try {
            unacknowledged--;
            broken |= !acknowledged;
            if (unacknowledged == 0) {
                settled.signalAll();
            }
        } finally {
            acks.unlock();
        }
    }
}
