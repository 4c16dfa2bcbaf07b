package dev.signalbox.config.live;

import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.QuorumInfo;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.InterruptException;

/**
 * How far this machine's wall clock is from another one, from one question and its answer.
 *
 * @param aheadMillis this clock minus the other; negative if this one is behind
 * @param uncertainMillis it may be off by that much each way: half of what the answer took
 */
public record ClockSkew(long aheadMillis, long uncertainMillis) {
    private static final int LOOKS = 3;

    /**
     * @param beforeMillis this clock when the question was asked
     * @param afterMillis this clock when the answer was there
     * @param otherMillis what the other clock said in it
     */
    public static ClockSkew of(long beforeMillis, long afterMillis, long otherMillis) {
        long roundTrip = Math.max(0, afterMillis - beforeMillis);
        return new ClockSkew(beforeMillis + roundTrip / 2 - otherMillis, (roundTrip + 1) / 2);
    }

    /**
     * Against the clock of Kafka's controller, which its quorum's description carries; nothing is written. Empty where it does
     * not tell its time.
     *
     * @throws KafkaException if it cannot be asked
     */
    public static Optional<ClockSkew> ofController(Admin admin) {
        Optional<ClockSkew> skew = Optional.empty();
        for (int look = 0; look < LOOKS; look++) {
            long before = System.currentTimeMillis();
            QuorumInfo quorum = quorum(admin);
            long after = System.currentTimeMillis();
            OptionalLong controller = quorum.voters().stream()
                    .filter(voter -> voter.replicaId() == quorum.leaderId())
                    .map(QuorumInfo.ReplicaState::lastFetchTimestamp).findFirst().orElse(OptionalLong.empty());
            if (controller.isPresent()) {
                ClockSkew seen = ClockSkew.of(before, after, controller.getAsLong());
                skew = Optional.of(skew.map(best -> best.sharper(seen)).orElse(seen));
            }
        }
        return skew;
    }

    private static QuorumInfo quorum(Admin admin) {
        try {
            return admin.describeMetadataQuorum().quorumInfo().get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof KafkaException cause ? cause : new KafkaException(e.getCause());
        } catch (InterruptedException e) {
            throw new InterruptException(e);
        }
    }

    /** The one of the two that is less uncertain. */
    ClockSkew sharper(ClockSkew other) {
        return other.uncertainMillis < uncertainMillis ? other : this;
    }

    /** Whether the clocks may be within that of each other: only what is beyond doubt is wrong. */
    public boolean mayBeWithin(Duration limit) {
        return Math.abs(aheadMillis) - uncertainMillis <= limit.toMillis();
    }

    /** Such as {@code 3600.002 s ahead of}. */
    @Override
    public String toString() {
        return String.format(Locale.ROOT, "%.3f s (± %.3f s) %s", Math.abs(aheadMillis) / 1e3, uncertainMillis / 1e3,
                aheadMillis < 0 ? "behind" : "ahead of");
    }
}
