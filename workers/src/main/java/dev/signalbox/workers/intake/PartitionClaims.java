package dev.signalbox.workers.intake;

import dev.signalbox.schemas.Lane;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.LogTruncationException;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RetriableException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How partitions come and go, and what becomes of one whose log is no longer what it was. On assignment the committed answer
 * is read once and sought to; the partition then stays paused until {@link LaneCommits} has committed its new epoch. What
 * moves away is forgotten and its last commit sent: nothing here waits for another thread. Poll thread only.
 */
final class PartitionClaims implements ConsumerRebalanceListener {
    private static final Logger LOG = LoggerFactory.getLogger(PartitionClaims.class);
    /** For one answer of the broker, so that two on end stay below a second; nothing else makes the poll thread wait. */
    private static final Duration ANSWER_LIMIT = Duration.ofMillis(450);
    private static final long AGAIN_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final Lane lane;
    private final Consumer<byte[], byte[]> consumer;
    private final LaneLedger ledger;
    private final Completions completions;
    private final LaneCommits commits;
    private final PartitionReleases releases;
    private final RequestSink sink;
    private final RecordDecoding decoding;
    private final LongSupplier nanoClock;
    /** Assigned, but the committed answer is not known yet. */
    private final Set<TopicPartition> unresolved = new HashSet<>();
    private long nextResolve;

    PartitionClaims(Lane lane, Consumer<byte[], byte[]> consumer, LaneLedger ledger, Completions completions,
            LaneCommits commits, PartitionReleases releases, RequestSink sink, RecordDecoding decoding,
            LongSupplier nanoClock) {
        this.lane = lane;
        this.consumer = consumer;
        this.ledger = ledger;
        this.completions = completions;
        this.commits = commits;
        this.releases = releases;
        this.sink = sink;
        this.decoding = decoding;
        this.nanoClock = nanoClock;
    }

    /** Partitions that must stay paused because it is not known where to read on. */
    Set<TopicPartition> unresolved() {
        return unresolved;
    }

    /** Whether some partition does not deliver yet. */
    boolean isAwaited() {
        return !unresolved.isEmpty() || ledger.awaitsClaim();
    }

    /** Asks again for the committed answers that did not come, once a second. */
    void turn(long now) {
        if (!unresolved.isEmpty() && now - nextResolve >= 0) {
            resolve(Set.copyOf(unresolved));
        }
    }

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
        if (!partitions.isEmpty()) {
            resolve(Set.copyOf(partitions));
        }
    }

    private void resolve(Set<TopicPartition> partitions) {
        consumer.pause(partitions);
        unresolved.addAll(partitions);
        Map<TopicPartition, OffsetAndMetadata> answers;
        try {
            answers = answers(partitions);
        } catch (RetriableException e) {
            nextResolve = nanoClock.getAsLong() + AGAIN_NANOS;
            LOG.warn("{}: committed offsets of {} not yet known: {}", lane, partitions, e.toString());
            return;
        }
        int generation = consumer.groupMetadata().generationId();
        answers.forEach((partition, answer) -> {
            int epoch = ledger.assigned(partition, generation, answer);
            decoding.assigned(partition, epoch);
            consumer.seek(partition, answer.offset());
            LOG.info("{}: owns {} from {} under epoch {}", lane, partition, answer.offset(), epoch);
        });
        unresolved.removeAll(partitions);
        commits.hasten(nanoClock.getAsLong());
    }

    private Map<TopicPartition, OffsetAndMetadata> answers(Set<TopicPartition> partitions) {
        Map<TopicPartition, OffsetAndMetadata> answers = new HashMap<>(consumer.committed(partitions, ANSWER_LIMIT));
        answers.values().removeIf(answer -> answer == null);
        Set<TopicPartition> never = new HashSet<>(partitions);
        never.removeAll(answers.keySet());
        if (!never.isEmpty()) {
            consumer.beginningOffsets(never, ANSWER_LIMIT).forEach((partition, first) -> {
                answers.put(partition, new OffsetAndMetadata(first));
                if (first > 0) {
                    LOG.warn("{}: nothing is committed of {}, whose log begins at {}: it is read from there", lane,
                            partition, first);
                }
            });
        }
        return answers;
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
        forget(partitions);
        completions.take();
        ledger.released(partitions);
        commits.send(Set.copyOf(partitions));
        partitions.forEach(ledger::revoked);
    }

    @Override
    public void onPartitionsLost(Collection<TopicPartition> partitions) {
        forget(partitions);
        partitions.forEach(ledger::revoked);
    }

    /** Before the member leaves the group: waits for the last commit. */
    void giveBackAll() {
        Set<TopicPartition> all = ledger.owned();
        forget(all);
        completions.take();
        ledger.released(all);
        commits.last();
        all.forEach(ledger::revoked);
    }

    private void forget(Collection<TopicPartition> partitions) {
        releases.gone(partitions);
        unresolved.removeAll(partitions);
        Set<TopicPartition> owned = ledger.owned();
        for (TopicPartition partition : partitions) {
            decoding.revoked(partition);
            if (owned.contains(partition)) {
                sink.forget(partition, ledger.epoch(partition));
            }
        }
    }

    /** Records that were read have been replaced by others, as far as is known from these offsets on. */
    void truncated(LogTruncationException truncation) {
        truncation.divergentOffsets().forEach((partition, at) -> beginAnew(partition, at.offset()));
        Set<TopicPartition> unknown = new HashSet<>(truncation.partitions());
        unknown.removeAll(truncation.divergentOffsets().keySet());
        outOfRange(unknown);
    }

    /** The log holds no such offsets: retention took them, or the records are others now. Where it begins says which. */
    void outOfRange(Set<TopicPartition> partitions) {
        Set<TopicPartition> owned = new HashSet<>(partitions);
        owned.retainAll(ledger.owned());
        if (owned.isEmpty()) {
            return;
        }
        try {
            consumer.beginningOffsets(owned, ANSWER_LIMIT).forEach((partition, beginning) -> {
                if (beginning > ledger.position(partition)) {
                    overtaken(partition, beginning);
                } else {
                    beginAnew(partition, beginning);
                }
            });
        } catch (RetriableException e) {
            // The next poll is out of range again, and asks again.
            LOG.warn("{}: beginnings of {} not yet known: {}", lane, owned, e.toString());
        }
    }

    private void overtaken(TopicPartition partition, long beginning) {
        ledger.overtaken(partition, beginning).ifPresent(lost -> {
            LOG.error("{}: retention took offsets {} to {} of {} before they were served: at most {} requests lost",
                    lane, lost.ticket().offset(), lost.end() - 1, partition, lost.offsets());
            decoding.report(lost);
        });
        consumer.seek(partition, beginning);
    }

    private void beginAnew(TopicPartition partition, long at) {
        sink.forget(partition, ledger.epoch(partition));
        long next = ledger.truncated(partition, at);
        decoding.assigned(partition, ledger.epoch(partition));
        consumer.seek(partition, next);
        consumer.pause(Set.of(partition));
        commits.hasten(nanoClock.getAsLong());
        LOG.warn("{}: {} has other records from offset {} on; reading again from {}", lane, partition, at, next);
    }
}
