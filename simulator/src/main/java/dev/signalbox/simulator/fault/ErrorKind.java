package dev.signalbox.simulator.fault;

import java.util.Locale;

/** An error that vendors answer with; each vendor family has its own status, headers and body for it. */
public enum ErrorKind {
    INVALID_REQUEST(400),
    CONTEXT_LENGTH(400),
    CONTENT_FILTER(400),
    AUTH(401),
    PERMISSION(403),
    REGION(403),
    MODEL_NOT_FOUND(
            404),
    TIMEOUT(408),
    CONFLICT(409),
    PAYLOAD_TOO_LARGE(413),
    /** Too many calls for now. */
    RATE_LIMIT(429),
    /** Too many tokens for now. */
    TOKEN_LIMIT(429),
    /** Larger than a whole minute's tokens: waiting never helps. */
    NEVER_FITS(429),
    QUOTA(429),
    SLOW_DOWN(429),
    SERVER_ERROR(500),
    /** An HTML page of a proxy, not JSON. */
    BAD_GATEWAY(502),
    OVERLOADED(503),
    /** Plain text of an Envoy in front of the vendor. */
    UPSTREAM(503),
    GATEWAY_TIMEOUT(504),
    /** HTML of a CDN that got nothing sensible from the vendor. */
    CDN(520),
    OVERLOADED_529(529);

    private final int status;

    ErrorKind(int status) {
        this.status = status;
    }

    /** The usual HTTP status; a family may have another. */
    public int status() {
        return status;
    }

    /** Its name in fault texts: {@code content_filter}. */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }
}
