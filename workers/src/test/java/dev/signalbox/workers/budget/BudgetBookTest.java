package dev.signalbox.workers.budget;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.Budget;
import dev.signalbox.config.Budget.Action;
import dev.signalbox.config.live.BudgetKey;
import dev.signalbox.workers.budget.BudgetBook.Reservation;
import dev.signalbox.workers.budget.BudgetBook.Verdict;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("issue-5")
class BudgetBookTest {
    private static final long NOW = Instant.parse("2026-11-21T20:15:00Z").toEpochMilli();
    private static final long DAY = Instant.parse("2026-11-21T00:00:00Z").toEpochMilli();
    private static final long TOMORROW = Instant.parse("2026-11-22T00:00:01Z").toEpochMilli();
    private static final Spender ACME = new Spender("support", "acme", "care");
    private static final Spender OMEGA = new Spender("support", "omega", null);
    private static final BudgetKey KEY = new BudgetKey(Budget.Scope.TENANT, "acme", Budget.Period.DAY);

    private static Budget acme(String amount, Action onSoft) {
        return new Budget(Budget.Scope.TENANT, "acme", new BigDecimal(amount), Budget.Period.DAY, 0.5, onSoft,
                Action.REFUSE);
    }

    private static Reservation reserved(Verdict verdict) {
        assertThat(verdict).isInstanceOf(Verdict.Reserved.class);
        return ((Verdict.Reserved) verdict).reservation();
    }

    @Test
    void whatIsReservedAndSpentIsRefusedBeyondTheHardLimitUntilTheNextPeriod() {
        BudgetBook book = new BudgetBook(List.of(acme("10", Action.ALERT)));
        List<Reservation> under = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            under.add(reserved(book.reserve(ACME, BigDecimal.ONE, NOW)));
        }
        Verdict.Refused refused = (Verdict.Refused) book.reserve(ACME, BigDecimal.ONE, NOW);
        assertThat(refused.reason()).contains("tenant acme", "for this day", "10 of 10", "cost 1",
                "2026-11-22T00:00:00Z", "signalbox budgets set");
        reserved(book.reserve(OMEGA, BigDecimal.ONE, NOW));

        book.spent(ACME, new BigDecimal("0.25"), NOW, NOW);
        book.release(under.removeFirst());
        assertThat(book.reserve(ACME, BigDecimal.ONE, NOW)).as("9 reserved, 0.25 spent")
                .isInstanceOf(Verdict.Refused.class);
        under.add(reserved(book.reserve(ACME, new BigDecimal("0.75"), NOW)));

        under.forEach(book::release);
        book.spent(ACME, new BigDecimal("9.5"), NOW, NOW);
        assertThat(book.reserve(ACME, BigDecimal.ONE, NOW)).isInstanceOf(Verdict.Refused.class);
        reserved(book.reserve(ACME, BigDecimal.ONE, TOMORROW));
    }

    @Test
    void beyondTheSoftLimitRequestsWaitBehindOthers() {
        BudgetBook book = new BudgetBook(List.of(acme("10", Action.DEMOTE)));
        assertThat(book.isDemoted(ACME, NOW)).isFalse();
        book.told(KEY, DAY, new BigDecimal("5.01"), Optional.empty(), NOW);
        assertThat(book.isDemoted(ACME, NOW)).isTrue();
        assertThat(book.isDemoted(OMEGA, NOW)).isFalse();
        reserved(book.reserve(ACME, BigDecimal.ONE, NOW));
        assertThat(book.isDemoted(ACME, TOMORROW)).isFalse();
    }

    @Test
    void anOrderTakesTheConfigurationsPlaceAndSpendingGoesOn() {
        BudgetBook book = new BudgetBook(List.of(acme("10", Action.ALERT)));
        book.spent(ACME, BigDecimal.TEN, NOW, NOW);
        assertThat(book.reserve(ACME, BigDecimal.ONE, NOW)).isInstanceOf(Verdict.Refused.class);
        book.ordered(KEY, Optional.of(acme("11.5", Action.ALERT)));
        reserved(book.reserve(ACME, BigDecimal.ONE, NOW));
        assertThat(book.reserve(ACME, BigDecimal.ONE, NOW)).isInstanceOf(Verdict.Refused.class);
        book.ordered(KEY, Optional.empty());
        assertThat(((Verdict.Refused) book.reserve(ACME, BigDecimal.ONE, NOW)).reason()).contains("11 of 10");
    }

    @Test
    void withoutABudgetNothingIsRefused() {
        BudgetBook book = new BudgetBook(List.of());
        assertThat(book.isEmpty()).isTrue();
        book.told(KEY, DAY, BigDecimal.TEN, Optional.empty(), NOW);
        reserved(book.reserve(ACME, new BigDecimal("1000000"), NOW));
    }

    /** However late the fleet's sums come: own spending is neither missed nor counted twice. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void ownSpendingCountsOnceWhateverTheSumsDelay(long seed) {
        Random random = new Random(seed);
        BigDecimal cent = new BigDecimal("0.01");
        BudgetBook book = new BudgetBook(List.of(acme("10", Action.ALERT)));
        List<Reservation> under = new ArrayList<>();
        List<BigDecimal[]> sums = new ArrayList<>();
        BigDecimal own = BigDecimal.ZERO;
        BigDecimal others = BigDecimal.ZERO;
        BigDecimal toldOthers = BigDecimal.ZERO;
        int refusals = 0;
        for (int step = 0; step < 6_000; step++) {
            switch (random.nextInt(4)) {
                case 0 -> {
                    BigDecimal known = own.add(toldOthers).add(cent.multiply(BigDecimal.valueOf(under.size())));
                    boolean fits = known.add(cent).compareTo(BigDecimal.TEN) <= 0;
                    Verdict verdict = book.reserve(ACME, cent, NOW);
                    assertThat(verdict instanceof Verdict.Reserved).as("seed %d, step %d", seed, step).isEqualTo(fits);
                    if (verdict instanceof Verdict.Reserved(Reservation reservation)) {
                        under.add(reservation);
                    } else {
                        refusals++;
                    }
                }
                case 1 -> {
                    if (!under.isEmpty()) {
                        BigDecimal cost = BigDecimal.valueOf(random.nextInt(11), 3);
                        book.spent(ACME, cost, NOW, NOW);
                        book.release(under.remove(random.nextInt(under.size())));
                        own = own.add(cost);
                    }
                }
                case 2 -> {
                    others = others.add(BigDecimal.valueOf(random.nextInt(5), 3));
                    sums.add(new BigDecimal[]{own, others});
                }
                default -> {
                    if (!sums.isEmpty()) {
                        BigDecimal[] sum = sums.removeFirst();
                        book.told(KEY, DAY, sum[0].add(sum[1]), Optional.of(sum[0]), NOW);
                        toldOthers = sum[1];
                    }
                }
            }
        }
        assertThat(refusals).as("the limit was reached").isPositive();
    }
}
