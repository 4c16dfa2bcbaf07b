package dev.signalbox.schemas.client;

import dev.signalbox.schemas.avro.ClaimReference;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.TokenChunk;
import dev.signalbox.schemas.claim.ClaimException;
import dev.signalbox.schemas.claim.ClaimStores;
import dev.signalbox.schemas.serde.SchemaRegistryException;
import dev.signalbox.schemas.serde.UnknownSchemaException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jspecify.annotations.Nullable;

/**
 * Follows replies and tokens on a thread of its own: feeds a {@link ReplyAssembler} and hands its events to the listener,
 * then to the futures. If the listener throws, or Kafka gives up (no such credentials, say), the reader ends and every
 * reply still awaited fails with that cause. Thread-safe.
 */
public final class ReplyReader implements AutoCloseable {
    private static final Duration POLL = Duration.ofMillis(100);
    private static final Duration REGISTRY_BACKOFF = Duration.ofMillis(500);
    private static final Duration CLOSE_LIMIT = Duration.ofSeconds(10);

    private final Consumer<byte[], byte[]> consumer;
    private final ReplyReaderOptions options;
    private final ReplyListener listener;
    private final ReplyDecoder decoder;
    private final ClaimStores claims;
    private final LongSupplier millis;
    private final Thread thread;
    private final CountDownLatch closing = new CountDownLatch(1);
    private final ReentrantLock lock = new ReentrantLock();
    /** Guarded by the lock. */
    private final ReplyAssembler assembler;
    /** Guarded by the lock; why no more is read. */
    private @Nullable RuntimeException over;
    /** INVARIANT: at most one for each request that the assembler follows. */
    private final Map<String, CompletableFuture<LlmReply>> awaited = new ConcurrentHashMap<>();

    ReplyReader(Consumer<byte[], byte[]> consumer, ReplyReaderOptions options, ReplyListener listener,
            ReplyDecoder decoder, ClaimStores claims, LongSupplier millis) {
        this.consumer = consumer;
        this.options = options;
        this.listener = listener;
        this.decoder = decoder;
        this.claims = claims;
        this.millis = millis;
        this.assembler = new ReplyAssembler(options.scope(), options.bounds());
        this.thread = new Thread(this::run, "signalbox-reply-reader");
        this.thread.setDaemon(true);
    }

    /**
     * @param clientConfig any Kafka client property, and the registry's ({@code schema.registry.url}, ...) where Avro is read
     * @throws org.apache.kafka.common.errors.UnknownTopicOrPartitionException if a topic does not exist
     */
    public static ReplyReader open(Map<String, ?> clientConfig, ReplyReaderOptions options, ReplyListener listener) {
        return open(clientConfig, options, listener, ClaimStores.NONE);
    }

    /**
     * As {@link #open(Map, ReplyReaderOptions, ReplyListener)}; bodies that are in a store are fetched from it, on the
     * reader's thread, before listener and future get the reply. Where one cannot be had the future fails with a
     * {@link ClaimException}, and the listener gets the reply with its reference.
     *
     * @param claims belong to the caller
     */
    public static ReplyReader open(Map<String, ?> clientConfig, ReplyReaderOptions options, ReplyListener listener,
            ClaimStores claims) {
        Map<String, Object> config = ClientConfig.forConsumer(clientConfig);
        Consumer<byte[], byte[]> consumer = new KafkaConsumer<>(config, new ByteArrayDeserializer(),
                new ByteArrayDeserializer());
        try {
            ReplyReader reader = new ReplyReader(consumer, options, listener, ReplyDecoder.of(clientConfig),
                    claims, () -> TimeUnit.NANOSECONDS.toMillis(System.nanoTime()));
            reader.start();
            return reader;
        } catch (RuntimeException e) {
            consumer.close();
            throw e;
        }
    }

    /** Takes its positions, then reads: what is sent after this returned is seen. */
    void start() {
        StartPosition.apply(consumer, options);
        thread.start();
    }

    /**
     * The terminal reply to come; call it before the request is sent. It fails with
     * {@link java.util.concurrent.TimeoutException} when none can come any more, and with {@link IllegalStateException}
     * where the id is known already, too many are awaited, or the reader has ended.
     */
    public CompletableFuture<LlmReply> expect(Expectation expectation) {
        CompletableFuture<LlmReply> reply = new CompletableFuture<>();
        lock.lock();
        try {
            if (over != null) {
                reply.completeExceptionally(new IllegalStateException("the reply reader has ended", over));
            } else if (!assembler.expect(expectation, millis.getAsLong())) {
                reply.completeExceptionally(new IllegalStateException("request " + expectation.requestId()
                        + " is awaited or has ended already, or too many are awaited"));
            } else {
                awaited.put(expectation.requestId(), reply);
            }
        } finally {
            lock.unlock();
        }
        return reply;
    }

    /** {@link #expect} of any hash, a day to live. */
    public CompletableFuture<LlmReply> await(String requestId) {
        return expect(new Expectation(requestId, Expectation.ANY_HASH, Duration.ofDays(1), Expectation.Preview.TOKENS));
    }

    /** Stops reading; replies still awaited fail. */
    @Override
    public void close() {
        closing.countDown();
        consumer.wakeup();
        if (thread.equals(Thread.currentThread())) {
            return;
        }
        try {
            thread.join(CLOSE_LIMIT.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        RuntimeException why = new IllegalStateException("the reply reader was closed");
        try {
            while (closing.getCount() > 0) {
                read(consumer.poll(POLL));
            }
        } catch (WakeupException e) {
            // Closed.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            why = e;
        } finally {
            end(why);
            consumer.close();
        }
    }

    private void end(RuntimeException why) {
        lock.lock();
        try {
            over = why;
        } finally {
            lock.unlock();
        }
        awaited.values().forEach(reply -> reply.completeExceptionally(why));
        awaited.clear();
    }

    private void read(ConsumerRecords<byte[], byte[]> records) throws InterruptedException {
        boolean registryAway = false;
        for (TopicPartition partition : records.partitions()) {
            for (ConsumerRecord<byte[], byte[]> message : records.records(partition)) {
                try {
                    read(partition, message);
                } catch (UnknownSchemaException e) {
                    listener.onUnreadable(partition, message.offset(), e.toString());
                } catch (SchemaRegistryException e) {
                    // The record may be good: come back to it.
                    consumer.seek(partition, message.offset());
                    registryAway = true;
                    break;
                }
            }
        }
        deliver(tick());
        if (options.start() instanceof ReplyReaderOptions.Start.Group && !records.isEmpty()) {
            consumer.commitAsync();
        }
        if (registryAway && closing.await(REGISTRY_BACKOFF.toMillis(), TimeUnit.MILLISECONDS)) {
            return;
        }
    }

    private void read(TopicPartition partition, ConsumerRecord<byte[], byte[]> message) {
        ReplyDecoder.Decoded decoded = decoder.decode(message, options.tokenTopics().contains(message.topic()));
        if (decoded instanceof ReplyDecoder.Chunk chunk) {
            deliver(onChunk(chunk.value()));
        } else if (decoded instanceof ReplyDecoder.Reply reply) {
            deliver(onReply(reply.value()));
        } else if (decoded instanceof ReplyDecoder.Unreadable unreadable) {
            listener.onUnreadable(partition, message.offset(), unreadable.reason());
        }
    }

    private List<ReplyEvent> onChunk(TokenChunk chunk) {
        lock.lock();
        try {
            return assembler.onChunk(chunk, millis.getAsLong());
        } finally {
            lock.unlock();
        }
    }

    private List<ReplyEvent> onReply(LlmReply reply) {
        lock.lock();
        try {
            return assembler.onReply(reply, millis.getAsLong());
        } finally {
            lock.unlock();
        }
    }

    private List<ReplyEvent> tick() {
        lock.lock();
        try {
            return assembler.tick(millis.getAsLong());
        } finally {
            lock.unlock();
        }
    }

    private void deliver(List<ReplyEvent> events) {
        for (ReplyEvent event : events) {
            if (event instanceof ReplyEvent.Ended ended) {
                deliver(ended);
                continue;
            }
            listener.onEvent(event);
            if (event instanceof ReplyEvent.Abandoned) {
                CompletableFuture<LlmReply> reply = awaited.remove(event.requestId());
                if (reply != null) {
                    reply.completeExceptionally(new TimeoutException("no terminal reply came for request "
                            + event.requestId() + " within its time to live and an hour"));
                }
            }
        }
    }

    private void deliver(ReplyEvent.Ended ended) {
        LlmReply whole = ended.reply();
        ClaimException missing = null;
        ClaimReference claim = whole.getBodyClaim();
        if (claim != null && whole.getBody() == null) {
            try {
                whole = LlmReply.newBuilder(whole).setBody(ByteBuffer.wrap(claims.get(claim))).build();
            } catch (ClaimException e) {
                missing = e;
            }
        }
        listener.onEvent(new ReplyEvent.Ended(whole, ended.textReplaced()));
        CompletableFuture<LlmReply> reply = awaited.remove(ended.requestId());
        if (reply != null && missing != null) {
            reply.completeExceptionally(missing);
        } else if (reply != null) {
            reply.complete(whole);
        }
    }
}
