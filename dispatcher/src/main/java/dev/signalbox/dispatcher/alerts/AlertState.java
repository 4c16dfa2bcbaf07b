package dev.signalbox.dispatcher.alerts;

/** Where an alert is; {@link AlertTransitions} has the moves. */
enum AlertState {
    /** The trouble was seen, but not for long enough; nothing is told. Ends with time, or with the trouble. */
    PENDING,
    /** Told. Ends with the trouble. */
    RAISED,
    /** Told, and the trouble is not seen any more. Ends with time, or with the trouble. */
    CLEARING,
    /** Told that it is over. Ends with the trouble, or by age. */
    RESOLVED,
    /** Not known any more. */
    FORGOTTEN
}
