package dev.signalbox.workers.intake;

import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Consumer;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/** One partition under one assignment: its ledger, its pending records, and how far its commits have got. One thread. */
final class PartitionIntake {
    /** Share of the metadata's space below which a partition that was stopped takes records again. */
    private static final double GUARD_RELEASE = 0.6;

    private final TopicPartition partition;
    private final OffsetLedger ledger;
    /** By offset, in its order; bounded by {@link LaneBounds}. */
    private final LinkedHashMap<Long, Pending> pending = new LinkedHashMap<>();
    /** End of each lost range that is pending, by its first offset; none of it is done before all of it is. */
    private final Map<Long, Long> lostEnds = new HashMap<>();
    /** Of the pending ones, those that were put off and not handed on yet. */
    private final Set<Long> postponed = new HashSet<>();
    /** Of these, those that are published again. */
    private final Set<Long> moving = new HashSet<>();
    private boolean claimed;
    /** Grows when the claim is in doubt: a commit sent before proves nothing. */
    private int doubts;
    private boolean guarded;
    private double fill;
    private long committedRevision = -1;
    private Suspicion suspicion;
    /** Changes of what commits say of suspects. */
    private long suspicionChanges;
    /** Present while an owner of it has died and it is not calm since. */
    private @Nullable PartitionTrial trial;
    /** The only request that the worker runs, and since when; -1: none. */
    private long solo = -1;
    private long soloSince;

    private record Pending(int sizeBytes, long enqueuedMillis) {
    }

    /**
     * What to commit.
     *
     * @param leaderEpoch {@link OffsetLedger#leaderEpoch}
     * @param revision of what it says, to be given back to {@link #acknowledged}
     * @param doubts the same
     */
    record Commit(long offset, Optional<Integer> leaderEpoch, String metadata, int epoch, long revision, int doubts) {
    }

    /** @param suspicion what commits of this assignment begin to say: {@link Suspicion#takenOver} */
    PartitionIntake(TopicPartition partition, OffsetLedger ledger, Suspicion suspicion, TrialTurn turn) {
        this.partition = partition;
        this.ledger = ledger;
        this.suspicion = suspicion;
        this.trial = suspicion.deaths() > 0 ? new PartitionTrial(suspicion, turn) : null;
    }

    int epoch() {
        return ledger.epoch();
    }

    /** Whether its epoch is committed, before which nothing may be dispatched. */
    boolean isClaimed() {
        return claimed;
    }

    /**
     * Whether nothing may be fetched from it. The guard stops only what could make the metadata longer, so not records between
     * others that are done; and only while something is pending whose end it can wait for. What does not fit then is
     * forgotten and, after a crash, served again: better than a partition that stands still for good.
     */
    boolean mustPause() {
        return !claimed
                || (ledger.isAtTop() && (ledger.isFragmented() || (guarded && !pending.isEmpty())));
    }

    /** Whether its metadata is nearly full. */
    boolean isGuarded() {
        return guarded || ledger.isFragmented();
    }

    double fill() {
        return fill;
    }

    int pendingRecords() {
        return pending.size();
    }

    /** Enqueue time of the pending record with the lowest offset; 0 if none. */
    long oldestPendingMillis() {
        return pending.isEmpty() ? 0 : pending.firstEntry().getValue().enqueuedMillis();
    }

    /** The record that is received next was appended under that leader epoch. */
    void appended(long offset, int leaderEpoch) {
        ledger.appended(offset, leaderEpoch);
    }

    /** A record was read; whether it must be served or held. */
    boolean received(long offset) {
        return ledger.received(offset);
    }

    /** Everything below this offset was read. */
    void passed(long next) {
        ledger.skip(next);
    }

    long position() {
        return ledger.position();
    }

    /** The log begins at this offset, beyond the position; what is lost thereby, now pending. */
    Optional<LostRange> overtaken(long beginning) {
        OptionalLong first = ledger.lowestMissing(beginning);
        if (first.isEmpty()) {
            ledger.skip(beginning);
            return Optional.empty();
        }
        LostRange lost = new LostRange(admit(first.getAsLong(), 0, 0), beginning, ledger.missing(beginning));
        lostEnds.put(first.getAsLong(), beginning);
        ledger.jump(beginning);
        return Optional.of(lost);
    }

    Ticket admit(long offset, int sizeBytes, long enqueuedMillis) {
        pending.put(offset, new Pending(sizeBytes, enqueuedMillis));
        return new Ticket(partition, ledger.epoch(), offset);
    }

    /** Whether a record that was admitted waits here for its trial. */
    boolean awaitsTrial(RecordDecoding.Admitted admitted) {
        if (trial == null) {
            return false;
        }
        trial.add(admitted);
        return true;
    }

    /**
     * Moves a trial on, if there is one; what is to begin now.
     *
     * @param alone whether the worker has but one request
     * @param convicted told of one that is not to begin any more
     */
    List<RecordDecoding.Admitted> turnTrial(long now, boolean alone,
            Consumer<RecordDecoding.Admitted> convicted) {
        if (trial == null || !claimed) {
            return List.of();
        }
        List<RecordDecoding.Admitted> begin = trial.turn(now, ledger.position(), !isDirty(), alone);
        trial.sentenced().ifPresent(convicted);
        tell(trial.isCalm() ? Suspicion.NONE : trial.suspicion());
        if (trial.isCalm()) {
            trial = null;
        }
        return begin;
    }

    /**
     * While its one request is the only one that the worker runs, commits say so, so that whoever takes over from a worker that
     * dies of it knows at once. Not for longer than the longest window: what lives so long dies of something else.
     *
     * @param alone whether the worker has but one request
     * @return whether commits say otherwise than before
     */
    boolean noteAlone(long now, boolean alone) {
        if (trial != null || !claimed || suspicion.released()) {
            return false;
        }
        long only = alone ? firstRunning() : -1;
        if (only != solo) {
            solo = only;
            soloSince = now;
        }
        long before = suspicionChanges;
        tell(solo < 0 || now - soloSince >= PartitionTrial.LONGEST_WINDOW_NANOS
                ? Suspicion.NONE
                : Suspicion.alone(solo));
        return suspicionChanges != before;
    }

    private long firstRunning() {
        return pending.keySet().stream().mapToLong(Long::longValue).filter(offset -> !postponed.contains(offset))
                .findFirst().orElse(-1);
    }

    boolean isOnTrial() {
        return trial != null;
    }

    boolean isTrialTold() {
        return trial != null && trial.isTold();
    }

    /** It is given back, by an owner that lives. */
    void released() {
        tell(suspicion.whenReleased());
    }

    private void tell(Suspicion now) {
        if (!now.equals(suspicion)) {
            suspicion = now;
            suspicionChanges++;
        }
    }

    /** It has gone. */
    void leave() {
        if (trial != null) {
            trial.leave();
        }
    }

    /** A record is done; the bytes that this frees, -1 if it was not pending. */
    int completed(long offset) {
        Pending done = pending.remove(offset);
        if (done == null) {
            return -1;
        }
        postponed.remove(offset);
        moving.remove(offset);
        if (trial != null) {
            trial.completed(offset);
        }
        Long lostEnd = lostEnds.remove(offset);
        if (lostEnd == null) {
            ledger.completed(offset);
        } else {
            ledger.completed(offset, lostEnd);
        }
        return done.sizeBytes();
    }

    /** A pending record is put off; its bytes. */
    int postponed(long offset) {
        postponed.add(offset);
        return sizeBytes(offset);
    }

    /** One that was put off is handed on; its bytes. */
    int resumed(long offset) {
        postponed.remove(offset);
        moving.remove(offset);
        return sizeBytes(offset);
    }

    /** One that was put off is published again, or is not after all. */
    void moves(long offset, boolean under) {
        if (under && postponed.contains(offset)) {
            moving.add(offset);
        } else {
            moving.remove(offset);
        }
    }

    boolean isPostponed(long offset) {
        return postponed.contains(offset);
    }

    /** Of a pending record. */
    int sizeBytes(long offset) {
        return Optional.ofNullable(pending.get(offset)).map(Pending::sizeBytes).orElse(0);
    }

    int postponedRecords() {
        return postponed.size();
    }

    long postponedBytes() {
        return postponed.stream().mapToLong(this::sizeBytes).sum();
    }

    /** Whether nothing of it that is pending is served or published again. */
    boolean isQuiet() {
        return pending.size() == postponed.size() - moving.size();
    }

    long pendingBytes() {
        return pending.values().stream().mapToLong(Pending::sizeBytes).sum();
    }

    /** It may have been given to another: nothing is taken from it before a commit of now is acknowledged. */
    void doubt() {
        claimed = false;
        doubts++;
        committedRevision = -1;
    }

    boolean isDirty() {
        return revision() != committedRevision;
    }

    private long revision() {
        return ledger.revision() + suspicionChanges;
    }

    Commit commit() {
        LedgerMetadata.Encoded encoded = ledger.encode(suspicion);
        fill = encoded.fill();
        guarded = encoded.mustStopAdmitting() || (guarded && fill > GUARD_RELEASE);
        return new Commit(ledger.committable(), ledger.leaderEpoch(), encoded.text(), ledger.epoch(), revision(),
                doubts);
    }

    void acknowledged(Commit commit) {
        if (commit.epoch() == ledger.epoch() && commit.doubts() == doubts) {
            claimed = true;
            committedRevision = commit.revision();
        }
    }

    OffsetLedger truncatedAt(long offset) {
        return ledger.truncatedAt(offset);
    }
}
