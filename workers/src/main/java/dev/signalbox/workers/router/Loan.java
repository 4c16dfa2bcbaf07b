package dev.signalbox.workers.router;

/** What a permit borrows from another pool. Its pool's {@link Loans} alone call it back; any thread may look. */
final class Loan {
    private final String lender;
    private final boolean ofCalls;
    private final long capNanos;
    private volatile boolean calledBack;

    /**
     * @param ofCalls whether a call at once is borrowed, which comes back when the call ends; what counts by minute does not
     * @param capNanos when its call may be called back, monotonic
     */
    Loan(String lender, boolean ofCalls, long capNanos) {
        this.lender = lender;
        this.ofCalls = ofCalls;
        this.capNanos = capNanos;
    }

    String lender() {
        return lender;
    }

    boolean isOfCalls() {
        return ofCalls;
    }

    /** Whether its owner wants it back and its call has had its time. */
    boolean isCalledBack() {
        return calledBack;
    }

    boolean mayBeCalledBack(long nowNanos) {
        return ofCalls && !calledBack && capNanos - nowNanos <= 0;
    }

    void callBack() {
        calledBack = true;
    }
}
