package dev.signalbox.cli.usage;

import dev.signalbox.config.DeploymentName;
import dev.signalbox.config.PriceTable;
import dev.signalbox.config.PriceTable.Price;
import dev.signalbox.schemas.avro.TokenUsage;
import dev.signalbox.schemas.avro.UsageRecord;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A call's tokens of one type and what they cost. The charges of a call add up to its cost exactly.
 *
 * @param tokenType {@code input}, {@code cached_input}, {@code cache_write}, {@code output}; or {@code all}
 * @param tokens null where the vendor told none
 * @param perMillion the price; null where it is not known, or differs by type
 * @param cost null where it is not known
 */
record FocusCharge(String tokenType, @Nullable Long tokens, @Nullable BigDecimal perMillion,
        @Nullable BigDecimal cost) {
    private static final int SCALE = 9;

    /** By token type where the price table explains the record's cost, else one charge for all. */
    static List<FocusCharge> of(UsageRecord usage, PriceTable prices) {
        return byType(usage, prices).orElseGet(() -> List.of(
                new FocusCharge("all", allTokens(usage.getUsage()), null, usage.getCost())));
    }

    private static Optional<List<FocusCharge>> byType(UsageRecord usage, PriceTable prices) {
        TokenUsage tokens = usage.getUsage();
        BigDecimal cost = usage.getCost();
        if (tokens == null || tokens.getInputTokens() == null || tokens.getOutputTokens() == null || cost == null
                || !prices.version().equals(usage.getPriceVersion())) {
            return Optional.empty();
        }
        LocalDate day = Instant.ofEpochMilli(usage.getEndedMillis() == null
                ? usage.getStartedMillis()
                : usage.getEndedMillis()).atOffset(ZoneOffset.UTC).toLocalDate();
        return prices.price(DeploymentName.parse(usage.getDeployment()), day).map(price -> byType(tokens, price))
                .flatMap(charges -> exact(charges, cost));
    }

    private static List<FocusCharge> byType(TokenUsage tokens, Price price) {
        long cached = orZero(tokens.getCachedInputTokens());
        long written = orZero(tokens.getCacheWriteTokens());
        List<FocusCharge> charges = new ArrayList<>();
        add(charges, "input", Math.max(0, orZero(tokens.getInputTokens()) - cached - written), price.input());
        add(charges, "cached_input", cached, price.cachedInput().orElse(price.input()));
        add(charges, "cache_write", written, price.cacheWrite().orElse(price.input()));
        add(charges, "output", orZero(tokens.getOutputTokens()), price.output());
        return charges;
    }

    private static void add(List<FocusCharge> charges, String type, long tokens, BigDecimal perMillion) {
        if (tokens > 0) {
            charges.add(new FocusCharge(type, tokens, perMillion,
                    perMillion.multiply(BigDecimal.valueOf(tokens)).movePointLeft(6)));
        }
    }

    /** Rounded so that they add up to the cost; empty where the prices do not explain it. */
    private static Optional<List<FocusCharge>> exact(List<FocusCharge> charges, BigDecimal cost) {
        BigDecimal sum = BigDecimal.ZERO;
        for (FocusCharge charge : charges) {
            sum = sum.add(orZero(charge.cost));
        }
        if (charges.isEmpty() || sum.setScale(SCALE, RoundingMode.HALF_EVEN).compareTo(cost) != 0) {
            return Optional.empty();
        }
        List<FocusCharge> rounded = new ArrayList<>();
        BigDecimal left = cost;
        for (FocusCharge charge : charges.subList(0, charges.size() - 1)) {
            BigDecimal part = orZero(charge.cost).setScale(SCALE, RoundingMode.HALF_EVEN);
            rounded.add(new FocusCharge(charge.tokenType, charge.tokens, charge.perMillion, part));
            left = left.subtract(part);
        }
        FocusCharge last = charges.getLast();
        rounded.add(new FocusCharge(last.tokenType, last.tokens, last.perMillion, left));
        return Optional.of(rounded);
    }

    private static @Nullable Long allTokens(@Nullable TokenUsage tokens) {
        return tokens == null || (tokens.getInputTokens() == null && tokens.getOutputTokens() == null)
                ? null
                : (Long) (orZero(tokens.getInputTokens()) + orZero(tokens.getOutputTokens()));
    }

    private static long orZero(@Nullable Long tokens) {
        return tokens == null ? 0 : tokens;
    }

    private static BigDecimal orZero(@Nullable BigDecimal cost) {
        return cost == null ? BigDecimal.ZERO : cost;
    }
}
