package dev.signalbox.workers.router;

import dev.signalbox.config.Deployment;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

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
    private final @Nullable Loan loan;
    private boolean ended;

    Permit(Deployment deployment, PoolAccess access, DeploymentState.Breakers breakers, Reservation reservation,
            long request, boolean serviceTrial, boolean modelTrial, boolean credentialTrial, boolean fleetTrial,
            @Nullable Loan loan) {
        this.deployment = deployment;
        this.access = access;
        this.breakers = breakers;
        this.reservation = reservation;
        this.request = request;
        this.serviceTrial = serviceTrial;
        this.modelTrial = modelTrial;
        this.credentialTrial = credentialTrial;
        this.fleetTrial = fleetTrial;
        this.loan = loan;
    }

    /** Where the call may be made, as it was configured when the permit was granted. */
    public Deployment deployment() {
        return deployment;
    }

    /** Whether the call tries a deployment that was ejected. */
    public boolean isTrial() {
        return serviceTrial || modelTrial || credentialTrial || fleetTrial;
    }

    /** Whose capacity the call runs on; empty: its own pool's. */
    public Optional<String> lender() {
        return Optional.ofNullable(loan).map(Loan::lender);
    }

    /** Whether it runs on capacity that its owner wants back now, for longer than such a call may. Any thread may ask. */
    public boolean isCalledBack() {
        return loan != null && loan.isCalledBack();
    }

    Optional<Loan> loan() {
        return Optional.ofNullable(loan);
    }

    /** Ends it; false if it had ended. */
    boolean end() {
        boolean first = !ended;
        ended = true;
        return first;
    }
}
