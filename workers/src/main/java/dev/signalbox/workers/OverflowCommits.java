package dev.signalbox.workers;

import dev.signalbox.config.backlog.DoneAhead;
import dev.signalbox.workers.intake.CommittedWork;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongPredicate;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * Asks the group's coordinator what is committed of an overflow topic, whoever of the group owns its partitions. By a client
 * of its own that is no member, and is made when somebody asks first. Any thread, one at a time; waits for up to 2 s.
 */
final class OverflowCommits implements Overflow.Commits, AutoCloseable {
    private static final Duration LIMIT = Duration.ofSeconds(2);

    private final String topic;
    private final Supplier<Consumer<byte[], byte[]>> clients;
    private final ReentrantLock lock = new ReentrantLock();
    private @Nullable Consumer<byte[], byte[]> client;
    private boolean closed;

    /** @param clients a new one of the lane's group, that is no member of it */
    OverflowCommits(String topic, Supplier<Consumer<byte[], byte[]>> clients) {
        this.topic = topic;
        this.clients = clients;
    }

    @Override
    public Map<Integer, LongPredicate> read(Set<Integer> partitions) {
        lock.lock();
        try {
            if (closed) {
                return Map.of();
            }
            Consumer<byte[], byte[]> asked = client == null ? clients.get() : client;
            client = asked;
            Map<TopicPartition, OffsetAndMetadata> answer = asked.committed(
                    partitions.stream().map(each -> new TopicPartition(topic, each)).collect(Collectors.toSet()),
                    LIMIT);
            Map<Integer, LongPredicate> done = new HashMap<>();
            answer.forEach((partition, committed) -> {
                if (committed != null) {
                    done.put(partition.partition(), done(committed));
                }
            });
            return done;
        } finally {
            lock.unlock();
        }
    }

    /** Up to the committed offset, and what the metadata says above it. */
    static LongPredicate done(OffsetAndMetadata committed) {
        DoneAhead.Done above = CommittedWork.done(committed.offset(), committed.metadata());
        return offset -> offset < committed.offset() || above.contains(offset);
    }

    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            if (client != null) {
                client.close(CloseOptions.timeout(LIMIT));
            }
        } finally {
            lock.unlock();
        }
    }
}
