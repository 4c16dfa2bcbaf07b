package dev.signalbox.workers.vendor;

/**
 * What a failed attempt teaches: a closed set, from the vendors' documentation and recorded exchanges. The class, not
 * the HTTP status, decides what happens next.
 */
public enum FailureClass {
    RATE_LIMIT(Next.OTHER_DEPLOYMENT),
    RATE_LIMIT_NEVER_FITS(Next.OTHER_DEPLOYMENT),
    QUOTA_EXHAUSTED(
            Next.OTHER_DEPLOYMENT),
    OVERLOADED(Next.OTHER_DEPLOYMENT),
    SERVER_ERROR(Next.SAME_ONCE),
    TIMEOUT(
            Next.OTHER_DEPLOYMENT),
    CONNECTION_LOST(Next.SAME_ONCE),
    TRUNCATED(Next.OTHER_DEPLOYMENT),
    AUTH(
            Next.OTHER_DEPLOYMENT),
    PERMISSION(Next.OTHER_DEPLOYMENT),
    REGION_UNSUPPORTED(
            Next.OTHER_DEPLOYMENT),
    MODEL_NOT_FOUND(
            Next.OTHER_DEPLOYMENT),
    ENDPOINT_MISCONFIGURED(
            Next.OTHER_DEPLOYMENT),
    INVALID_REQUEST(
            Next.NONE),
    CONTEXT_LENGTH(
            Next.OTHER_MODEL),
    PAYLOAD_TOO_LARGE(
            Next.NONE),
    CONTENT_FILTER(
            Next.NONE),
    CONFLICT(
            Next.SAME_ONCE),
    CANCELLED(
            Next.NONE),
    UNKNOWN(
            Next.OTHER_DEPLOYMENT);

    /** What may be tried after it. */
    public enum Next {
        /** One more attempt at the same deployment, then another. */
        SAME_ONCE,
        /** Another deployment. */
        OTHER_DEPLOYMENT,
        /** Another model only. */
        OTHER_MODEL,
        /** Nothing: the request itself is at fault, or nobody waits. */
        NONE
    }

    private final Next next;

    FailureClass(Next next) {
        this.next = next;
    }

    public Next next() {
        return next;
    }
}
