package dev.signalbox.workers.vendor;

import dev.signalbox.config.Deployment;
import dev.signalbox.config.Secret;
import dev.signalbox.workers.vendor.FailureClass.Blame;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Which of a deployment's credentials the next call uses: in turn, but one that the vendor refused or that has no quota
 * left rests while another is awake. If all rest, they are used in turn all the same: the vendor has the last word.
 * Bounded by the configuration: it is told of its references only.
 */
final class CredentialRotation {
    private static final long REST_NANOS = 60_000_000_000L;

    private final AtomicInteger turns = new AtomicInteger();
    /** Until when a credential rests, by its reference; times are the ticker's. */
    private final Map<String, Long> rests = new ConcurrentHashMap<>();

    Optional<Secret> next(Deployment deployment, long nowNanos) {
        List<Secret> all = deployment.credentials();
        if (all.size() < 2) {
            return all.stream().findFirst();
        }
        int turn = Math.floorMod(turns.getAndIncrement(), all.size());
        for (int i = 0; i < all.size(); i++) {
            Secret secret = all.get((turn + i) % all.size());
            Long until = rests.get(secret.reference());
            if (until == null || until - nowNanos <= 0) {
                return Optional.of(secret);
            }
        }
        return Optional.of(all.get(turn));
    }

    void failed(Secret used, FailureClass failure, long nowNanos) {
        if (failure.blame() == Blame.CREDENTIAL) {
            rests.put(used.reference(), nowNanos + REST_NANOS);
        }
    }

    void answered(Secret used) {
        if (!rests.isEmpty()) {
            rests.remove(used.reference());
        }
    }
}
