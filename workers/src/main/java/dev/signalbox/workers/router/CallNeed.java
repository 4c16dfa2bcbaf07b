package dev.signalbox.workers.router;

/**
 * What a call needs of its deployment's limits, besides one call and one request.
 *
 * @param inputTokens by estimate, at least 1
 * @param outputTokens the most that it may give
 */
public record CallNeed(long inputTokens, long outputTokens) {
}
