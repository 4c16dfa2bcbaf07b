package dev.signalbox.config;

/**
 * Bounds of one worker process.
 *
 * @param maxInFlight requests being served at once, per pool
 * @param bufferRecords records that wait in the worker, per lane
 * @param bufferBytes bytes of records that wait or run in the worker, per lane
 */
public record WorkerSettings(int maxInFlight, int bufferRecords, long bufferBytes) {
    public static final WorkerSettings DEFAULT = new WorkerSettings(2_000, 5_000, 128L << 20);
}
