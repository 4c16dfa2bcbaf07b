package dev.signalbox.workers.scheduler;

import dev.signalbox.workers.intake.InboundRequest;

/** Where requests begin their way. */
public interface RequestTasks {

    /** What can be told of a request before its turn comes. Called on a decoding thread; takes time as it needs. */
    RequestTask begin(InboundRequest request);

    /**
     * Answers a request that is to be shed. Called on a decoding thread; takes time as it needs.
     *
     * @return false: it cannot be told so now, or has another answer; it begins as others do
     */
    boolean shed(InboundRequest request, ShedReceipt receipt);
}
