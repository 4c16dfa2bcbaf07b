package dev.signalbox.dispatcher;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.Budget;
import dev.signalbox.config.Budget.Action;
import dev.signalbox.config.Budget.Period;
import dev.signalbox.config.Budget.Scope;
import dev.signalbox.config.live.BudgetKey;
import dev.signalbox.dispatcher.alerts.Trouble;
import dev.signalbox.schemas.avro.AlertSeverity;
import dev.signalbox.schemas.avro.BudgetRecord;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-5")
class BudgetTroubleTest {
    private static final long NOW = 1_700_000_000_000L;
    private static final Budget ACME = new Budget(Scope.TENANT, "acme", new BigDecimal("500"), Period.MONTH, 0.8,
            Action.DEMOTE, Action.REFUSE);
    private static final BudgetKey KEY = BudgetKey.of(ACME);

    private static BudgetRecord spent(String amount, long untilMillis) {
        return BudgetRecord.newBuilder().setScope("tenant").setName("acme").setPeriod("month").setFromMillis(0L)
                .setUntilMillis(untilMillis).setSpent(new BigDecimal(amount).setScale(9)).build();
    }

    private static List<Trouble> troubles(String spent) {
        return BudgetTrouble.of(List.of(ACME), Map.of(), Map.of(KEY, spent(spent, NOW + 1)), NOW);
    }

    @Test
    void belowTheSoftLimitThereIsNone() {
        assertThat(troubles("399.999999999")).isEmpty();
        assertThat(BudgetTrouble.of(List.of(ACME), Map.of(), Map.of(), NOW)).as("nothing spent").isEmpty();
    }

    @Test
    void theSoftLimitIsAWarningWithItsAction() {
        assertThat(troubles("400")).singleElement().satisfies(trouble -> {
            assertThat(trouble.key()).isEqualTo("budget-reached/tenant acme per month");
            assertThat(trouble.severity()).isEqualTo(AlertSeverity.WARNING);
            assertThat(trouble.what()).contains("400.00 of 500.00", "soft limit the action is demote");
            assertThat(trouble.cure()).contains("budgets set");
        });
    }

    @Test
    void theHardLimitIsCriticalUnderTheSameName() {
        assertThat(troubles("500")).singleElement().satisfies(trouble -> {
            assertThat(trouble.key()).isEqualTo("budget-reached/tenant acme per month");
            assertThat(trouble.severity()).isEqualTo(AlertSeverity.CRITICAL);
            assertThat(trouble.what()).contains("hard limit the action is refuse");
        });
    }

    @Test
    void whatWasSpentInAPeriodThatIsOverIsNoTrouble() {
        assertThat(BudgetTrouble.of(List.of(ACME), Map.of(), Map.of(KEY, spent("700", NOW)), NOW)).isEmpty();
    }

    @Test
    void anOperatorsOrderHoldsInThePlaceOfTheConfiguredBudget() {
        Budget raised = new Budget(Scope.TENANT, "acme", new BigDecimal("1000"), Period.MONTH, 0.8, Action.ALERT,
                Action.ALERT);
        Map<BudgetKey, BudgetRecord> spent = Map.of(KEY, spent("700", NOW + 1));
        assertThat(BudgetTrouble.of(List.of(ACME), Map.of(KEY, raised), spent, NOW)).isEmpty();
        assertThat(BudgetTrouble.of(List.of(), Map.of(KEY, ACME), spent, NOW)).as("one that was added")
                .hasSize(1);
    }
}
