package dev.signalbox.workers.scheduler;

import dev.signalbox.workers.intake.InboundRequest;

/** Where requests begin their way. */
public interface RequestTasks {

    /** What can be told of a request before its turn comes. Called on a decoding thread; takes time as it needs. */
    RequestTask begin(InboundRequest request);

    /** Answers a request that is shed instead. Called on a decoding thread; takes time as it needs. */
    void shed(InboundRequest request, ShedReceipt receipt);
}
