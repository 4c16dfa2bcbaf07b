package dev.signalbox.workers.router;

/**
 * What a call has taken of its deployment's limits. Request and input count from the start until a minute after the vendor
 * must have counted them; when that was is narrowed as the call proceeds. {@link DeploymentLimits} alone moves it.
 */
final class Reservation {
    final CallNeed need;
    final long startedNanos;
    /** Whether the vendor is known to have counted the call by {@link #arrivedNanos} at the latest. */
    boolean arrived;
    long arrivedNanos;
    /** Output tokens that are known to have been given, each counted from when it was seen. */
    long outputSeen;

    Reservation(CallNeed need, long startedNanos) {
        this.need = need;
        this.startedNanos = startedNanos;
    }
}
