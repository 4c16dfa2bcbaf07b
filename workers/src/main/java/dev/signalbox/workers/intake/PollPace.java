package dev.signalbox.workers.intake;

import java.time.Duration;

/** How long a poll waits for records: what happened meanwhile waits for its end. */
final class PollPace {
    /** While a claim is awaited, before which a partition delivers nothing. */
    static final Duration BUSY = Duration.ofMillis(10);
    /** While something is pending or paused; a completion waits that long for its turn. */
    private static final Duration PENDING = Duration.ofMillis(25);
    /** While so much is pending that there is enough to do meanwhile: each turn costs as much as many records. */
    private static final Duration MANY_PENDING = Duration.ofMillis(50);
    private static final int MANY = 1_000;
    private static final Duration IDLE = Duration.ofMillis(100);

    private PollPace() {
    }

    /**
     * @param awaits whether something begins with the answer to a commit
     * @param pauses whether nothing is fetched from a partition
     */
    static Duration limit(boolean awaits, int pendingRecords, boolean pauses) {
        if (awaits) {
            return BUSY;
        }
        if (pendingRecords >= MANY) {
            return MANY_PENDING;
        }
        return pendingRecords > 0 || pauses ? PENDING : IDLE;
    }
}
