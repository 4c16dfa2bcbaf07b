package dev.signalbox.workers;

import dev.signalbox.config.ClaimSettings;
import dev.signalbox.config.WorkerSettings;
import dev.signalbox.schemas.avro.ClaimReference;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.schemas.claim.ClaimException;
import dev.signalbox.schemas.claim.ClaimStores;
import dev.signalbox.schemas.serde.RequestValidation;
import dev.signalbox.workers.intake.InboundRequest;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.LongSupplier;

/**
 * Fetches the bodies of requests whose records only refer to them, for as long as each is served. All that are held at
 * once are bounded in bytes ({@code buffer_size}, but always one of the largest); a request that finds no room waits for
 * it, at most as long as it lives.
 */
final class ClaimedBodies {
    private static final int UNIT_BYTES = 1 << 10;
    private static final int MAX_TRIES = 10;

    private final ClaimStores stores;
    private final RetryPause pause;
    private final LongSupplier brokerMillis;
    private final int roomUnits;
    private final Semaphore room;

    /** @param stores belong to the caller */
    ClaimedBodies(ClaimStores stores, WorkerSettings worker, ClaimSettings claims, RetryPause pause,
            LongSupplier brokerMillis) {
        this.stores = stores;
        this.pause = pause;
        this.brokerMillis = brokerMillis;
        this.roomUnits = units(Math.max(worker.bufferBytes(), claims.maxBytes()));
        this.room = new Semaphore(roomUnits, true);
    }

    /** Serves the request with its body in it, or ends it with the reason why that cannot be had. Blocking. */
    Ending serve(InboundRequest request, ClaimReference claim, Function<InboundRequest, Ending> whole) {
        int wanted = Math.min(roomUnits, units(Math.min(Math.max(0, claim.getBytes()), stores.maxBytes())));
        try {
            if (!room.tryAcquire(wanted, Math.max(0, leftMillis(request)), TimeUnit.MILLISECONDS)) {
                return expired();
            }
        } catch (InterruptedException stopping) {
            Thread.currentThread().interrupt();
            return new Ending.Abandoned(List.of(), Optional.empty());
        }
        try {
            return fetched(request, claim, whole);
        } finally {
            room.release(wanted);
        }
    }

    private Ending fetched(InboundRequest request, ClaimReference claim, Function<InboundRequest, Ending> whole) {
        for (int tries = 1;; tries++) {
            try {
                return checked(request, stores.get(claim), whole);
            } catch (ClaimException e) {
                if (!e.isRetryable()) {
                    return rejected(e.reason().name(), e.getMessage() + cure(e));
                }
                if (tries >= MAX_TRIES || !pause.betweenVisits(tries, Optional.empty(), leftMillis(request))) {
                    return Thread.currentThread().isInterrupted()
                            ? new Ending.Abandoned(List.of(), Optional.empty())
                            : Ending.Unanswered.withoutCall(ReplyStatus.FAILED, e.reason().name(),
                                    "the request's body could not be fetched: " + e.getMessage(), true);
                }
            }
        }
    }

    private static Ending checked(InboundRequest request, byte[] body, Function<InboundRequest, Ending> whole) {
        LlmRequest with = LlmRequest.newBuilder(request.request()).setBody(ByteBuffer.wrap(body)).setBodyClaim(null)
                .build();
        List<String> faults = RequestValidation.faults(with);
        return faults.isEmpty()
                ? whole.apply(new InboundRequest(request.lane(), request.ticket(), with, request.requestHash(),
                        request.hop(), request.firstEnqueuedMillis(), request.expiresAtMillis(), request.address(),
                        request.sizeBytes()))
                : rejected("INVALID_REQUEST", String.join("; ", faults));
    }

    private static String cure(ClaimException e) {
        return switch (e.reason()) {
            case CLAIM_STORE_UNKNOWN -> "; name it under claim_check.stores of the workers' configuration";
            case TOO_LARGE -> "; raise claim_check.max_size, or send less";
            case CLAIM_NOT_FOUND, CLAIM_MISMATCH -> "; put the body there before the request is sent, and keep it";
            case CLAIM_STORE_UNAVAILABLE -> "";
        };
    }

    private static Ending rejected(String code, String message) {
        return Ending.Unanswered.withoutCall(ReplyStatus.REJECTED, code, message, false);
    }

    private static Ending expired() {
        return Ending.Unanswered.withoutCall(ReplyStatus.EXPIRED, "EXPIRED",
                "the request's time to live ended before its body could be fetched", true);
    }

    private long leftMillis(InboundRequest request) {
        return request.expiresAtMillis() - brokerMillis.getAsLong();
    }

    private static int units(long bytes) {
        return (int) Math.min(Integer.MAX_VALUE, bytes / UNIT_BYTES + 1);
    }
}
