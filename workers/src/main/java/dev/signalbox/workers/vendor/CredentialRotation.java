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
 * One from a file has the file's present value; a replaced value does not rest. Bounded by the configuration: it is told
 * of its references only.
 */
final class CredentialRotation {
    private static final long REST_NANOS = 60_000_000_000L;

    private final AtomicInteger turns = new AtomicInteger();
    private final CredentialFiles files = new CredentialFiles();
    /** The credentials that rest, by their reference. */
    private final Map<String, Rest> rests = new ConcurrentHashMap<>();

    /** @param untilNanos the ticker's time */
    private record Rest(String value, long untilNanos) {
        boolean holds(Secret secret, long nowNanos) {
            return untilNanos - nowNanos > 0 && value.equals(secret.value());
        }

        @Override
        public String toString() {
            return "rest until " + untilNanos;
        }
    }

    Optional<Secret> next(Deployment deployment, long nowNanos) {
        List<Secret> all = deployment.credentials();
        if (all.size() < 2) {
            return all.isEmpty() ? Optional.empty() : Optional.of(files.now(all.getFirst(), nowNanos));
        }
        int turn = Math.floorMod(turns.getAndIncrement(), all.size());
        for (int i = 0; i < all.size(); i++) {
            Secret secret = files.now(all.get((turn + i) % all.size()), nowNanos);
            Rest rest = rests.get(secret.reference());
            if (rest == null || !rest.holds(secret, nowNanos)) {
                return Optional.of(secret);
            }
        }
        return Optional.of(files.now(all.get(turn), nowNanos));
    }

    void failed(Secret used, FailureClass failure, long nowNanos) {
        if (failure.blame() == Blame.CREDENTIAL) {
            rests.put(used.reference(), new Rest(used.value(), nowNanos + REST_NANOS));
        }
    }

    void answered(Secret used) {
        if (!rests.isEmpty()) {
            rests.remove(used.reference());
        }
    }
}
