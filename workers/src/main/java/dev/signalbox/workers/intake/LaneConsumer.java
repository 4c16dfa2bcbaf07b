package dev.signalbox.workers.intake;

import dev.signalbox.schemas.Lane;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.InvalidOffsetException;
import org.apache.kafka.clients.consumer.LogTruncationException;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RetriableException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A lane's consumer and its poll thread, which alone touches consumer and ledger: completions of other threads come over a
 * queue that it empties, so neither they nor the revoke path ever wait for a lock. The queue is bounded by the records that
 * are pending; each is completed once.
 *
 * <p>On assignment the committed answer is read once and sought to; then nothing is fetched from the partition until its new
 * epoch is committed. The broker does not fence a former owner that learnt the new generation: epochs do.
 */
public final class LaneConsumer implements RequestSource {
    private static final Logger LOG = LoggerFactory.getLogger(LaneConsumer.class);
    private static final long COMMIT_NANOS = TimeUnit.MILLISECONDS.toNanos(200);
    private static final long STATUS_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final long RESOLVE_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final Duration COMMITTED_LIMIT = Duration.ofSeconds(5);
    private static final Duration REVOKE_LIMIT = Duration.ofSeconds(1);
    private static final Duration CLOSE_LIMIT = Duration.ofSeconds(2);
    /** While something is awaited that only polling brings: a claim, or room for more. */
    private static final Duration BUSY_POLL = Duration.ofMillis(10);
    private static final Duration PENDING_POLL = Duration.ofMillis(25);
    private static final Duration IDLE_POLL = Duration.ofMillis(100);
    /** Records decoded one after another: few enough to use all cores, enough to be worth a thread. */
    private static final int DECODE_BATCH = 64;

    private final Lane lane;
    private final Supplier<? extends Consumer<byte[], byte[]>> consumers;
    private final Admission admission;
    private final RequestSink sink;
    private final RecordDecoding decoding;
    private final LaneLedger ledger;
    private final LongSupplier nanoClock;
    private final ConcurrentLinkedQueue<Ticket> completions = new ConcurrentLinkedQueue<>();
    private final CountDownLatch ended = new CountDownLatch(1);
    private final Thread thread;
    private volatile boolean draining;
    private volatile boolean closing;
    private volatile IntakeStatus status;

    // Of the poll thread alone:
    private final Set<TopicPartition> unresolved = new HashSet<>();
    private boolean commitInFlight;
    private long nextCommit;
    private long nextResolve;
    private long nextStatus;

    /**
     * @param consumers makes the lane's consumer, of {@link LaneConsumerProperties}; called on the poll thread, which closes
     *        it
     * @param admission which records this worker serves
     */
    public LaneConsumer(Lane lane, LaneBounds bounds, Supplier<? extends Consumer<byte[], byte[]>> consumers,
            Admission admission, RecordReader reader, RequestSink sink, Rejector rejector) {
        this(lane, bounds, consumers, admission, reader, sink, rejector, Thread::startVirtualThread, System::nanoTime);
    }

    LaneConsumer(Lane lane, LaneBounds bounds, Supplier<? extends Consumer<byte[], byte[]>> consumers,
            Admission admission, RecordReader reader, RequestSink sink, Rejector rejector, Executor decodeThreads,
            LongSupplier nanoClock) {
        this.lane = lane;
        this.consumers = consumers;
        this.admission = admission;
        this.sink = sink;
        this.decoding = new RecordDecoding(lane, reader, sink, rejector, decodeThreads);
        this.ledger = new LaneLedger(lane, bounds);
        this.nanoClock = nanoClock;
        this.status = ledger.status(0, Optional.empty());
        this.nextCommit = nanoClock.getAsLong();
        this.nextStatus = nextCommit;
        this.nextResolve = nextCommit;
        this.thread = Thread.ofPlatform().name("intake-" + lane).unstarted(this::run);
    }

    @Override
    public void start() {
        thread.start();
    }

    @Override
    public void complete(Ticket ticket) {
        completions.add(ticket);
    }

    @Override
    public void stopAdmitting() {
        draining = true;
    }

    @Override
    public IntakeStatus status() {
        return status;
    }

    @Override
    public boolean close(Duration limit) {
        closing = true;
        if (thread.getState() == Thread.State.NEW) {
            return true;
        }
        try {
            return ended.await(limit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private void run() {
        Optional<Throwable> failure = Optional.empty();
        try (PollLoop loop = new PollLoop(consumers.get())) {
            while (!closing) {
                loop.step();
            }
        } catch (RuntimeException | Error e) {
            LOG.error("intake of {} ended", lane, e);
            failure = Optional.of(e);
        } finally {
            status = ledger.status(0, failure);
            ended.countDown();
        }
    }

    /** The consumer with its steps; only its methods use it. */
    final class PollLoop implements ConsumerRebalanceListener, AutoCloseable {
        private final Consumer<byte[], byte[]> consumer;

        PollLoop(Consumer<byte[], byte[]> consumer) {
            this.consumer = consumer;
            // By pattern, so that topics of the lane which do not exist yet are read as soon as they do.
            consumer.subscribe(Pattern.compile(Pattern.quote(lane.requestTopic()) + "|"
                    + Pattern.quote(lane.overflowTopic()) + "|" + Pattern.quote(lane.retryTopic())), this);
        }

        /** One turn: completions, commit, pauses, poll, hand-over. */
        void step() {
            takeCompletions();
            long now = nanoClock.getAsLong();
            if (!unresolved.isEmpty() && now - nextResolve >= 0) {
                resolve(Set.copyOf(unresolved));
            }
            if (!commitInFlight && now - nextCommit >= 0) {
                commit(now);
            }
            if (draining) {
                ledger.drain();
            }
            Set<TopicPartition> paused = applyPauses();
            if (now - nextStatus >= 0) {
                status = ledger.status(paused.size(), Optional.empty());
                nextStatus = now + STATUS_NANOS;
            }
            handOver(poll(!paused.isEmpty() || commitInFlight
                    ? BUSY_POLL
                    : ledger.pendingRecords() > 0 ? PENDING_POLL : IDLE_POLL));
        }

        private void takeCompletions() {
            for (Ticket ticket = completions.poll(); ticket != null; ticket = completions.poll()) {
                ledger.completed(ticket);
            }
        }

        private ConsumerRecords<byte[], byte[]> poll(Duration limit) {
            try {
                return consumer.poll(limit);
            } catch (LogTruncationException e) {
                e.divergentOffsets().forEach((partition, at) -> beginAnew(partition, at.offset()));
            } catch (OffsetOutOfRangeException e) {
                e.offsetOutOfRangePartitions().forEach(ledger::overtaken);
                consumer.seekToBeginning(e.partitions());
                LOG.warn("{}: offsets {} are no longer there; going on at the beginning", lane,
                        e.offsetOutOfRangePartitions());
            } catch (InvalidOffsetException e) {
                // The committed answer of these is still to come; until then they are paused.
                consumer.seekToBeginning(e.partitions());
            } catch (RetriableException e) {
                LOG.warn("{}: {}", lane, e.toString());
                LockSupport.parkNanos(BUSY_POLL.toNanos());
            }
            return ConsumerRecords.empty();
        }

        private void handOver(ConsumerRecords<byte[], byte[]> records) {
            List<RecordDecoding.Admitted> batch = new ArrayList<>();
            for (TopicPartition partition : records.partitions()) {
                List<ConsumerRecord<byte[], byte[]>> ofPartition = records.records(partition);
                long first = ofPartition.getFirst().offset();
                if (!ledger.isOpen(partition)) {
                    consumer.seek(partition, first);
                    continue;
                }
                if (ledger.isTruncated(partition, first)) {
                    beginAnew(partition, first);
                    continue;
                }
                for (ConsumerRecord<byte[], byte[]> source : ofPartition) {
                    if (ledger.received(partition, source.offset())) {
                        admitOrHold(partition, source, batch);
                    }
                    if (batch.size() == DECODE_BATCH) {
                        decoding.decode(batch);
                        batch = new ArrayList<>();
                    }
                }
            }
            if (!batch.isEmpty()) {
                decoding.decode(batch);
            }
        }

        private void admitOrHold(TopicPartition partition, ConsumerRecord<byte[], byte[]> source,
                List<RecordDecoding.Admitted> batch) {
            switch (admission.judge(source.key(), source.headers())) {
                case Admission.Verdict.Hold(String owner) -> ledger.hold(partition, owner);
                case Admission.Verdict.Answered() -> ledger.completed(ledger.admit(partition, source.offset(),
                        RecordFacts.sizeBytes(source), RecordFacts.firstEnqueuedMillis(source)));
                case Admission.Verdict.Admit() -> batch.add(new RecordDecoding.Admitted(source,
                        ledger.admit(partition, source.offset(), RecordFacts.sizeBytes(source),
                                RecordFacts.firstEnqueuedMillis(source))));
            }
        }

        private void commit(long now) {
            Map<TopicPartition, PartitionIntake.Commit> dirty = ledger.commits(ledger.owned());
            nextCommit = now + COMMIT_NANOS;
            if (dirty.isEmpty()) {
                return;
            }
            commitInFlight = true;
            consumer.commitAsync(offsets(dirty), (sent, failure) -> {
                commitInFlight = false;
                if (failure == null) {
                    ledger.acknowledged(dirty);
                } else {
                    // Also REBALANCE_IN_PROGRESS: what is still owned then is committed by the next turn.
                    ledger.commitFailed();
                    LOG.debug("{}: commit failed, to be repeated", lane, failure);
                }
            });
        }

        private static Map<TopicPartition, OffsetAndMetadata> offsets(
                Map<TopicPartition, PartitionIntake.Commit> commits) {
            Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
            commits.forEach((partition, commit) -> offsets.put(partition,
                    new OffsetAndMetadata(commit.offset(), commit.metadata())));
            return offsets;
        }

        private Set<TopicPartition> applyPauses() {
            Set<TopicPartition> wanted = ledger.paused();
            wanted.addAll(unresolved);
            Set<TopicPartition> paused = consumer.paused();
            if (!wanted.equals(paused)) {
                Set<TopicPartition> resumed = new HashSet<>(paused);
                resumed.removeAll(wanted);
                consumer.resume(resumed);
                consumer.pause(wanted);
            }
            return wanted;
        }

        @Override
        public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
            if (!partitions.isEmpty()) {
                resolve(Set.copyOf(partitions));
            }
        }

        /** Reads the committed answer of these partitions once and goes on from there, or tries again later. */
        private void resolve(Set<TopicPartition> partitions) {
            consumer.pause(partitions);
            unresolved.addAll(partitions);
            Map<TopicPartition, OffsetAndMetadata> answers;
            try {
                answers = answers(partitions);
            } catch (RetriableException e) {
                nextResolve = nanoClock.getAsLong() + RESOLVE_NANOS;
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
            nextCommit = nanoClock.getAsLong();
        }

        private Map<TopicPartition, OffsetAndMetadata> answers(Set<TopicPartition> partitions) {
            Map<TopicPartition, OffsetAndMetadata> answers = new HashMap<>(
                    consumer.committed(partitions, COMMITTED_LIMIT));
            answers.values().removeIf(answer -> answer == null);
            Set<TopicPartition> never = new HashSet<>(partitions);
            never.removeAll(answers.keySet());
            if (!never.isEmpty()) {
                consumer.beginningOffsets(never, COMMITTED_LIMIT)
                        .forEach((partition, first) -> answers.put(partition, new OffsetAndMetadata(first)));
            }
            return answers;
        }

        private void beginAnew(TopicPartition partition, long at) {
            sink.forget(partition, ledger.epoch(partition));
            long next = ledger.truncated(partition, at);
            decoding.assigned(partition, ledger.epoch(partition));
            consumer.seek(partition, next);
            consumer.pause(Set.of(partition));
            nextCommit = nanoClock.getAsLong();
            LOG.warn("{}: {} has other records from offset {} on; reading again from {}", lane, partition, at, next);
        }

        @Override
        public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
            forget(partitions);
            takeCompletions();
            Map<TopicPartition, PartitionIntake.Commit> dirty = ledger.commits(Set.copyOf(partitions));
            try {
                if (!dirty.isEmpty()) {
                    consumer.commitSync(offsets(dirty), REVOKE_LIMIT);
                    ledger.acknowledged(dirty);
                }
            } catch (KafkaException e) {
                // Safe: the next owner repeats what is not committed.
                ledger.commitFailed();
                LOG.warn("{}: last commit of {} failed: {}", lane, partitions, e.toString());
            }
            partitions.forEach(ledger::revoked);
        }

        @Override
        public void onPartitionsLost(Collection<TopicPartition> partitions) {
            forget(partitions);
            partitions.forEach(ledger::revoked);
        }

        private void forget(Collection<TopicPartition> partitions) {
            unresolved.removeAll(partitions);
            Set<TopicPartition> owned = ledger.owned();
            for (TopicPartition partition : partitions) {
                decoding.revoked(partition);
                if (owned.contains(partition)) {
                    sink.forget(partition, ledger.epoch(partition));
                }
            }
        }

        /** Commits what is complete and leaves the group. */
        @Override
        public void close() {
            try {
                onPartitionsRevoked(ledger.owned());
            } finally {
                consumer.close(CloseOptions.timeout(CLOSE_LIMIT));
            }
        }
    }
}
