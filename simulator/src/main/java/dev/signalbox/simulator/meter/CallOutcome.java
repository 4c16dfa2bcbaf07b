package dev.signalbox.simulator.meter;

/** What one call came to, as its vendor knows it. */
public enum CallOutcome {
    /** Not over yet. */
    RUNNING,
    /** The whole answer with its proper end was sent. */
    COMPLETED,
    /** An error response was sent whole. */
    ERROR,
    /** A fault ended it, or bent what was sent. */
    BROKEN,
    /** The caller closed the connection before the end. */
    CLIENT_CLOSED
}
