package dev.signalbox.workers;

import dev.signalbox.config.Budget;
import dev.signalbox.config.Configuration;
import dev.signalbox.config.live.BudgetKey;
import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.workers.budget.BudgetBook;
import dev.signalbox.workers.budget.BudgetBook.Verdict;
import dev.signalbox.workers.budget.Spender;
import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.scheduler.RequestTask;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.LongSupplier;

/**
 * The budgets between requests and the scheduler. Where there is none, a request passes by one volatile read.
 *
 * <p>INVARIANT: the book is touched under this object's lock, which is held for its steps only.
 */
final class Budgets implements AttemptRecorder.Spending {
    static final String CODE = "BUDGET_USED_UP";

    private final BudgetBook book;
    private final Function<InboundRequest, BigDecimal> estimate;
    private final WorkerMetrics metrics;
    private final LongSupplier brokerMillis;
    private volatile boolean empty;

    /** @param estimate what a request may cost */
    Budgets(Configuration configuration, Function<InboundRequest, BigDecimal> estimate, WorkerMetrics metrics,
            LongSupplier brokerMillis) {
        this.book = new BudgetBook(configuration.budgets());
        this.estimate = estimate;
        this.metrics = metrics;
        this.brokerMillis = brokerMillis;
        this.empty = book.isEmpty();
    }

    /** Answers a request that a budget refuses. */
    interface Refusal {
        RequestTask.Step reject(InboundRequest request, String code, String message);
    }

    /** The request behind its budgets; itself where there is none. One that is demoted waits in the lowest lane. */
    RequestTask first(RequestTask path, Lane lowest, Refusal refusal) {
        if (empty) {
            return path;
        }
        InboundRequest request = path.request();
        // Estimated here: whoever is asked for a reservation holds up all of the pool.
        BigDecimal mayCost = estimate.apply(request);
        if (isDemoted(spender(request.request())) && !request.lane().equals(lowest)) {
            metrics.byBudget(request.lane(), "demoted");
            return new BudgetFirst(path, request.in(lowest), mayCost, this, refusal);
        }
        return new BudgetFirst(path, request, mayCost, this, refusal);
    }

    private synchronized boolean isDemoted(Spender spender) {
        return book.isDemoted(spender, brokerMillis.getAsLong());
    }

    private static Spender spender(LlmRequest request) {
        return new Spender(request.getUseCase(), request.getTenant(), request.getDepartment());
    }

    Verdict reserve(InboundRequest request, BigDecimal mayCost) {
        Verdict verdict;
        synchronized (this) {
            verdict = book.reserve(spender(request.request()), mayCost, brokerMillis.getAsLong());
        }
        if (verdict instanceof Verdict.Refused) {
            metrics.byBudget(request.lane(), "refused");
        }
        return verdict;
    }

    synchronized void release(BudgetBook.Reservation reservation) {
        book.release(reservation);
    }

    @Override
    public void spent(LlmRequest request, BigDecimal cost, Duration length) {
        if (!empty) {
            synchronized (this) {
                long now = brokerMillis.getAsLong();
                book.spent(spender(request), cost, now - length.toMillis(), now);
            }
        }
    }

    /** The fleet's sum; see {@link BudgetBook#told}. */
    synchronized void told(BudgetKey key, long fromMillis, BigDecimal spent, Optional<BigDecimal> byThisWorker) {
        book.told(key, fromMillis, spent, byThisWorker, brokerMillis.getAsLong());
    }

    /** Other configured budgets from now on. */
    synchronized void configured(List<Budget> budgets) {
        book.configured(budgets);
        empty = book.isEmpty();
    }

    /** An operator's order; see {@link BudgetBook#ordered}. */
    synchronized void ordered(BudgetKey key, Optional<Budget> budget) {
        book.ordered(key, budget);
        empty = book.isEmpty();
    }
}
