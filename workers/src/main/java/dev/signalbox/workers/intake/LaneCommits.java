package dev.signalbox.workers.intake;

import dev.signalbox.schemas.Lane;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Commits of a lane: one each 200 ms of what has changed, and a last one of what is given back. None is repeated by itself:
 * whatever failed (REBALANCE_IN_PROGRESS, a coordinator that moved) is still different from what is committed, so the next
 * turn commits what is true then. A commit that is lost is safe: its records are served again. Poll thread only.
 */
final class LaneCommits {
    private static final Logger LOG = LoggerFactory.getLogger(LaneCommits.class);
    private static final long EACH_NANOS = TimeUnit.MILLISECONDS.toNanos(200);
    /** Age of what is not committed above which a failure is worth a warning. */
    private static final long WARN_AGE_NANOS = TimeUnit.SECONDS.toNanos(5);
    private static final long WARN_EACH_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final Duration CLOSE_LIMIT = Duration.ofSeconds(1);

    private final Lane lane;
    private final Consumer<byte[], byte[]> consumer;
    private final LaneLedger ledger;
    private boolean inFlight;
    private long next;
    private long nextWarning;
    /** All that had changed by then is committed. */
    private long committedAt;

    LaneCommits(Lane lane, Consumer<byte[], byte[]> consumer, LaneLedger ledger, long now) {
        this.lane = lane;
        this.consumer = consumer;
        this.ledger = ledger;
        this.next = now;
        this.nextWarning = now;
        this.committedAt = now;
    }

    /** Commits what has changed if it is time to and no commit is under way. */
    void turn(long now) {
        if (inFlight || now - next < 0) {
            return;
        }
        next = now + EACH_NANOS;
        Map<TopicPartition, PartitionIntake.Commit> dirty = ledger.commits(ledger.owned());
        if (dirty.isEmpty()) {
            committedAt = now;
            return;
        }
        inFlight = true;
        consumer.commitAsync(offsets(dirty), (sent, failure) -> {
            inFlight = false;
            if (failure == null) {
                ledger.acknowledged(dirty);
                committedAt = now;
            } else {
                failed(now, failure);
            }
        });
    }

    /** A new epoch awaits its commit: the next turn is due now. */
    void hasten(long now) {
        next = now;
    }

    /** For how long something has been complete that is not committed, ns; about 200 ms when all is well. */
    long ageNanos(long now) {
        return Math.max(0, now - committedAt);
    }

    /**
     * Sends the last commit of partitions that are given back and does not wait for it: it goes out before this member joins
     * again, over the same connection.
     */
    void send(Set<TopicPartition> partitions) {
        Map<TopicPartition, PartitionIntake.Commit> dirty = ledger.commits(partitions);
        if (dirty.isEmpty()) {
            return;
        }
        consumer.commitAsync(offsets(dirty), (sent, failure) -> {
            if (failure == null) {
                ledger.acknowledged(dirty);
            } else {
                ledger.commitFailed();
                LOG.warn("{}: last commit of {} failed, what it held is served again: {}", lane, partitions,
                        failure.toString());
            }
        });
    }

    /** The last commit before the member leaves the group, for which it waits at most a second. */
    void last() {
        Map<TopicPartition, PartitionIntake.Commit> dirty = ledger.commits(ledger.owned());
        if (dirty.isEmpty()) {
            return;
        }
        try {
            consumer.commitSync(offsets(dirty), CLOSE_LIMIT);
            ledger.acknowledged(dirty);
        } catch (KafkaException e) {
            ledger.commitFailed();
            LOG.warn("{}: last commit failed, what it held is served again: {}", lane, e.toString());
        }
    }

    private void failed(long now, Exception failure) {
        ledger.commitFailed();
        if (ageNanos(now) > WARN_AGE_NANOS && now - nextWarning >= 0) {
            nextWarning = now + WARN_EACH_NANOS;
            LOG.warn("{}: nothing committed for {} s, trying on: {}", lane,
                    TimeUnit.NANOSECONDS.toSeconds(ageNanos(now)), failure.toString());
        } else {
            LOG.debug("{}: commit failed, to be repeated", lane, failure);
        }
    }

    private static Map<TopicPartition, OffsetAndMetadata> offsets(
            Map<TopicPartition, PartitionIntake.Commit> commits) {
        Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
        commits.forEach((partition, commit) -> offsets.put(partition,
                new OffsetAndMetadata(commit.offset(), commit.leaderEpoch(), commit.metadata())));
        return offsets;
    }
}
