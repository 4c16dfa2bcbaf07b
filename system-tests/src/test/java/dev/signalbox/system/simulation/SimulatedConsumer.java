package dev.signalbox.system.simulation;

import dev.signalbox.workers.intake.HandoverAssignor;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Assignment;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.LogTruncationException;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetCommitCallback;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * A consumer over {@link SimulatedBroker}: rebalances in its polls, commits that arrive in their order and are answered
 * later, and the real one's objections to what is not assigned. Methods that no worker uses are the mock's.
 */
final class SimulatedConsumer extends MockConsumer<byte[], byte[]> {
    private final SimulatedBroker broker;
    private final Simulation simulation;
    private final SimulatedProcess process;
    private final int maxPollRecords;
    private final HandoverAssignor assignor = new HandoverAssignor();
    private final Deque<Runnable> responses = new ArrayDeque<>();
    private final Map<TopicPartition, Long> positions = new HashMap<>();
    private final Set<TopicPartition> owned = new TreeSet<>(SimulatedGroup.BY_NAME);
    private final Set<TopicPartition> paused = new TreeSet<>(SimulatedGroup.BY_NAME);
    private ConsumerRebalanceListener listener = new Nobody();
    private SimulatedGroup.@Nullable Member member;
    private @Nullable Thread waiting;
    private long lastArrival;
    private int generation = -1;

    private static final class Nobody implements ConsumerRebalanceListener {
        @Override
        public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
        }

        @Override
        public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
        }
    }

    SimulatedConsumer(SimulatedBroker broker, SimulatedProcess process, Map<String, Object> properties) {
        super("none");
        this.broker = broker;
        this.simulation = broker.simulation;
        this.process = process;
        this.maxPollRecords = (Integer) properties.get("max.poll.records");
        this.assignor.configure(properties);
    }

    SimulatedProcess process() {
        return process;
    }

    /** What it owns and where it knows to read on. */
    Map<TopicPartition, Long> positions() {
        return positions;
    }

    SimulatedGroup.@Nullable Member member() {
        return member;
    }

    @Override
    public void subscribe(Pattern pattern, ConsumerRebalanceListener newListener) {
        listener = newListener;
        broker.consumers.add(this);
    }

    @Override
    public Set<TopicPartition> assignment() {
        return Set.copyOf(owned);
    }

    @Override
    @SuppressWarnings("removal")
    public ConsumerGroupMetadata groupMetadata() {
        return new ConsumerGroupMetadata("group", generation, member == null ? "" : member.id, Optional.empty());
    }

    @Override
    public ConsumerRecords<byte[], byte[]> poll(Duration limit) {
        respond();
        membership();
        truncation();
        ConsumerRecords<byte[], byte[]> records = fetch();
        if (records.isEmpty()) {
            // A poll may take longer than it was asked to.
            waitForNews(limit.toNanos() * (1 + simulation.random.nextInt(4)));
            respond();
            records = fetch();
        }
        return records;
    }

    private void waitForNews(long nanos) {
        if (responses.isEmpty()) {
            waiting = Thread.currentThread();
            Simulated.parkNanos(nanos);
            waiting = null;
        }
    }

    /** Something to fetch, or an answer, is there. */
    void news() {
        if (waiting != null) {
            LockSupport.unpark(waiting);
        }
    }

    private void respond() {
        for (Runnable response = responses.poll(); response != null; response = responses.poll()) {
            response.run();
        }
    }

    private void membership() {
        if (member != null && member.isRemoved()) {
            simulation.note("lost", process.name(), owned.size(), 0);
            Set<TopicPartition> lost = take(Set.copyOf(owned));
            member = null;
            generation = -1;
            if (!lost.isEmpty()) {
                listener.onPartitionsLost(lost);
            }
        }
        if (member == null) {
            member = broker.group.join(process, assignor);
        }
        if (broker.group.mustJoin(member)) {
            broker.group.joins(member, Set.copyOf(owned), generation);
        } else if (broker.group.hasAnswer(member)) {
            assigned(broker.group.takeAnswer(member));
        }
    }

    private void assigned(Assignment assignment) {
        generation = broker.group.generationOf(member);
        Set<TopicPartition> partitions = Set.copyOf(assignment.partitions());
        Set<TopicPartition> revoked = difference(owned, partitions);
        Set<TopicPartition> added = difference(partitions, owned);
        if (!revoked.isEmpty()) {
            broker.watch.rebalanced(process);
            listener.onPartitionsRevoked(Set.copyOf(revoked));
            take(revoked);
            broker.group.rebalance();
        }
        assignor.onAssignment(assignment, groupMetadata());
        owned.addAll(added);
        listener.onPartitionsAssigned(Set.copyOf(added));
    }

    @Override
    public void enforceRebalance(String reason) {
        simulation.note("rejoin", process.name() + " " + reason, owned.size(), 0);
        broker.group.rebalance();
    }

    private static Set<TopicPartition> difference(Set<TopicPartition> all, Set<TopicPartition> without) {
        Set<TopicPartition> left = new TreeSet<>(SimulatedGroup.BY_NAME);
        left.addAll(all);
        left.removeAll(without);
        return left;
    }

    private Set<TopicPartition> take(Set<TopicPartition> gone) {
        gone.forEach(partition -> {
            owned.remove(partition);
            paused.remove(partition);
            positions.remove(partition);
        });
        return gone;
    }

    /** The fault of a truncated log shows itself in a poll of the partition's owner. */
    private void truncation() {
        for (TopicPartition partition : owned) {
            Long position = positions.get(partition);
            if (position != null && !paused.contains(partition)) {
                long from = broker.watch.truncates(process, partition, position);
                if (from >= 0) {
                    throw new LogTruncationException("simulated", Map.of(partition, position),
                            Map.of(partition, new OffsetAndMetadata(from)));
                }
            }
        }
    }

    /** Before anything is fetched: what a poll throws away with an exception, no later one brings. */
    private void ranges() {
        for (TopicPartition partition : owned) {
            Long position = positions.get(partition);
            SimulatedLog log = broker.log(partition);
            if (position != null && !paused.contains(partition)
                    && (position > log.end() || position < log.start())) {
                throw new OffsetOutOfRangeException(Map.of(partition, position));
            }
        }
    }

    private ConsumerRecords<byte[], byte[]> fetch() {
        ranges();
        Map<TopicPartition, List<ConsumerRecord<byte[], byte[]>>> fetched = new LinkedHashMap<>();
        Map<TopicPartition, OffsetAndMetadata> next = new HashMap<>();
        int room = 1 + simulation.random.nextInt(maxPollRecords);
        for (TopicPartition partition : owned) {
            Long position = positions.get(partition);
            if (position == null || paused.contains(partition) || room == 0) {
                continue;
            }
            SimulatedLog log = broker.log(partition);
            List<SimulatedLog.Entry> there = log.from(position);
            if (there.isEmpty() || simulation.oneIn(4)) {
                continue;
            }
            List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
            for (SimulatedLog.Entry entry : there.subList(0, Math.min(room, there.size()))) {
                records.add(log.read(entry));
                broker.watch.delivered(process, partition, entry);
                simulation.note("delivered", partition.toString(), entry.offset(), 0);
            }
            room -= records.size();
            // At the end, what lies behind the last record and is none is passed over at once, or by the next poll.
            long after = records.size() == there.size() && simulation.random.nextBoolean()
                    ? log.end()
                    : records.getLast().offset() + 1;
            positions.put(partition, after);
            next.put(partition, new OffsetAndMetadata(after));
            fetched.put(partition, records);
        }
        return new ConsumerRecords<>(fetched, next);
    }

    private interface Answer {
        void take(@Nullable KafkaException failure);
    }

    /** Commits travel and arrive in their order; some are lost on the way, of some the answer is. */
    private void send(Map<TopicPartition, OffsetAndMetadata> offsets, Answer answer) {
        SimulatedGroup.Member sender = member;
        int sent = generation;
        SimulatedBroker.Fate fate = broker.watch.fateOfCommit(process);
        lastArrival = Math.max(lastArrival + 1, simulation.nanos() + simulation.between(0, 15));
        Map<TopicPartition, OffsetAndMetadata> copy = new HashMap<>(offsets);
        simulation.after(lastArrival - simulation.nanos(), () -> {
            KafkaException refused = fate == SimulatedBroker.Fate.LOST
                    ? new TimeoutException("simulated: the commit was lost")
                    : broker.group.commit(sender, sent, copy);
            KafkaException failure = fate == SimulatedBroker.Fate.ANSWER_LOST
                    ? new TimeoutException("simulated: the answer was lost")
                    : refused;
            simulation.after(simulation.between(0, fate == SimulatedBroker.Fate.DONE ? 15 : 400), process, () -> {
                responses.add(() -> answer.take(failure));
                news();
            });
        });
    }

    @Override
    public void commitAsync(Map<TopicPartition, OffsetAndMetadata> offsets,
            OffsetCommitCallback callback) {
        send(offsets, failure -> callback.onComplete(offsets, failure));
    }

    @Override
    public void commitSync(Map<TopicPartition, OffsetAndMetadata> offsets, Duration limit) {
        KafkaException[] failed = {null};
        boolean[] over = {false};
        send(offsets, failure -> {
            over[0] = true;
            failed[0] = failure;
        });
        long until = simulation.nanos() + limit.toNanos();
        while (!over[0] && simulation.nanos() < until) {
            waitForNews(until - simulation.nanos());
            respond();
        }
        if (!over[0]) {
            throw new TimeoutException("simulated: no answer to the commit in time");
        }
        if (failed[0] != null) {
            throw failed[0];
        }
    }

    @Override
    public Map<TopicPartition, OffsetAndMetadata> committed(Set<TopicPartition> partitions,
            Duration limit) {
        Simulated.parkNanos(simulation.between(0, 20));
        if (simulation.oneIn(30)) {
            throw new TimeoutException("simulated");
        }
        Map<TopicPartition, OffsetAndMetadata> found = new HashMap<>(broker.group.committed());
        found.keySet().retainAll(partitions);
        return found;
    }

    @Override
    public Map<TopicPartition, Long> beginningOffsets(Collection<TopicPartition> partitions,
            Duration limit) {
        Simulated.parkNanos(simulation.between(0, 10));
        Map<TopicPartition, Long> first = new HashMap<>();
        partitions.forEach(partition -> first.put(partition, broker.log(partition).start()));
        return first;
    }

    private void mustBeOwned(Collection<TopicPartition> partitions) {
        for (TopicPartition partition : partitions) {
            if (!owned.contains(partition)) {
                throw new IllegalStateException("No current assignment for partition " + partition);
            }
        }
    }

    @Override
    public void pause(Collection<TopicPartition> partitions) {
        mustBeOwned(partitions);
        paused.addAll(partitions);
    }

    @Override
    public void resume(Collection<TopicPartition> partitions) {
        mustBeOwned(partitions);
        paused.removeAll(partitions);
    }

    @Override
    public Set<TopicPartition> paused() {
        return new HashSet<>(paused);
    }

    @Override
    public void seek(TopicPartition partition, long offset) {
        mustBeOwned(Set.of(partition));
        positions.put(partition, offset);
    }

    @Override
    public void seekToBeginning(Collection<TopicPartition> partitions) {
        partitions.forEach(partition -> seek(partition, broker.log(partition).start()));
    }

    @Override
    public void close(CloseOptions options) {
        broker.consumers.remove(this);
        if (!owned.isEmpty()) {
            listener.onPartitionsRevoked(Set.copyOf(owned));
        }
        take(Set.copyOf(owned));
        broker.group.remove(member);
        simulation.note("left", process.name(), 0, 0);
    }
}
