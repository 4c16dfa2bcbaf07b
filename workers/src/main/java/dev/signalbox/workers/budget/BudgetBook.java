package dev.signalbox.workers.budget;

import dev.signalbox.config.Budget;
import dev.signalbox.config.Budget.Action;
import dev.signalbox.config.live.BudgetKey;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The budgets as one worker knows them. A pure model: one caller at a time, time as a parameter, ms on the broker's clock.
 *
 * <p>What is spent of a budget is what the fleet has summed up, and of this worker's own calls what is not in that sum
 * yet, and what its requests under way have reserved. So a worker's own spending is never missed, and never counted twice;
 * other workers' shows as soon as the fleet's sum does.
 *
 * <p>INVARIANT: what was reserved is the sum of the reservations that are not released.
 */
public final class BudgetBook {
    /** A worker that made no call for so long is not named in the fleet's sum; its calls are in it. */
    private static final long IN_THE_SUM_MILLIS = 60_000;

    private List<Budget> configured;
    private final Map<BudgetKey, Budget> ordered = new HashMap<>();
    private final Map<BudgetKey, Account> accounts = new HashMap<>();

    /** What is spent of one budget. */
    private static final class Account {
        private Budget budget;
        private long fromMillis = Long.MIN_VALUE;
        private BigDecimal fleet = BigDecimal.ZERO;
        private BigDecimal ownInFleet = BigDecimal.ZERO;
        private BigDecimal own = BigDecimal.ZERO;
        private BigDecimal reserved = BigDecimal.ZERO;
        private long ownMillis;

        Account(Budget budget) {
            this.budget = budget;
        }

        /** A period that begins has nothing spent; reservations go on. */
        void turnTo(long timeMillis) {
            long from = BudgetKey.startMillis(budget.period(), timeMillis);
            if (from > fromMillis) {
                fromMillis = from;
                fleet = BigDecimal.ZERO;
                ownInFleet = BigDecimal.ZERO;
                own = BigDecimal.ZERO;
            }
        }

        BigDecimal spent() {
            return fleet.add(own.subtract(ownInFleet).max(BigDecimal.ZERO)).add(reserved);
        }

        /** What is to be done with a request that may cost so much. */
        Action action(BigDecimal estimate) {
            BigDecimal after = spent().add(estimate);
            if (after.compareTo(budget.amount()) > 0) {
                return budget.onHard();
            }
            return after.compareTo(budget.amount().multiply(BigDecimal.valueOf(budget.softShare()))) > 0
                    ? budget.onSoft()
                    : Action.ALERT;
        }
    }

    /** What becomes of a request. */
    public sealed interface Verdict {
        /** It may be served; to be released when it has ended. */
        record Reserved(Reservation reservation) implements Verdict {
        }

        /** @param reason names the budget and the cure */
        record Refused(String reason) implements Verdict {
        }
    }

    /** Money that a request under way may cost. */
    public static final class Reservation {
        private final List<Account> accounts;
        private final BigDecimal amount;
        private boolean released;

        private Reservation(List<Account> accounts, BigDecimal amount) {
            this.accounts = accounts;
            this.amount = amount;
        }
    }

    /** @param configured an operator's order takes the place of one of these, or adds one */
    public BudgetBook(List<Budget> configured) {
        this.configured = List.copyOf(configured);
        rebuild();
    }

    /** Other configured budgets from now on; what is spent and reserved of those that stay, stays. */
    public void configured(List<Budget> budgets) {
        configured = List.copyOf(budgets);
        rebuild();
    }

    /** Whether there is no budget at all. */
    public boolean isEmpty() {
        return accounts.isEmpty();
    }

    /** An operator set a budget, or went back to the configuration's. */
    public void ordered(BudgetKey key, Optional<Budget> budget) {
        if (budget.isPresent()) {
            ordered.put(key, budget.get());
        } else {
            ordered.remove(key);
        }
        rebuild();
    }

    private void rebuild() {
        Map<BudgetKey, Budget> wanted = new HashMap<>();
        configured.forEach(budget -> wanted.put(BudgetKey.of(budget), budget));
        wanted.putAll(ordered);
        accounts.keySet().retainAll(wanted.keySet());
        wanted.forEach((key, budget) -> accounts.computeIfAbsent(key, _ -> new Account(budget)).budget = budget);
    }

    /**
     * The fleet's sum.
     *
     * @param fromMillis start of its period
     * @param byThisWorker this worker's part; empty if it made no call lately
     */
    public void told(BudgetKey key, long fromMillis, BigDecimal spent, Optional<BigDecimal> byThisWorker,
            long nowMillis) {
        Account account = accounts.get(key);
        if (account == null) {
            return;
        }
        account.turnTo(fromMillis);
        if (fromMillis == account.fromMillis) {
            account.fleet = spent;
            account.ownInFleet = byThisWorker.orElseGet(
                    () -> nowMillis - account.ownMillis > IN_THE_SUM_MILLIS ? account.own : BigDecimal.ZERO);
        }
    }

    /** Whether requests of that spender are to wait behind all others. */
    public boolean isDemoted(Spender spender, long nowMillis) {
        return accounts(spender, nowMillis).stream().anyMatch(it -> it.action(BigDecimal.ZERO) == Action.DEMOTE);
    }

    /** @param estimate what the request may cost */
    public Verdict reserve(Spender spender, BigDecimal estimate, long nowMillis) {
        List<Account> all = accounts(spender, nowMillis);
        for (Account account : all) {
            if (account.action(estimate) == Action.REFUSE) {
                return new Verdict.Refused(reason(account, estimate, nowMillis));
            }
        }
        all.forEach(account -> account.reserved = account.reserved.add(estimate));
        return new Verdict.Reserved(new Reservation(all, estimate));
    }

    private static String reason(Account account, BigDecimal estimate, long nowMillis) {
        Budget budget = account.budget;
        BudgetKey key = BudgetKey.of(budget);
        return "the budget of " + key.spender() + " for this " + budget.period().label() + " is used up: "
                + plain(account.spent()) + " of " + plain(budget.amount())
                + " is spent or reserved, and this request may"
                + " cost " + plain(estimate) + "; the next " + budget.period().label() + " begins at "
                + Instant.ofEpochMilli(BudgetKey.endMillis(budget.period(), nowMillis))
                + "; signalbox budgets set raises it";
    }

    private static String plain(BigDecimal amount) {
        return amount.stripTrailingZeros().toPlainString();
    }

    /** The request has ended: what its calls cost was told by {@link #spent}. Once is enough, more does no harm. */
    public void release(Reservation reservation) {
        if (!reservation.released) {
            reservation.released = true;
            reservation.accounts
                    .forEach(account -> account.reserved = account.reserved.subtract(reservation.amount));
        }
    }

    /** A call of this worker has ended. */
    public void spent(Spender spender, BigDecimal cost, long startedMillis, long nowMillis) {
        for (Account account : accounts(spender, nowMillis)) {
            if (startedMillis >= account.fromMillis) {
                account.own = account.own.add(cost);
                account.ownMillis = nowMillis;
            }
        }
    }

    private List<Account> accounts(Spender spender, long nowMillis) {
        List<Account> all = new ArrayList<>(2);
        for (Budget.Period period : Budget.Period.values()) {
            add(all, new BudgetKey(Budget.Scope.USE_CASE, spender.useCase(), period), nowMillis);
            add(all, new BudgetKey(Budget.Scope.TENANT, spender.tenant(), period), nowMillis);
            if (spender.department() != null) {
                add(all, new BudgetKey(Budget.Scope.DEPARTMENT, spender.department(), period), nowMillis);
            }
        }
        return all;
    }

    private void add(List<Account> all, BudgetKey key, long nowMillis) {
        Account account = accounts.get(key);
        if (account != null) {
            account.turnTo(nowMillis);
            all.add(account);
        }
    }
}
