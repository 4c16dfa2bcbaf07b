package dev.signalbox.workers.intake;

import dev.signalbox.schemas.Lane;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;

/**
 * All partitions of a lane: which are owned under which epoch, what is pending, what to commit and what to pause. A pure
 * model that {@link LaneConsumer} moves along from its poll thread.
 */
final class LaneLedger {
    /** Owners of held records that are counted apart; further ones are counted together under the empty name. */
    private static final int MAX_HELD_OWNERS = 1_000;

    private final Lane lane;
    private final LaneBounds bounds;
    private final TrialTurn trialTurn;
    private final String retryTopic;
    private final String overflowTopic;
    private final Map<TopicPartition, PartitionIntake> partitions = new HashMap<>();
    /** Highest epoch used by this process: a partition that comes back before its claim was committed must not repeat it. */
    private final Map<TopicPartition, Integer> epochs = new HashMap<>();
    private final Map<TopicPartition, Map<String, Long>> held = new HashMap<>();
    private int pendingRecords;
    private long pendingBytes;
    /** Of these, what is put off: it has a room of its own. */
    private int postponedRecords;
    private long postponedBytes;
    /** Of these, what came from the overflow topic: it has a room of its own, and some of the lane's while that is free. */
    private int overflowRecords;
    private long overflowBytes;
    private boolean full;
    private boolean overflowFull;
    private boolean retriesFull;
    private boolean draining;
    private int changes;
    private long commits;
    private long failedCommits;
    private long staleCompletions;
    private long lostRanges;
    private long lostOffsets;

    LaneLedger(Lane lane, LaneBounds bounds) {
        this(lane, bounds, new TrialTurn());
    }

    /** @param trialTurn the one of all lanes of the worker */
    LaneLedger(Lane lane, LaneBounds bounds, TrialTurn trialTurn) {
        this.lane = lane;
        this.bounds = bounds;
        this.trialTurn = trialTurn;
        this.retryTopic = lane.retryTopic();
        this.overflowTopic = lane.overflowTopic();
    }

    /**
     * A partition was assigned.
     *
     * @param generation of the group, -1 if unknown
     * @param committed the group's committed offset and metadata; with none, the offset to begin at
     * @return its epoch; nothing is admitted from it before that is committed
     */
    int assigned(TopicPartition partition, int generation, OffsetAndMetadata committed) {
        LedgerMetadata.Decoded before = LedgerMetadata.decode(committed.offset(), committed.metadata())
                .orElseGet(() -> new LedgerMetadata.Decoded(0, new OffsetRuns(), Suspicion.RELEASED));
        int own = epochs.getOrDefault(partition, 0);
        int epoch = Math.max(generation, Math.max(before.epoch(), own) + 1);
        // Whose last owner is this process, which lives, was not left by one that died.
        Suspicion found = before.epoch() == own ? before.suspicion().whenReleased() : before.suspicion();
        put(partition, new OffsetLedger(epoch, committed.offset(), before.done(), committed.leaderEpoch()),
                found.takenOver());
        return epoch;
    }

    private void put(TopicPartition partition, OffsetLedger ledger, Suspicion suspicion) {
        revoked(partition);
        epochs.put(partition, ledger.epoch());
        partitions.put(partition, new PartitionIntake(partition, ledger, suspicion, trialTurn));
    }

    /** A partition was lost; its last epoch here, empty if it was not owned. */
    Optional<Integer> revoked(TopicPartition partition) {
        PartitionIntake gone = partitions.remove(partition);
        changes++;
        held.remove(partition);
        if (gone == null) {
            return Optional.empty();
        }
        gone.leave();
        count(partition, -gone.pendingRecords(), -gone.pendingBytes());
        postponedRecords -= gone.postponedRecords();
        postponedBytes -= gone.postponedBytes();
        return Optional.of(gone.epoch());
    }

    /** Whether records of the partition may be taken in now. */
    boolean isOpen(TopicPartition partition) {
        PartitionIntake owned = partitions.get(partition);
        return owned != null && owned.isClaimed();
    }

    /** Whether a partition's epoch is not committed yet. */
    boolean awaitsClaim() {
        return partitions.values().stream().anyMatch(owned -> !owned.isClaimed());
    }

    /** The record of an open partition that is received next was appended under that leader epoch. */
    void appended(TopicPartition partition, long offset, int leaderEpoch) {
        open(partition).appended(offset, leaderEpoch);
    }

    /** A record of an open partition was read; whether it must be admitted or held, else it is done already. */
    boolean received(TopicPartition partition, long offset) {
        return open(partition).received(offset);
    }

    /** Of an open partition everything below this offset was read; what of it did not come never will. */
    void passed(TopicPartition partition, long next) {
        PartitionIntake owned = partitions.get(partition);
        if (owned != null && owned.isClaimed()) {
            owned.passed(next);
        }
    }

    /**
     * The log begins at this offset, beyond the position.
     *
     * @return what is lost thereby, now pending; empty if all of it was done
     */
    Optional<LostRange> overtaken(TopicPartition partition, long beginning) {
        Optional<LostRange> lost = open(partition).overtaken(beginning);
        lost.ifPresent(range -> {
            count(partition, 1, 0);
            lostRanges++;
            lostOffsets += range.offsets();
        });
        return lost;
    }

    /** This process stood still for so long that its partitions may be others' by now. */
    void doubt() {
        partitions.values().forEach(PartitionIntake::doubt);
    }

    /** Whether nothing of an owned partition is pending that was handed on, and all that is done is committed. */
    boolean isSettled(TopicPartition partition) {
        PartitionIntake owned = open(partition);
        return owned.isQuiet() && !owned.isDirty();
    }

    /** The next offset to come. */
    long position(TopicPartition partition) {
        return open(partition).position();
    }

    Ticket admit(TopicPartition partition, long offset, int sizeBytes, long enqueuedMillis) {
        Ticket ticket = open(partition).admit(offset, sizeBytes, enqueuedMillis);
        count(partition, 1, sizeBytes);
        return ticket;
    }

    /** Whether a record that was just admitted begins only once its trial does. */
    boolean awaitsTrial(RecordDecoding.Admitted admitted) {
        return open(admitted.ticket().partition()).awaitsTrial(admitted);
    }

    /**
     * Moves on the trials of partitions whose owner has died; what is to begin now.
     *
     * @param convicted told of those that are not to begin any more
     */
    List<RecordDecoding.Admitted> turnTrials(long now, Consumer<RecordDecoding.Admitted> convicted) {
        List<RecordDecoding.Admitted> begin = new ArrayList<>(0);
        boolean alone = isAlone();
        for (PartitionIntake owned : partitions.values()) {
            if (owned.isOnTrial() && !draining) {
                begin.addAll(owned.turnTrial(now, alone, convicted));
            }
        }
        return begin;
    }

    /** Notes whether one request is all that the worker runs; whether commits say otherwise than before. */
    boolean noteAlone(long now) {
        boolean alone = isAlone();
        boolean changed = false;
        for (PartitionIntake owned : partitions.values()) {
            changed |= owned.noteAlone(now, alone);
        }
        return changed;
    }

    private boolean isAlone() {
        return trialTurn.runs(lane, pendingRecords - postponedRecords);
    }

    /** Whether a batch begins as soon as a commit has said which. */
    boolean isTrialTold() {
        return partitions.values().stream().anyMatch(PartitionIntake::isTrialTold);
    }

    /** These are given back by this process, which lives. */
    void released(Collection<TopicPartition> given) {
        given.stream().map(partitions::get).filter(Objects::nonNull).forEach(PartitionIntake::released);
    }

    private void count(TopicPartition partition, int records, long bytes) {
        pendingRecords += records;
        pendingBytes += bytes;
        if (partition.topic().equals(overflowTopic)) {
            overflowRecords += records;
            overflowBytes += bytes;
        }
    }

    /** Records that take the lane's own room. */
    private int roomRecords() {
        return pendingRecords - postponedRecords - Math.min(overflowRecords, bounds.overflowRecords());
    }

    private long roomBytes() {
        return pendingBytes - postponedBytes - Math.min(overflowBytes, bounds.overflowBytes());
    }

    /** Whether one that comes back leaves room for those that are new. */
    boolean hasPlenty() {
        return bounds.hasPlenty(roomRecords(), roomBytes(), 0);
    }

    /** Whether a further record of the overflow topic may be admitted. */
    boolean mayTakeOverflow(int sizeBytes) {
        boolean may = bounds.mayTakeOverflow(overflowRecords, overflowBytes, roomRecords(), roomBytes(), sizeBytes);
        overflowFull |= !may;
        return may;
    }

    /** Whether a record of so many bytes may be put off. */
    boolean mayPutOff(int sizeBytes) {
        boolean may = bounds.mayPutOff(postponedRecords, postponedBytes, sizeBytes);
        retriesFull |= !may;
        return may;
    }

    /** A pending record is put off. */
    void postponed(Ticket ticket) {
        postponedRecords++;
        postponedBytes += open(ticket.partition()).postponed(ticket.offset());
    }

    /** One that was put off is handed on, and takes of the lane's room. */
    void resumed(Ticket ticket) {
        PartitionIntake owned = open(ticket.partition());
        if (owned.isPostponed(ticket.offset())) {
            postponedRecords--;
            postponedBytes -= owned.resumed(ticket.offset());
        }
    }

    /** The same if the lane has room for it; whether it has. */
    boolean resumes(Ticket ticket) {
        PartitionIntake owned = open(ticket.partition());
        boolean may = !owned.isPostponed(ticket.offset())
                || bounds.mayResume(roomRecords(), roomBytes(), owned.sizeBytes(ticket.offset()));
        if (may) {
            resumed(ticket);
        }
        return may;
    }

    /** One that was put off is published again, meanwhile in the lane's room while there is plenty, and then done. */
    void moves(Ticket ticket) {
        PartitionIntake owned = open(ticket.partition());
        owned.moves(ticket.offset(), true);
        if (bounds.hasPlenty(roomRecords(), roomBytes(), owned.sizeBytes(ticket.offset()))) {
            resumed(ticket);
        }
    }

    /** It is not published again after all: it is put off as before where there is room, or stays in the lane's. */
    void stays(Ticket ticket) {
        PartitionIntake owned = open(ticket.partition());
        owned.moves(ticket.offset(), false);
        if (!owned.isPostponed(ticket.offset())
                && bounds.mayPutOff(postponedRecords, postponedBytes, owned.sizeBytes(ticket.offset()))) {
            postponed(ticket);
        }
    }

    /** Whether nothing more is read from the retry topic for now, because too much is put off. */
    boolean isCrowdedByRetries() {
        return retriesFull;
    }

    /** Whether the assignment that a record was read under goes on. */
    boolean isCurrent(Ticket ticket) {
        PartitionIntake owned = partitions.get(ticket.partition());
        return owned != null && owned.epoch() == ticket.epoch();
    }

    /** Grows with each partition that comes or goes. */
    int changes() {
        return changes;
    }

    boolean isDraining() {
        return draining;
    }

    void hold(TopicPartition partition, String owner) {
        Map<String, Long> owners = held.computeIfAbsent(partition, any -> new HashMap<>());
        owners.merge(owners.size() < MAX_HELD_OWNERS || owners.containsKey(owner) ? owner : "", 1L, Long::sum);
    }

    void completed(Ticket ticket) {
        PartitionIntake owned = partitions.get(ticket.partition());
        if (owned == null || owned.epoch() != ticket.epoch()) {
            staleCompletions++;
            return;
        }
        boolean wasPostponed = owned.isPostponed(ticket.offset());
        int bytes = owned.completed(ticket.offset());
        if (bytes >= 0) {
            count(ticket.partition(), -1, -bytes);
            postponedRecords -= wasPostponed ? 1 : 0;
            postponedBytes -= wasPostponed ? bytes : 0;
        }
    }

    /** What has changed since it was last committed, of these partitions. */
    Map<TopicPartition, PartitionIntake.Commit> commits(Set<TopicPartition> among) {
        Map<TopicPartition, PartitionIntake.Commit> dirty = new LinkedHashMap<>();
        partitions.forEach((partition, owned) -> {
            if (owned.isDirty() && among.contains(partition)) {
                dirty.put(partition, owned.commit());
            }
        });
        return dirty;
    }

    void acknowledged(Map<TopicPartition, PartitionIntake.Commit> committed) {
        commits++;
        committed.forEach((partition, commit) -> {
            PartitionIntake owned = partitions.get(partition);
            if (owned != null) {
                owned.acknowledged(commit);
            }
        });
    }

    void commitFailed() {
        failedCommits++;
    }

    /**
     * The partition's records from this offset on are others than before: a new epoch begins that has to be claimed. What was
     * pending is read again.
     *
     * @return the offset to read on at
     */
    long truncated(TopicPartition partition, long offset) {
        OffsetLedger ledger = open(partition).truncatedAt(offset);
        put(partition, ledger, Suspicion.NONE);
        return ledger.committable();
    }

    /** Epoch of an owned partition. */
    int epoch(TopicPartition partition) {
        return open(partition).epoch();
    }

    void drain() {
        draining = true;
    }

    /** Partitions of the retry topic that are owned. */
    Set<TopicPartition> ownedRetries() {
        Set<TopicPartition> retries = new HashSet<>(partitions.keySet());
        retries.removeIf(partition -> !partition.topic().equals(retryTopic));
        return retries;
    }

    /** Partitions of the retry topic that may be fetched from once what is put off has room. */
    Set<TopicPartition> retries() {
        Set<TopicPartition> retries = new HashSet<>();
        partitions.forEach((partition, owned) -> {
            if (partition.topic().equals(retryTopic) && !owned.mustPause()) {
                retries.add(partition);
            }
        });
        return retries;
    }

    /** Partitions that must not be fetched from now. */
    Set<TopicPartition> paused() {
        full = bounds.mustPause(roomRecords(), roomBytes(), full);
        overflowFull = bounds.mustPauseOverflow(overflowRecords, overflowBytes, roomRecords(), roomBytes(),
                overflowFull);
        retriesFull = bounds.mustPauseRetries(postponedRecords, postponedBytes, retriesFull);
        Set<TopicPartition> paused = new HashSet<>();
        partitions.forEach((partition, owned) -> {
            boolean overflow = partition.topic().equals(overflowTopic);
            if ((overflow ? overflowFull : full) || draining || owned.mustPause()
                    || (retriesFull && partition.topic().equals(retryTopic))) {
                paused.add(partition);
            }
        });
        return paused;
    }

    Set<TopicPartition> owned() {
        return Set.copyOf(partitions.keySet());
    }

    int pendingRecords() {
        return pendingRecords;
    }

    /** @param commitAgeNanos for how long something has been complete that is not committed */
    IntakeStatus status(int pausedPartitions, long commitAgeNanos, Optional<Throwable> failure) {
        int claimed = 0;
        int guarded = 0;
        double fill = 0;
        long oldest = 0;
        for (PartitionIntake owned : partitions.values()) {
            claimed += owned.isClaimed() ? 1 : 0;
            guarded += owned.isGuarded() ? 1 : 0;
            fill = Math.max(fill, owned.fill());
            long enqueued = owned.oldestPendingMillis();
            oldest = enqueued > 0 && (oldest == 0 || enqueued < oldest) ? enqueued : oldest;
        }
        Map<String, Long> heldByOwner = new HashMap<>();
        held.values().forEach(owners -> owners.forEach((owner, count) -> heldByOwner.merge(owner, count, Long::sum)));
        return new IntakeStatus(lane, partitions.size(), claimed, pausedPartitions, guarded, pendingRecords,
                pendingBytes, postponedRecords, postponedBytes, retriesFull,
                Math.min(overflowRecords, bounds.overflowRecords()), Math.min(overflowBytes, bounds.overflowBytes()),
                overflowFull, oldest, heldByOwner, fill,
                TimeUnit.NANOSECONDS.toMillis(commitAgeNanos),
                commits,
                failedCommits, staleCompletions, lostRanges, lostOffsets, failure);
    }

    private PartitionIntake open(TopicPartition partition) {
        PartitionIntake owned = partitions.get(partition);
        if (owned == null) {
            throw new IllegalStateException(partition + " is not owned");
        }
        return owned;
    }
}
