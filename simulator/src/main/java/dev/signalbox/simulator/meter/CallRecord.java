package dev.signalbox.simulator.meter;

import org.jspecify.annotations.Nullable;

/**
 * One call as its vendor saw it.
 *
 * @param number from 1 in order of arrival, over all vendors
 * @param startedMillis wall clock, ms since 1970
 * @param model as the request had it, faults included
 * @param requestId the caller's {@code x-signalbox-request-id}, else {@code x-client-request-id} (what OpenAI takes),
 *        else {@code x-request-id}; empty if none was sent
 * @param vendorRequestId what this vendor called it, in its response headers
 * @param status HTTP status that was sent; 0 if none was
 * @param fault what befell it; null if nothing did
 * @param promptTokens of the request
 * @param tokensSent of the answer, given to the connection
 * @param usageTold whether the caller was sent the tokens of the whole answer
 * @param durationMillis from the request's last byte to the end; so far, while it runs
 */
public record CallRecord(long number, long startedMillis, String vendor, String model, String requestId,
        String vendorRequestId, boolean streamed, int status, CallOutcome outcome, @Nullable String fault,
        int promptTokens, int tokensSent, boolean usageTold, double durationMillis) {
    /**
     * What this vendor charges for it: nothing for an error or where nothing of an answer was sent, the tokens that it told
     * for a whole answer, prompt and sent tokens for one that was cut.
     */
    public Bill bill() {
        if (outcome == CallOutcome.ERROR || status != 200) {
            return Bill.NOTHING;
        }
        return usageTold
                ? new Bill(1, promptTokens, tokensSent, 0, 0, 0)
                : new Bill(0, 0, 0, 1, promptTokens, tokensSent);
    }

    /** Whether the caller hung up before the end. */
    public boolean clientClosed() {
        return outcome == CallOutcome.CLIENT_CLOSED;
    }
}
