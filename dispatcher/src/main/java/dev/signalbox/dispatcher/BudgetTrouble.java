package dev.signalbox.dispatcher;

import dev.signalbox.config.Budget;
import dev.signalbox.config.live.BudgetKey;
import dev.signalbox.dispatcher.alerts.Trouble;
import dev.signalbox.schemas.avro.AlertSeverity;
import java.math.BigDecimal;
import java.util.Locale;
import java.util.Optional;

/** What is said of a budget whose limit is reached. Pure. */
final class BudgetTrouble {
    private BudgetTrouble() {
    }

    /** @param spent in the period that runs, in the currency of the prices */
    static Optional<Trouble> of(BudgetKey key, Budget budget, BigDecimal spent) {
        boolean hard = spent.compareTo(budget.amount()) >= 0;
        boolean soft = spent.compareTo(budget.amount().multiply(BigDecimal.valueOf(budget.softShare()))) >= 0;
        if (!soft && !hard) {
            return Optional.empty();
        }
        String action = (hard ? budget.onHard() : budget.onSoft()).label();
        return Optional.of(new Trouble("budget-reached", hard ? AlertSeverity.CRITICAL : AlertSeverity.WARNING,
                key.spender() + " per " + budget.period().label(),
                String.format(Locale.ROOT, "%s has spent %.2f of %.2f this %s; beyond its %s limit the action is %s",
                        key.spender(), spent, budget.amount(), budget.period().label(), hard ? "hard" : "soft", action),
                "signalbox budgets set raises it; signalbox usage report says what it went into"));
    }
}
