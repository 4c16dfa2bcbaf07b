package dev.signalbox.workers;

import dev.signalbox.config.DeploymentName;
import dev.signalbox.workers.budget.BudgetBook.Reservation;
import dev.signalbox.workers.budget.BudgetBook.Verdict;
import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.scheduler.RequestTask;
import java.math.BigDecimal;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A request that begins only if its budgets allow what it may cost. That is reserved when its turn comes for the first
 * time, and given back when its path has ended; one that is refused is answered instead.
 */
final class BudgetFirst implements RequestTask {
    private final RequestTask path;
    private final InboundRequest scheduled;
    private final BigDecimal mayCost;
    private final Budgets budgets;
    private final Budgets.Refusal refusal;
    private @Nullable Reservation reservation;
    private @Nullable String refused;

    /**
     * @param scheduled the path's request, in the lane that it waits in
     * @param mayCost in the currency of the prices
     */
    BudgetFirst(RequestTask path, InboundRequest scheduled, BigDecimal mayCost, Budgets budgets,
            Budgets.Refusal refusal) {
        this.path = path;
        this.scheduled = scheduled;
        this.mayCost = mayCost;
        this.budgets = budgets;
        this.refusal = refusal;
    }

    @Override
    public InboundRequest request() {
        return scheduled;
    }

    @Override
    public String route() {
        return path.route();
    }

    @Override
    public Set<DeploymentName> deployments() {
        return path.deployments();
    }

    @Override
    public Optional<byte[]> history() {
        return path.history();
    }

    @Override
    public OptionalLong usedTokens() {
        return path.usedTokens();
    }

    @Override
    public Readiness ask() {
        if (reservation == null) {
            switch (budgets.reserve(path.request(), mayCost)) {
                case Verdict.Reserved(Reservation reserved) -> reservation = reserved;
                case Verdict.Refused(String reason) -> {
                    refused = reason;
                    return Readiness.READY;
                }
            }
        }
        return path.ask();
    }

    @Override
    public Step run() {
        if (refused != null) {
            return refusal.reject(path.request(), Budgets.CODE, refused);
        }
        Step step = Step.ENDED;
        try {
            step = path.run();
            return step;
        } finally {
            if (step instanceof Step.Ended) {
                release();
            }
        }
    }

    private void release() {
        if (reservation != null) {
            budgets.release(reservation);
            reservation = null;
        }
    }

    @Override
    public void forgotten() {
        release();
        path.forgotten();
    }
}
