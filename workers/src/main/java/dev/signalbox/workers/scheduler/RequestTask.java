package dev.signalbox.workers.scheduler;

import dev.signalbox.config.DeploymentName;
import dev.signalbox.workers.intake.InboundRequest;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/** A request on its way, as the scheduler moves it: asked whether it can go on, run while it can, put aside while not. */
public interface RequestTask {

    InboundRequest request();

    /** Name of its route, for gauges. */
    String route();

    /**
     * Deployments of which any one with room lets it go on, as far as the configuration tells; empty: that is not known,
     * it must be asked.
     */
    Set<DeploymentName> deployments();

    /** Takes what the next step of its path needs, or says where it is lacking. A few microseconds; called under a lock. */
    Readiness ask();

    /** Blocks until the step that it was {@link Readiness.Ready} for has ended. Runs on a virtual thread, holding a slot. */
    Step run();

    /** Tokens that its calls have used so far; empty if nobody counts them. Asked while it does not run. */
    default OptionalLong usedTokens() {
        return OptionalLong.empty();
    }

    /** What it has been through, encoded, if it was served and may go on elsewhere by that; asked while it does not run. */
    default Optional<byte[]> history() {
        return Optional.empty();
    }

    /** It will not be asked or run again, since its partition moved while it waited. Must be short; called under a lock. */
    default void forgotten() {
    }

    /** Whether a request can go on. */
    sealed interface Readiness {
        Ready READY = new Ready();

        /** It can, and must be run. */
        record Ready() implements Readiness {
        }

        /**
         * All these deployments are busy: to be asked again when one of them may have room.
         *
         * @param deployments at least one
         * @param forNanos after which time alone may bring that, ns; {@link Long#MAX_VALUE}: it never does
         * @param heldBack whether there is room that is held back for {@code interactive}, which may therefore go
         * @param patientNanos after which it may go to others than these, so that it must be asked again though nothing has
         *        changed there, ns; {@link Long#MAX_VALUE}: it goes nowhere else
         */
        record Busy(Set<DeploymentName> deployments, long forNanos, boolean heldBack,
                long patientNanos) implements Readiness {
            /** Busy for everybody. */
            public Busy(Set<DeploymentName> deployments, long forNanos) {
                this(deployments, forNanos, false);
            }

            /** Of one that goes nowhere else. */
            public Busy(Set<DeploymentName> deployments, long forNanos, boolean heldBack) {
                this(deployments, forNanos, heldBack, Long.MAX_VALUE);
            }

            public Busy {
                deployments = Set.copyOf(deployments);
                if (deployments.isEmpty()) {
                    throw new IllegalArgumentException("nothing to wait for");
                }
            }

            boolean isPatient() {
                return patientNanos != Long.MAX_VALUE;
            }
        }
    }

    /** How a step ended. */
    sealed interface Step {
        Ended ENDED = new Ended();

        /** Its path has ended. */
        record Ended() implements Step {
        }

        /** Another step follows after that pause; zero: at once. */
        record Again(Duration pause) implements Step {
        }
    }
}
