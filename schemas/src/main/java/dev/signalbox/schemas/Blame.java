package dev.signalbox.schemas;

import java.util.Map;

/**
 * Whose health an attempt's outcome counts against, by the outcome's name as {@code AttemptEvent.outcome} has it. Workers
 * have the same column in their table of failure classes; a test of the whole system holds the two together.
 */
public enum Blame {
    /** It says nothing about health: an answer, a rate limit, the caller's own fault, our own doing. */
    NOBODY,
    /** The key or the account behind it. */
    CREDENTIAL,
    /** The model or the deployment's own settings. */
    MODEL,
    /** The vendor's service. */
    ENDPOINT,
    /** The vendor's service, which says itself that it will not recover. */
    ENDPOINT_AT_ONCE;

    /** The outcome of an attempt that gave a whole answer. */
    public static final String ANSWERED = "ANSWERED";

    private static final Map<String, Blame> BY_OUTCOME = Map.ofEntries(
            Map.entry("QUOTA_EXHAUSTED", CREDENTIAL),
            Map.entry("AUTH", CREDENTIAL),
            Map.entry("PERMISSION", CREDENTIAL),
            Map.entry("MODEL_NOT_FOUND", MODEL),
            Map.entry("ENDPOINT_MISCONFIGURED", MODEL),
            Map.entry("ENDPOINT_DEAD", ENDPOINT_AT_ONCE),
            Map.entry("OVERLOADED", ENDPOINT),
            Map.entry("SERVER_ERROR", ENDPOINT),
            Map.entry("MODEL_NOT_READY", ENDPOINT),
            Map.entry("TIMEOUT", ENDPOINT),
            Map.entry("CONNECTION_LOST", ENDPOINT),
            Map.entry("TRUNCATED", ENDPOINT),
            Map.entry("REGION_UNSUPPORTED", ENDPOINT),
            Map.entry("UNKNOWN", ENDPOINT));

    /** Of an outcome; NOBODY for a name that is not known here, such as a newer worker's. */
    public static Blame of(String outcome) {
        return BY_OUTCOME.getOrDefault(outcome, NOBODY);
    }
}
