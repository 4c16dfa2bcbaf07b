package dev.signalbox.workers.intake;

import dev.signalbox.config.WorkerSettings;

/**
 * How much one lane takes in. Fetching stops early enough that what the client has fetched already still fits, so
 * {@code pauseRecords + maxPollRecords <= records} and {@code pauseBytes + fetchBytes <= bufferBytes}; it resumes only when a
 * quarter of the room is free again, so that it does not flutter.
 *
 * @param pauseRecords pending records (waiting or running) at which fetching stops
 * @param resumeRecords pending records at which it resumes
 * @param pauseBytes pending bytes at which fetching stops
 * @param resumeBytes pending bytes at which it resumes
 * @param maxPollRecords {@code max.poll.records}
 * @param fetchBytes {@code fetch.max.bytes}
 * @param partitionFetchBytes {@code max.partition.fetch.bytes}; a single larger record still comes through
 */
public record LaneBounds(int pauseRecords, int resumeRecords, long pauseBytes, long resumeBytes, int maxPollRecords,
        int fetchBytes, int partitionFetchBytes) {
    /** What of a lane's room retry topics may take: small, as their records wait elsewhere just as well. */
    private static final int RETRY_PART = 8;
    private static final int MAX_POLL_RECORDS = 500;
    private static final int MAX_FETCH_BYTES = 16 << 20;
    private static final int MIN_FETCH_BYTES = 64 << 10;

    /** The bounds of each lane of a worker: its buffer, and in records also what runs. */
    public static LaneBounds of(WorkerSettings settings) {
        int records = records(settings);
        int poll = Math.clamp(records / 4, 1, MAX_POLL_RECORDS);
        int fetch = Math.clamp(settings.bufferBytes() / 8, MIN_FETCH_BYTES, MAX_FETCH_BYTES);
        int pause = Math.max(1, records - poll);
        long pauseBytes = Math.max(1, settings.bufferBytes() - fetch);
        return new LaneBounds(pause, pause - (pause + 3) / 4, pauseBytes, pauseBytes - (pauseBytes + 3) / 4, poll,
                fetch,
                Math.max(MIN_FETCH_BYTES, fetch / 8));
    }

    /** Most records of a lane that are pending in the worker, waiting or running. */
    public static int records(WorkerSettings settings) {
        return Math.addExact(settings.bufferRecords(), settings.maxInFlight());
    }

    /**
     * Whether nothing more may be taken in from retry topics: what is put off and what has come back are at most an eighth of
     * the lane's room, and what comes back never keeps out what is new.
     */
    boolean mustPauseRetries(int retryRecords, long retryBytes) {
        return retryRecords >= Math.max(1, pauseRecords / RETRY_PART)
                || retryBytes >= Math.max(1, pauseBytes / RETRY_PART);
    }

    /** Whether fetching must be stopped, given whether it is. */
    boolean mustPause(int pendingRecords, long pendingBytes, boolean paused) {
        return paused
                ? pendingRecords > resumeRecords || pendingBytes > resumeBytes
                : pendingRecords >= pauseRecords || pendingBytes >= pauseBytes;
    }
}
