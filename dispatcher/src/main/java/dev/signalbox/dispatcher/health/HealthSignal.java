package dev.signalbox.dispatcher.health;

/** What moves a deployment from one state to another. */
public enum HealthSignal {
    /** More calls fail than should. */
    ERRORS_RISING,
    /** Fewer calls fail than worried us. */
    ERRORS_GONE,
    /** So many calls fail, seen by enough workers, that it is not to be used. */
    FAILING,
    /** The endpoint says itself that it will not recover. */
    DEAD,
    /** The time of the ejection is over. */
    TIME_SERVED,
    /** Calls made after the ejection were answered. */
    PROBES_ANSWERED,
    /** A call made after the ejection failed. */
    PROBE_FAILED
}
