package dev.signalbox.schemas.claim;

/** A body that cannot be had from, or put into, its store. The message is free of content. */
public final class ClaimException extends Exception {
    private static final long serialVersionUID = 1;

    private final Reason reason;

    /** Why; the names are stable. */
    public enum Reason {
        /** The store's name is none that is configured here. */
        CLAIM_STORE_UNKNOWN,
        /** The store has nothing under the key. */
        CLAIM_NOT_FOUND,
        /** What the store has is not what the reference says. */
        CLAIM_MISMATCH,
        /** Larger than may be fetched. */
        TOO_LARGE,
        /** The store cannot be reached now: it may be later. */
        CLAIM_STORE_UNAVAILABLE
    }

    public ClaimException(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    public ClaimException(Reason reason, String message, Throwable cause) {
        super(message, cause);
        this.reason = reason;
    }

    public Reason reason() {
        return reason;
    }

    /** Whether it may succeed later. */
    public boolean isRetryable() {
        return reason == Reason.CLAIM_STORE_UNAVAILABLE;
    }
}
