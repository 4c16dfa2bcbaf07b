package dev.signalbox.simulator.meter;

import org.jspecify.annotations.Nullable;

/** A call while it runs and in the log. Written by one thread. */
public final class CallEntry {
    final long number;
    private final long startedMillis;
    private final long startedNanos;
    private final String vendor;
    private final String model;
    private final String requestId;
    private final String vendorRequestId;
    private final boolean streamed;
    private final int promptTokens;
    private @Nullable String fault;
    private int status;
    private int tokensSent;
    private boolean tellsUsage;
    private CallOutcome outcome = CallOutcome.RUNNING;
    private long endedNanos;

    CallEntry(long number, long startedMillis, long startedNanos, CallHead head) {
        this.number = number;
        this.startedMillis = startedMillis;
        this.startedNanos = startedNanos;
        this.vendor = head.vendor();
        this.model = head.model();
        this.requestId = head.requestId();
        this.vendorRequestId = head.vendorRequestId();
        this.streamed = head.streamed();
        this.promptTokens = head.promptTokens();
    }

    /** What is known of a call when it arrives; fields as in {@link CallRecord}. */
    public record CallHead(String vendor, String model, String requestId, String vendorRequestId, boolean streamed,
            int promptTokens) {
    }

    public void befell(String faultText) {
        fault = faultText;
    }

    public void answered(int httpStatus) {
        status = httpStatus;
    }

    public void sent(int tokens) {
        tokensSent += tokens;
    }

    /** Once it has ended as its script has it, its caller was told its tokens. */
    public void tellsUsage() {
        tellsUsage = true;
    }

    void ended(CallOutcome how, long nowNanos) {
        outcome = how;
        endedNanos = nowNanos;
    }

    CallRecord record(long nowNanos) {
        long until = outcome == CallOutcome.RUNNING ? nowNanos : endedNanos;
        return new CallRecord(number, startedMillis, vendor, model, requestId, vendorRequestId, streamed, status,
                outcome, fault, promptTokens, tokensSent,
                tellsUsage && outcome != CallOutcome.RUNNING && outcome != CallOutcome.CLIENT_CLOSED,
                (until - startedNanos) / 1e6);
    }
}
