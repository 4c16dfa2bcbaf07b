package dev.signalbox.workers.scheduler;

import dev.signalbox.schemas.avro.ClaimReference;
import dev.signalbox.workers.intake.InboundRequest;

/** A request's expected cost before anything is known but its size. */
public final class RequestCost {
    private static final int BYTES_PER_TOKEN = 4;

    private RequestCost() {
    }

    /** About its prompt tokens: the body's bytes by 4; at least 1. */
    public static long promptTokens(InboundRequest request) {
        ClaimReference claim = request.request().getBodyClaim();
        long bytes = claim == null ? request.request().getBody().remaining() : claim.getBytes();
        return Math.max(1, bytes / BYTES_PER_TOKEN);
    }
}
