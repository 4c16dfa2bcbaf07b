package dev.signalbox.schemas.client;

import java.time.Duration;

/**
 * A request whose reply is waited for. Register it before the request is sent ({@link PreparedRequest} has the hash).
 *
 * @param requestHash the terminal reply must carry it; {@link #ANY_HASH} takes the first terminal reply
 * @param timeToLive of the request; an ended id is remembered until then + 1 h
 * @param preview whether token chunks are expected: without, a reply ends its request at once
 */
public record Expectation(String requestId, String requestHash, Duration timeToLive, Preview preview) {
    /** For a reader that did not send the request. */
    public static final String ANY_HASH = "";

    /** Whether the request asked for tokens and the reader reads them. */
    public enum Preview {
        TOKENS,
        NONE
    }
}
