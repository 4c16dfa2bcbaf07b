package dev.signalbox.schemas.client;

/** Hears of each request that could not be sent, beside its future; called on the producer's thread, must not block. */
@FunctionalInterface
public interface FailedSendListener {
    /** For callers that watch the futures. */
    FailedSendListener NONE = (requestId, cause) -> {
    };

    void onFailedSend(String requestId, Throwable cause);
}
