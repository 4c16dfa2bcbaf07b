package dev.signalbox.workers.intake;

import dev.signalbox.config.WorkerSettings;

/**
 * How much one lane takes in. Fetching stops early enough that what the client has fetched already still fits, so
 * {@code pauseRecords + maxPollRecords + retryRecords + overflowRecords <= records}, and the same in bytes; it resumes when an eighth of the room is free again, so that it does not flutter: what blocked routes and
 * pauses may hold of the room, a quarter and an eighth, leaves others half of it before fetching is stopped for good.
 *
 * @param pauseRecords pending records (waiting or running, without those put off) at which fetching stops
 * @param resumeRecords pending records at which it resumes
 * @param pauseBytes pending bytes at which fetching stops
 * @param resumeBytes pending bytes at which it resumes
 * @param maxPollRecords {@code max.poll.records}
 * @param fetchBytes {@code fetch.max.bytes}
 * @param partitionFetchBytes {@code max.partition.fetch.bytes}; a single larger record still comes through
 */
public record LaneBounds(int pauseRecords, int resumeRecords, long pauseBytes, long resumeBytes, int maxPollRecords,
        int fetchBytes, int partitionFetchBytes) {
    /** Room beside the lane's own for what is put off: small, as such records wait elsewhere just as well. */
    private static final int RETRY_PART = 8;
    /** Room beside the lane's own for what comes from the overflow topic: it is there however full the lane is. */
    private static final int OVERFLOW_PART = 8;
    /** Of ten such parts eight are the lane's own room. */
    private static final int PARTS = RETRY_PART + 2;
    /** Part of the lane's own room up to which it is filled from the overflow topic: the others have the rest. */
    private static final int BEYOND_PART = 2;
    private static final int RESUME_PART = 8;
    private static final int MAX_POLL_RECORDS = 500;
    private static final int MAX_FETCH_BYTES = 16 << 20;
    private static final int MIN_FETCH_BYTES = 64 << 10;

    /** The bounds of each lane of a worker: its buffer, and in records also what runs. */
    public static LaneBounds of(WorkerSettings settings) {
        int records = records(settings);
        int poll = Math.clamp(records / 4, 1, MAX_POLL_RECORDS);
        int fetch = Math.clamp(settings.bufferBytes() / 8, MIN_FETCH_BYTES, MAX_FETCH_BYTES);
        int pause = Math.max(1, Math.toIntExact((long) (records - poll) * RETRY_PART / PARTS));
        long pauseBytes = Math.max(1, (settings.bufferBytes() - fetch) / PARTS * RETRY_PART);
        return new LaneBounds(pause, pause - (pause + RESUME_PART - 1) / RESUME_PART, pauseBytes,
                pauseBytes - (pauseBytes + RESUME_PART - 1) / RESUME_PART, poll, fetch,
                Math.max(MIN_FETCH_BYTES, fetch / 8));
    }

    /** Most records of a lane that are pending in the worker, waiting or running. */
    public static int records(WorkerSettings settings) {
        return Math.addExact(settings.bufferRecords(), settings.maxInFlight());
    }

    /** Most records that are put off. */
    public int retryRecords() {
        return Math.max(1, pauseRecords / RETRY_PART);
    }

    /** Most bytes of records that are put off; a single larger one still comes through. */
    public long retryBytes() {
        return Math.max(1, pauseBytes / RETRY_PART);
    }

    /** Records from the overflow topic that take none of the lane's room. */
    public int overflowRecords() {
        return Math.max(1, pauseRecords / OVERFLOW_PART);
    }

    /** Bytes of these. */
    public long overflowBytes() {
        return Math.max(1, pauseBytes / OVERFLOW_PART);
    }

    /**
     * Whether a further record of the overflow topic may come: in its own room, or while so much of the lane's is free that
     * the others do not miss it.
     *
     * @param overflow records of the overflow topic that are pending
     * @param room records that take the lane's room
     */
    public boolean mayTakeOverflow(int overflow, long overflowBytes, int room, long roomBytes, int sizeBytes) {
        return overflow == 0 || (overflow < overflowRecords() && overflowBytes + sizeBytes <= overflowBytes())
                || (room < pauseRecords / BEYOND_PART && roomBytes + sizeBytes <= pauseBytes / BEYOND_PART);
    }

    /** Whether nothing may be fetched from the overflow topic, given whether that is so. */
    public boolean mustPauseOverflow(int overflow, long overflowBytes, int room, long roomBytes, boolean paused) {
        return !(paused
                ? mayTakeOverflow(overflow + overflowRecords() / RESUME_PART,
                        overflowBytes + overflowBytes() / RESUME_PART,
                        room + pauseRecords / RESUME_PART, roomBytes + pauseBytes / RESUME_PART, 1)
                : mayTakeOverflow(overflow, overflowBytes, room, roomBytes, 1));
    }

    /** Whether a lane is so full that tenants who take much of it have to wait elsewhere. */
    public boolean isCrowded(int records, long bytes) {
        return records >= pauseRecords / BEYOND_PART || bytes >= pauseBytes / BEYOND_PART;
    }

    /** Whether a record may be put off beside those that are, which have a room of their own and take none of what is new. */
    boolean mayPutOff(int records, long bytes, int sizeBytes) {
        return records == 0 || (records < retryRecords() && bytes + sizeBytes <= retryBytes());
    }

    /** Whether nothing more may be read from retry topics, given whether that is so. */
    boolean mustPauseRetries(int records, long bytes, boolean paused) {
        return paused
                ? records > retryRecords() * 3 / 4 || bytes > retryBytes() / 4 * 3
                : records >= retryRecords() || bytes >= retryBytes();
    }

    /** Whether the lane has room for a record that comes back. */
    public boolean mayResume(int records, long bytes, int sizeBytes) {
        return records == 0 || (records < pauseRecords && bytes + sizeBytes <= pauseBytes);
    }

    /** Whether the lane has so much room that one more does not stop it. */
    boolean hasPlenty(int records, long bytes, int sizeBytes) {
        return records < resumeRecords && bytes + sizeBytes <= resumeBytes;
    }

    /** Whether fetching must be stopped, given whether it is. */
    public boolean mustPause(int pendingRecords, long pendingBytes, boolean paused) {
        return paused
                ? pendingRecords > resumeRecords || pendingBytes > resumeBytes
                : pendingRecords >= pauseRecords || pendingBytes >= pauseBytes;
    }
}
