package dev.signalbox.dispatcher.usage;

import dev.signalbox.config.Budget;
import dev.signalbox.config.live.BudgetKey;
import dev.signalbox.schemas.avro.BudgetRecord;
import dev.signalbox.schemas.avro.BudgetShare;
import dev.signalbox.schemas.avro.UsageRecord;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiPredicate;
import org.apache.kafka.streams.KeyValue;
import org.jspecify.annotations.Nullable;

/** What was spent of a budget in a period: sums of the known costs of the calls that started in it. */
final class BudgetSums {
    private static final int COST_SCALE = 9;
    /** Workers that made no call for so long are not told apart any more; their calls stay in the sum. */
    private static final long NAMED_MILLIS = Duration.ofMinutes(15).toMillis();

    private BudgetSums() {
    }

    /** The call under {@code <scope>/<name>} of each of its spenders that has a budget. */
    static List<KeyValue<String, UsageRecord>> spenders(UsageRecord usage,
            BiPredicate<Budget.Scope, String> hasBudget) {
        List<KeyValue<String, UsageRecord>> all = new ArrayList<>(0);
        for (Budget.Scope scope : Budget.Scope.values()) {
            String name = switch (scope) {
                case USE_CASE -> usage.getUseCase();
                case TENANT -> usage.getTenant();
                case DEPARTMENT -> usage.getDepartment();
            };
            if (name != null && hasBudget.test(scope, name)) {
                all.add(KeyValue.pair(scope.label() + "/" + name, usage));
            }
        }
        return all;
    }

    /** Both budgets, of a day and of a month, of a spender as {@link #spenders} has it. */
    static List<BudgetKey> budgets(String spender) {
        int slash = spender.indexOf('/');
        List<BudgetKey> keys = new ArrayList<>(2);
        for (Budget.Period period : Budget.Period.values()) {
            keys.add(new BudgetKey(BudgetKey.scope(spender.substring(0, slash)).orElseThrow(),
                    spender.substring(slash + 1), period));
        }
        return keys;
    }

    /** The sum with a call; one that supersedes its unpaired record takes that one's place. */
    static BudgetRecord add(@Nullable BudgetRecord known, BudgetKey key, UsageRecord usage, long nowMillis) {
        long started = usage.getStartedMillis();
        BudgetRecord sum = known == null ? empty(key, started) : known;
        BigDecimal cost = usage.getCost();
        sum.setCalls(sum.getCalls() + (usage.getSupersedes() ? 0 : 1));
        sum.setUnpriced(sum.getUnpriced() + (cost == null ? 1 : 0) - (usage.getSupersedes() ? 1 : 0));
        if (cost != null) {
            sum.setSpent(sum.getSpent().add(cost).setScale(COST_SCALE));
        }
        sum.setWorkers(shares(sum.getWorkers(), usage.getWorker(), cost == null ? BigDecimal.ZERO : cost, nowMillis));
        return sum;
    }

    private static BudgetRecord empty(BudgetKey key, long timeMillis) {
        return BudgetRecord.newBuilder().setScope(key.scope().label()).setName(key.name())
                .setPeriod(key.period().label()).setFromMillis(BudgetKey.startMillis(key.period(), timeMillis))
                .setUntilMillis(BudgetKey.endMillis(key.period(), timeMillis))
                .setSpent(BigDecimal.ZERO.setScale(COST_SCALE)).build();
    }

    private static List<BudgetShare> shares(List<BudgetShare> known, String worker, BigDecimal cost, long nowMillis) {
        List<BudgetShare> shares = new ArrayList<>();
        BigDecimal own = cost;
        for (BudgetShare share : known) {
            if (share.getWorker().equals(worker)) {
                own = own.add(share.getSpent());
            } else if (nowMillis - share.getLatestMillis() < NAMED_MILLIS) {
                shares.add(share);
            }
        }
        shares.add(new BudgetShare(worker, own.setScale(COST_SCALE), nowMillis));
        return shares;
    }
}
