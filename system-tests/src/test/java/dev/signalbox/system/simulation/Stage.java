package dev.signalbox.system.simulation;

/** Where a request stands in a worker, as far as it shows from outside. */
enum Stage {
    /** Read from Kafka: waiting for a slot. */
    WAITING,
    /** Read from Kafka: waiting though a slot is free, hence for a permit. */
    PERMIT,
    /** Its vendor call runs and has given no token yet. */
    CALLING,
    /** Tokens come. */
    STREAMING,
    /** A call has failed: pausing before the next one, or about to end. */
    PAUSING,
    /** The answer is there: chunks and END are to be acknowledged before the reply is sent. */
    PUBLISHING,
    /** The reply is sent and not acknowledged. */
    REPLYING,
    /** The reply is acknowledged and its offset not committed. */
    DONE,
    /** Committed. */
    COMMITTED
}
