package dev.signalbox.workers.scheduler;

import dev.signalbox.workers.intake.InboundRequest;

/** Serves one request from dispatch to reply. */
@FunctionalInterface
public interface RequestRunner {

    /** Blocks until the request's visit has ended; its slot is free when this returns or throws. Runs on a virtual thread. */
    void run(InboundRequest request);
}
