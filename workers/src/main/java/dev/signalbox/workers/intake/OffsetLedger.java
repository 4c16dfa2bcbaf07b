package dev.signalbox.workers.intake;

import java.util.Optional;
import java.util.OptionalLong;

/**
 * What is done of one partition under one assignment of it. Records are received in the order of offsets and completed in
 * any; the offset to commit is the lowest one that is not done, and what is done above it goes into the commit's metadata.
 *
 * <p>Offsets that never come (compacted away, transaction markers, taken by retention) count as done as soon as a higher one
 * is received. Records that are held back are simply not completed: a run of them costs no more than one.
 *
 * <p>INVARIANT: {@code low} is not done; every offset below it is done or does not exist; {@code done} lies above it.
 *
 * <p>After an unclean election other records have the offsets of some that were done. The owner that reads on learns of it
 * ({@link #truncatedAt}); whoever takes the partition over from one that died before he could say so does not. He knows the
 * new records by their leader epoch, which is above that of all that was read when the commit was made.
 *
 * <p>A pure model; one thread.
 */
final class OffsetLedger {
    /** Runs above which it wants no more records, so that neither memory nor the metadata's encoding grows further. */
    static final int MAX_RUNS = 50_000;
    private static final int UNKNOWN = -1;

    private final int epoch;
    private final OffsetRuns done;
    private long low;
    private long position;
    private long revision;
    /** Highest one under which anything was appended that is done or was read. */
    private int leaderEpoch;

    /** @param done what is done above the committed offset, under a leader epoch that is not known; taken over */
    OffsetLedger(int epoch, long committed, OffsetRuns done) {
        this(epoch, committed, done, Optional.empty());
    }

    /**
     * @param epoch of the assignment
     * @param committed the offset to start from
     * @param done what is done above it; taken over
     * @param leaderEpoch what {@link #leaderEpoch} was when it was committed
     */
    OffsetLedger(int epoch, long committed, OffsetRuns done, Optional<Integer> leaderEpoch) {
        this.epoch = epoch;
        this.low = committed;
        this.position = committed;
        this.done = done;
        this.leaderEpoch = leaderEpoch.orElse(UNKNOWN);
        advance();
    }

    int epoch() {
        return epoch;
    }

    /**
     * A record was read.
     *
     * @return whether it must be served; false if it was done under an earlier assignment, or received before
     */
    boolean received(long offset) {
        if (offset < position) {
            return false;
        }
        skip(offset);
        position = offset + 1;
        return offset >= low && !done.contains(offset);
    }

    /**
     * The record at this offset, which is the next one to be {@link #received}, was appended under that leader epoch. One
     * above all that had been read when the commit was made says that from here on the log is another than it was: what an
     * earlier assignment did there is not done.
     */
    void appended(long offset, int underLeaderEpoch) {
        if (leaderEpoch == UNKNOWN) {
            // What an earlier assignment did above may have come under a higher one.
            if (offset >= done.end()) {
                leaderEpoch = underLeaderEpoch;
            }
        } else if (underLeaderEpoch > leaderEpoch) {
            leaderEpoch = underLeaderEpoch;
            if (offset >= position && offset < Math.max(low, done.end())) {
                done.removeFrom(offset);
                low = Math.min(low, offset);
                revision++;
            }
        }
    }

    /** To be committed with {@link #committable()}, so that the next owner knows records that were not in the log then. */
    Optional<Integer> leaderEpoch() {
        return leaderEpoch == UNKNOWN ? Optional.empty() : Optional.of(leaderEpoch);
    }

    /** The offsets from the position up to this one will never come. */
    void skip(long offset) {
        if (offset > position) {
            markDone(position, offset);
            position = offset;
        }
    }

    /** How many offsets from the position up to this one are not done. */
    long missing(long end) {
        return done.missing(Math.max(position, low), end);
    }

    /** The lowest of them. */
    OptionalLong lowestMissing(long end) {
        long first = done.endOfRunWith(Math.max(position, low));
        return first < end ? OptionalLong.of(first) : OptionalLong.empty();
    }

    /** Reading goes on at this offset, above the position, though what lies between is not done. */
    void jump(long offset) {
        position = offset;
    }

    /** All offsets of {@code [from, to)}, below the position, are done. */
    void completed(long from, long to) {
        markDone(from, to);
    }

    /**
     * A received record is done.
     *
     * @return false if it was so before
     * @throws IllegalArgumentException if it was never received
     */
    boolean completed(long offset) {
        if (offset >= position) {
            throw new IllegalArgumentException("offset " + offset + " was not received; next is " + position);
        }
        if (offset < low || done.contains(offset)) {
            return false;
        }
        markDone(offset, offset + 1);
        return true;
    }

    /**
     * The log's records from this offset on are others than before (a truncation, or the topic was made anew): a ledger for
     * the next epoch that keeps what is done below it. This one is void.
     */
    OffsetLedger truncatedAt(long offset) {
        done.removeFrom(offset);
        return new OffsetLedger(epoch + 1, Math.min(low, offset), done, leaderEpoch());
    }

    /** The lowest offset that is not done: what to commit. */
    long committable() {
        return low;
    }

    /** The next offset to come. */
    long position() {
        return position;
    }

    /** Grows with each change of what {@link #encode} says. */
    long revision() {
        return revision;
    }

    /** Whether all that is done lies below the position, so that a record that is received now begins a run of its own. */
    boolean isAtTop() {
        return position >= done.end();
    }

    boolean isFragmented() {
        return done.runs() >= MAX_RUNS;
    }

    /** The metadata to commit with {@link #committable()}. */
    LedgerMetadata.Encoded encode(Suspicion suspicion) {
        return LedgerMetadata.encode(epoch, low, done, suspicion);
    }

    private void markDone(long from, long to) {
        long start = Math.max(from, low);
        if (start >= to) {
            return;
        }
        done.add(start, to);
        advance();
        revision++;
    }

    private void advance() {
        low = done.endOfRunWith(low);
        done.removeBelow(low);
    }
}
