package dev.signalbox.workers.router;

import dev.signalbox.config.Deployment;

/**
 * The right to make one call now. It belongs to one attempt, which ends it once; whoever holds it ends it in a
 * {@code finally}, so that it cannot leak.
 */
public final class Permit {
    private final Deployment deployment;
    final PoolAccess access;
    final DeploymentState.Breakers breakers;
    final Reservation reservation;
    final long request;
    final boolean serviceTrial;
    final boolean modelTrial;
    final boolean credentialTrial;
    /** Whether the call is the one that the dispatcher lets this worker make. */
    final boolean fleetTrial;
    private boolean ended;

    Permit(Deployment deployment, PoolAccess access, DeploymentState.Breakers breakers, Reservation reservation,
            long request, boolean serviceTrial, boolean modelTrial, boolean credentialTrial, boolean fleetTrial) {
        this.deployment = deployment;
        this.access = access;
        this.breakers = breakers;
        this.reservation = reservation;
        this.request = request;
        this.serviceTrial = serviceTrial;
        this.modelTrial = modelTrial;
        this.credentialTrial = credentialTrial;
        this.fleetTrial = fleetTrial;
    }

    /** Where the call may be made, as it was configured when the permit was granted. */
    public Deployment deployment() {
        return deployment;
    }

    /** Whether the call tries a deployment that was ejected. */
    public boolean isTrial() {
        return serviceTrial || modelTrial || credentialTrial || fleetTrial;
    }

    /** Ends it; false if it had ended. */
    boolean end() {
        boolean first = !ended;
        ended = true;
        return first;
    }
}
