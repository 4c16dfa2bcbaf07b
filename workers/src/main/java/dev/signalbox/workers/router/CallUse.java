package dev.signalbox.workers.router;

import java.util.OptionalLong;

/**
 * What a call has used of its deployment's limits.
 *
 * @param inputTokens as counted by the vendor; empty: what was reserved is taken for used
 * @param outputTokens likewise
 */
public record CallUse(End end, OptionalLong inputTokens, OptionalLong outputTokens) {
    public static final CallUse NOT_MADE = new CallUse(End.NOT_MADE, OptionalLong.empty(), OptionalLong.empty());

    /** Who ended the call. */
    public enum End {
        /** It was not made, so nothing was used. */
        NOT_MADE,
        /** The vendor: its response was read to its end, or it hung up. */
        BY_VENDOR,
        /** We hung up; the vendor learns of it a moment later and counts the call as running until then. */
        BY_US
    }

    public boolean made() {
        return end != End.NOT_MADE;
    }
}
