package dev.signalbox.cli.batch;

import java.util.OptionalLong;

/**
 * What the checks and the plan need to know of a Chat Completions or Messages body; the body itself is never changed.
 *
 * @param modelColumn 1-based place of the model's name in its line
 * @param streamed whether it asks for a stream
 * @param inputTokens estimate: a quarter of the characters of its texts and tools, 4 for each message, 765 for each
 *        image
 * @param maxOutputTokens the caller's own bound per choice
 * @param choices answers asked for
 */
record BodyShape(String model, int modelColumn, boolean streamed, long inputTokens, OptionalLong maxOutputTokens,
        int choices) {
    /** Expected length of an answer whose caller sets no lower bound; an answer's median in production traces. */
    private static final long USUAL_OUTPUT_TOKENS = 300;

    /** Estimate of all answers' tokens. */
    long outputTokens() {
        return choices * Math.min(maxOutputTokens.orElse(USUAL_OUTPUT_TOKENS), USUAL_OUTPUT_TOKENS);
    }
}
