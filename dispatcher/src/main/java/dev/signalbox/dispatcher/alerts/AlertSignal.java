package dev.signalbox.dispatcher.alerts;

/** What moves an alert from one state to another. */
enum AlertSignal {
    /** The trouble is there again. */
    SEEN,
    /** It was there long enough to tell. */
    LASTED,
    /** It is not there any more. */
    GONE,
    /** It was away long enough to tell. */
    STAYED_AWAY,
    /** It has been over for so long that nobody asks. */
    AGED
}
