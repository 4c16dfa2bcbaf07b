package dev.signalbox.system.simulation;

/** What goes wrong in a simulated world. */
enum Fault {
    /** Some of a worker's partitions go to others. */
    REBALANCE,
    /** The process is gone with its memory; another starts. */
    KILL,
    /** The process stands still, mostly for longer than its session lasts, and goes on as if nothing had been. */
    FREEZE,
    /** The worker drains, leaves and starts anew. */
    RESTART,
    /** A commit, or its answer, is lost. */
    COMMIT_FAILURE,
    /** A producer is out of touch; nobody knows what it wrote. */
    PRODUCER_TIMEOUT,
    /** A vendor call gives nothing until a limit ends it. */
    HANGING_VENDOR,
    /** Half a stream comes, then a reset, an end without an end, or silence. */
    BROKEN_STREAM,
    /** The first token comes late. */
    LATE_TOKEN,
    /** 429, 5xx. */
    REFUSING_VENDOR,
    /** A caller's producer has written a request twice. */
    DUPLICATE,
    /** The log's end is gone, and other records get its offsets. */
    TRUNCATION,
    /** Retention takes the beginning of a log, done or not. */
    RETENTION
}
