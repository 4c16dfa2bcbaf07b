package dev.signalbox.workers.scheduler;

import dev.signalbox.workers.intake.InboundRequest;

/** Where requests begin their way. */
@FunctionalInterface
public interface RequestTasks {

    /** What can be told of a request before its turn comes. Called on a decoding thread; takes time as it needs. */
    RequestTask begin(InboundRequest request);
}
