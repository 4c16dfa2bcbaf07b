package dev.signalbox.config.live;

import dev.signalbox.config.Budget;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Which budget: there is at most one for each spender and length of period. On {@code llm.budgets} a key is
 * {@code limit/tenant/acme/month} or {@code spent/tenant/acme/month/2026-11-01}, the name percent-encoded.
 */
public record BudgetKey(Budget.Scope scope, String name, Budget.Period period) {
    private static final String LIMIT = "limit/";
    private static final String SPENT = "spent/";

    public static BudgetKey of(Budget budget) {
        return new BudgetKey(budget.scope(), budget.name(), budget.period());
    }

    /** The budget that a record sets; empty for another kind of record. */
    public static Optional<BudgetKey> limit(byte @Nullable [] key) {
        return parse(LIMIT, key, 3);
    }

    /** The budget that a record tells the spending of; empty for another kind of record. */
    public static Optional<BudgetKey> spent(byte @Nullable [] key) {
        return parse(SPENT, key, 4);
    }

    private static Optional<BudgetKey> parse(String kind, byte @Nullable [] key, int parts) {
        String text = key == null ? "" : new String(key, StandardCharsets.UTF_8);
        String[] part = text.startsWith(kind) ? text.substring(kind.length()).split("/", -1) : new String[0];
        if (part.length != parts) {
            return Optional.empty();
        }
        String name = URLDecoder.decode(part[1], StandardCharsets.UTF_8);
        return scope(part[0]).flatMap(scope -> period(part[2]).map(period -> new BudgetKey(scope, name, period)));
    }

    public static Optional<Budget.Scope> scope(String label) {
        return Arrays.stream(Budget.Scope.values()).filter(scope -> scope.label().equals(label)).findAny();
    }

    public static Optional<Budget.Period> period(String label) {
        return Arrays.stream(Budget.Period.values()).filter(period -> period.label().equals(label)).findAny();
    }

    public static Optional<Budget.Action> action(String label) {
        return Arrays.stream(Budget.Action.values()).filter(action -> action.label().equals(label)).findAny();
    }

    /** Key of the record that sets it. */
    public String limitKey() {
        return LIMIT + path();
    }

    /** Key of the record that tells what was spent in the period of that time, ms since 1970. */
    public String spentKey(long timeMillis) {
        return SPENT + path() + "/" + day(startMillis(period, timeMillis));
    }

    private String path() {
        return scope.label() + "/" + URLEncoder.encode(name, StandardCharsets.UTF_8) + "/" + period.label();
    }

    /** {@code tenant acme}. */
    public String spender() {
        return scope.label().replace('_', ' ') + " " + name;
    }

    /** Start of the period that a time is in; all ms since 1970. */
    public static long startMillis(Budget.Period period, long timeMillis) {
        return millis(first(period, timeMillis));
    }

    /** End of the period that a time is in, exclusive. */
    public static long endMillis(Budget.Period period, long timeMillis) {
        LocalDate first = first(period, timeMillis);
        return millis(switch (period) {
            case DAY -> first.plusDays(1);
            case MONTH -> first.plusMonths(1);
        });
    }

    private static LocalDate first(Budget.Period period, long timeMillis) {
        return switch (period) {
            case DAY -> day(timeMillis);
            case MONTH -> day(timeMillis).withDayOfMonth(1);
        };
    }

    private static LocalDate day(long timeMillis) {
        return LocalDate.ofInstant(Instant.ofEpochMilli(timeMillis), ZoneOffset.UTC);
    }

    private static long millis(LocalDate day) {
        return day.atStartOfDay(ZoneOffset.UTC).toInstant().toEpochMilli();
    }
}
