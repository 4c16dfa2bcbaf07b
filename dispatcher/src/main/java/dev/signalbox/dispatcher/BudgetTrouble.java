package dev.signalbox.dispatcher;

import dev.signalbox.config.Budget;
import dev.signalbox.config.live.BudgetKey;
import dev.signalbox.dispatcher.alerts.Trouble;
import dev.signalbox.schemas.avro.AlertSeverity;
import dev.signalbox.schemas.avro.BudgetRecord;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** What is said of budgets whose limits are reached. Pure. */
final class BudgetTrouble {
    private BudgetTrouble() {
    }

    /**
     * Budgets whose soft or hard limit is reached in the period of that time, ms on the broker's clock.
     *
     * @param ordered by operators: each holds in the place of a configured one
     * @param spent in the latest period that was told
     */
    static List<Trouble> of(List<Budget> configured, Map<BudgetKey, Budget> ordered,
            Map<BudgetKey, BudgetRecord> spent, long nowMillis) {
        Map<BudgetKey, Budget> budgets = new LinkedHashMap<>();
        configured.forEach(budget -> budgets.put(BudgetKey.of(budget), budget));
        budgets.putAll(ordered);
        List<Trouble> troubles = new ArrayList<>();
        budgets.forEach((key, budget) -> {
            BudgetRecord sum = spent.get(key);
            if (sum != null && sum.getSpent() != null && until(sum) > nowMillis) {
                of(key, budget, sum.getSpent()).ifPresent(troubles::add);
            }
        });
        return troubles;
    }

    /** End of the period that a sum is of, ms; 0 if it does not say. */
    static long until(BudgetRecord sum) {
        Long until = sum.getUntilMillis();
        return until == null ? 0 : until;
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
