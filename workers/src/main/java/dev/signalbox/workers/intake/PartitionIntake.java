package dev.signalbox.workers.intake;

import java.util.LinkedHashMap;
import org.apache.kafka.common.TopicPartition;

/** One partition under one assignment: its ledger, its pending records, and how far its commits have got. One thread. */
final class PartitionIntake {
    /** Share of the metadata's space below which a partition that was stopped takes records again. */
    private static final double GUARD_RELEASE = 0.6;

    private final TopicPartition partition;
    private final OffsetLedger ledger;
    /** By offset, in its order; bounded by {@link LaneBounds}. */
    private final LinkedHashMap<Long, Pending> pending = new LinkedHashMap<>();
    private boolean claimed;
    private boolean guarded;
    private double fill;
    private long committedRevision = -1;
    private long overtakenAt = -1;

    private record Pending(int sizeBytes, long enqueuedMillis) {
    }

    /**
     * What to commit.
     *
     * @param revision the ledger's, to be given back to {@link #acknowledged}
     */
    record Commit(long offset, String metadata, int epoch, long revision) {
    }

    PartitionIntake(TopicPartition partition, OffsetLedger ledger) {
        this.partition = partition;
        this.ledger = ledger;
    }

    int epoch() {
        return ledger.epoch();
    }

    /** Whether its epoch is committed, before which nothing may be dispatched. */
    boolean isClaimed() {
        return claimed;
    }

    boolean mustPause() {
        return !claimed || guarded;
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

    /** A record was read; whether it must be served or held. */
    boolean received(long offset) {
        return ledger.received(offset);
    }

    Ticket admit(long offset, int sizeBytes, long enqueuedMillis) {
        pending.put(offset, new Pending(sizeBytes, enqueuedMillis));
        return new Ticket(partition, ledger.epoch(), offset);
    }

    /** A record is done; the bytes that this frees, -1 if it was not pending. */
    int completed(long offset) {
        Pending done = pending.remove(offset);
        if (done == null) {
            return -1;
        }
        ledger.completed(offset);
        return done.sizeBytes();
    }

    long pendingBytes() {
        return pending.values().stream().mapToLong(Pending::sizeBytes).sum();
    }

    boolean isDirty() {
        return ledger.revision() != committedRevision;
    }

    Commit commit() {
        LedgerMetadata.Encoded encoded = ledger.encode();
        fill = encoded.fill();
        guarded = encoded.mustStopAdmitting() || ledger.isFragmented() || (guarded && fill > GUARD_RELEASE);
        return new Commit(ledger.committable(), encoded.text(), ledger.epoch(), ledger.revision());
    }

    void acknowledged(Commit commit) {
        if (commit.epoch() == ledger.epoch()) {
            claimed = true;
            committedRevision = commit.revision();
        }
    }

    /** The broker no longer has the offset at which to read on: retention took it, or the topic is another one. */
    void overtaken(long offset) {
        overtakenAt = offset;
    }

    /** Whether, after {@link #overtaken}, the first offset that is there lies below it. */
    boolean isBelowOvertaken(long first) {
        return overtakenAt > first;
    }

    OffsetLedger truncatedAt(long offset) {
        return ledger.truncatedAt(offset);
    }

    /** After {@link #overtaken}, the first offset that is there has come; how many offsets are lost. */
    long resumed(long first) {
        long lost = overtakenAt < 0 ? 0 : Math.max(0, first - overtakenAt);
        overtakenAt = -1;
        return lost;
    }
}
