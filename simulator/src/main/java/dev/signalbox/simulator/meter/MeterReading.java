package dev.signalbox.simulator.meter;

/**
 * What a vendor counted since its start or last reset, exact to the millisecond. All calls that arrive count, refused
 * ones too: this is what the callers did, not what they were allowed.
 *
 * @param model model name; {@code *} for the vendor as a whole
 * @param callsNow calls running now
 * @param callsMax most calls that ever ran at once
 * @param calls calls that arrived
 * @param refused calls that its limits refused
 * @param inputTokens of the prompts of calls that arrived
 * @param outputTokens that were sent
 * @param requestsPerMinuteNow calls that arrived in the last 60 s
 * @param requestsPerMinuteMax most calls in any sliding 60 s
 * @param tokensPerMinuteMax most tokens, in and out, in any sliding 60 s
 */
public record MeterReading(String vendor, String model, int callsNow, int callsMax, long calls, long refused,
        long inputTokens, long outputTokens, long requestsPerMinuteNow, long requestsPerMinuteMax,
        long inputTokensPerMinuteMax, long outputTokensPerMinuteMax, long tokensPerMinuteNow, long tokensPerMinuteMax) {
}
