package dev.signalbox.config.live;

import dev.signalbox.config.Budget;
import dev.signalbox.config.Budget.Action;
import dev.signalbox.schemas.avro.BudgetRecord;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Budgets that operators set, as records of {@code llm.budgets}. */
public final class BudgetLimits {
    private static final int SCALE = 9;

    private BudgetLimits() {
    }

    /** The record that sets a budget. */
    public static BudgetRecord record(Budget budget, String who, String why) {
        return BudgetRecord.newBuilder().setScope(budget.scope().label()).setName(budget.name())
                .setPeriod(budget.period().label()).setAmount(budget.amount().setScale(SCALE, RoundingMode.HALF_EVEN))
                .setSoftShare(budget.softShare()).setOnSoft(budget.onSoft().label()).setOnHard(budget.onHard().label())
                .setWho(who).setWhy(why).build();
    }

    /** The budget that a record sets; empty if it sets none. */
    public static Optional<Budget> budget(BudgetKey key, BudgetRecord record) {
        BigDecimal amount = record.getAmount();
        Double soft = record.getSoftShare();
        return amount == null || soft == null
                ? Optional.empty()
                : Optional.of(new Budget(key.scope(), key.name(), amount, key.period(), soft,
                        action(record.getOnSoft(), Action.ALERT), action(record.getOnHard(), Action.REFUSE)));
    }

    /** A later version's action is taken for the mild default. */
    private static Action action(@Nullable String label, Action otherwise) {
        return label == null ? otherwise : BudgetKey.action(label).orElse(otherwise);
    }
}
