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
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.function.LongSupplier;

/**
 * Fetches the bodies of requests whose records only refer to them, for as long as each is served. All that are held at
 * once are bounded in bytes ({@code buffer_size}, but always one of the largest); a request that finds no room tries again
 * after a pause, as long as it lives, and keeps neither thread nor slot meanwhile. Room is not given out in order.
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
        this.room = new Semaphore(roomUnits);
    }

    /** What a try to have a body came to. */
    sealed interface Fetch {
        /** The request with its body in it, which is held until {@link Body#release}. */
        record Whole(InboundRequest request) implements Fetch {
        }

        /** To be tried again after that pause; nothing is held. */
        record Later(Duration pause) implements Fetch {
        }

        /** It cannot be had; nothing is held. */
        record Ended(Ending ending) implements Fetch {
        }
    }

    Body of(InboundRequest request, ClaimReference claim) {
        return new Body(request, claim);
    }

    /** A request's body. One thread at a time. */
    final class Body {
        private final InboundRequest request;
        private final ClaimReference claim;
        private int waits;
        private int tries;
        private int held;

        private Body(InboundRequest request, ClaimReference claim) {
            this.request = request;
            this.claim = claim;
        }

        InboundRequest request() {
            return request;
        }

        /** Fetches it if there is room for it; waits for the store, but not for room. Not to be called while it is held. */
        Fetch fetch() {
            long leftMillis = request.expiresAtMillis() - brokerMillis.getAsLong();
            if (leftMillis <= 0) {
                return new Fetch.Ended(expired());
            }
            int wanted = Math.min(roomUnits, units(Math.min(Math.max(0, claim.getBytes()), stores.maxBytes())));
            if (!room.tryAcquire(wanted)) {
                waits++;
                return new Fetch.Later(pause.before(waits, Optional.empty(), leftMillis)
                        .orElse(Duration.ofMillis(Math.min(leftMillis, RetryPause.LONGEST.toMillis()))));
            }
            held = wanted;
            Fetch fetched;
            try {
                fetched = checked(request, stores.get(claim));
            } catch (ClaimException e) {
                fetched = failed(e);
            }
            if (!(fetched instanceof Fetch.Whole)) {
                release();
            }
            return fetched;
        }

        private Fetch failed(ClaimException e) {
            if (!e.isRetryable()) {
                return new Fetch.Ended(rejected(e.reason().name(), e.getMessage() + cure(e)));
            }
            tries++;
            return (tries >= MAX_TRIES
                    ? Optional.<Duration>empty()
                    : pause.betweenVisits(tries, Optional.empty(),
                            request.expiresAtMillis() - brokerMillis.getAsLong()))
                    .<Fetch>map(Fetch.Later::new).orElseGet(() -> new Fetch.Ended(away(e)));
        }

        /** It is not held any more, if it was. */
        void release() {
            room.release(held);
            held = 0;
        }
    }

    private static Ending away(ClaimException e) {
        return Thread.currentThread().isInterrupted()
                ? new Ending.Abandoned(List.of(), Optional.empty())
                : Ending.Unanswered.withoutCall(ReplyStatus.FAILED, e.reason().name(),
                        "the request's body could not be fetched: " + e.getMessage(), true);
    }

    private static Fetch checked(InboundRequest request, byte[] body) {
        LlmRequest with = LlmRequest.newBuilder(request.request()).setBody(ByteBuffer.wrap(body)).setBodyClaim(null)
                .build();
        List<String> faults = RequestValidation.faults(with);
        return faults.isEmpty()
                ? new Fetch.Whole(request.with(with))
                : new Fetch.Ended(rejected("INVALID_REQUEST", String.join("; ", faults)));
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

    private static int units(long bytes) {
        return (int) Math.min(Integer.MAX_VALUE, bytes / UNIT_BYTES + 1);
    }
}
