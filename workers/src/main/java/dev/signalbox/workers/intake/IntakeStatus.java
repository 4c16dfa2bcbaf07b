package dev.signalbox.workers.intake;

import dev.signalbox.schemas.Lane;
import java.util.Map;
import java.util.Optional;

/**
 * What a lane's intake holds, for gauges and reports.
 *
 * @param lane the lane
 * @param partitions partitions it owns
 * @param claimedPartitions those of them whose new epoch is committed, so that they deliver
 * @param pausedPartitions those of them from which nothing is fetched now
 * @param guardedPartitions those of them whose commit metadata is so full that they take nothing while anything is pending
 * @param pendingRecords admitted and not complete: waiting or running
 * @param pendingBytes serialized bytes of the pending records
 * @param postponedRecords those of them that were put off and wait for their time
 * @param postponedBytes bytes of these
 * @param crowdedByRetries whether nothing more is read from the retry topic because too much of it waits for its time
 * @param overflowRecords those of the overflow topic that take none of the lane's own room
 * @param overflowBytes bytes of these
 * @param crowdedByOverflow whether nothing more is read from the overflow topic for now because enough of it is pending
 * @param oldestPendingMillis first-enqueue time of the oldest pending record at a partition's commit point, ms on the
 *        broker's clock; 0: none pending
 * @param heldRecords records held back, by whom they wait for
 * @param metadataFill part of the commit metadata's 4,096 bytes in use at the fullest partition, 0 to 1
 * @param commitAgeMillis for how long something has been complete that is not committed; about 200 when all is well
 * @param commits acknowledged commits since the start
 * @param failedCommits commits that failed and were repeated or, with the partition gone, given up
 * @param staleCompletions completions that came after their partition had moved
 * @param lostRanges how often retention had taken offsets that were not complete
 * @param lostOffsets those offsets: at most as many requests
 * @param failure why the intake ended by itself, if it did; such a worker is not fit to live
 */
public record IntakeStatus(Lane lane, int partitions, int claimedPartitions, int pausedPartitions,
        int guardedPartitions, int pendingRecords, long pendingBytes, int postponedRecords,
        long postponedBytes, boolean crowdedByRetries, int overflowRecords, long overflowBytes,
        boolean crowdedByOverflow, long oldestPendingMillis,
        Map<String, Long> heldRecords, double metadataFill, long commitAgeMillis, long commits, long failedCommits,
        long staleCompletions, long lostRanges, long lostOffsets, Optional<Throwable> failure) {

    public IntakeStatus {
        heldRecords = Map.copyOf(heldRecords);
    }

    /** Pending records that wait or run and take the lane's own room. */
    public int roomRecords() {
        return pendingRecords - postponedRecords - overflowRecords;
    }

    /** Bytes of these. */
    public long roomBytes() {
        return pendingBytes - postponedBytes - overflowBytes;
    }
}
