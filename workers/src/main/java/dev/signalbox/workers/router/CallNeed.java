package dev.signalbox.workers.router;

import dev.signalbox.schemas.Priority;

/**
 * What a call needs of its deployment's limits, besides one call and one request.
 *
 * @param priority whose call it is
 * @param inputTokens by estimate, at least 1
 * @param outputTokens the most that it may give
 */
public record CallNeed(Priority priority, long inputTokens, long outputTokens) {

    /** One of {@code standard}. */
    CallNeed(long inputTokens, long outputTokens) {
        this(Priority.STANDARD, inputTokens, outputTokens);
    }
}
