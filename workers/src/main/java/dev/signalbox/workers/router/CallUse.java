package dev.signalbox.workers.router;

import java.util.OptionalLong;

/**
 * What a call has used of its deployment's limits.
 *
 * @param made false: the call was not made, so nothing was used
 * @param inputTokens as counted by the vendor; empty: what was reserved is taken for used
 * @param outputTokens likewise
 */
public record CallUse(boolean made, OptionalLong inputTokens, OptionalLong outputTokens) {
    public static final CallUse NOT_MADE = new CallUse(false, OptionalLong.empty(), OptionalLong.empty());
}
