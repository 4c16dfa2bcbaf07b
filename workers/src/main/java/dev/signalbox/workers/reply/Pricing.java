package dev.signalbox.workers.reply;

import dev.signalbox.config.DeploymentName;
import dev.signalbox.config.PriceTable;
import dev.signalbox.config.PriceTable.Price;
import dev.signalbox.schemas.avro.TokenUsage;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.LocalDate;
import java.util.Optional;

/** What tokens cost by the price table: exact to 9 decimals. An unknown price or count is absent, never 0. */
public final class Pricing {
    private static final int SCALE = 9;
    private static final BigDecimal PER_TOKEN = BigDecimal.ONE.movePointLeft(6);

    private final PriceTable table;

    public Pricing(PriceTable table) {
        this.table = table;
    }

    /** Version of the table, stamped on every priced record. */
    public String version() {
        return table.version();
    }

    /** Cost in the table's currency; empty where the deployment has no price on that day or the vendor told no counts. */
    public Optional<BigDecimal> cost(DeploymentName deployment, TokenUsage usage, LocalDate day) {
        if (usage.getInputTokens() == null || usage.getOutputTokens() == null) {
            return Optional.empty();
        }
        return table.price(deployment, day).map(price -> cost(price, usage));
    }

    private static BigDecimal cost(Price price, TokenUsage usage) {
        long cached = orZero(usage.getCachedInputTokens());
        long written = orZero(usage.getCacheWriteTokens());
        long fresh = Math.max(0, usage.getInputTokens() - cached - written);
        BigDecimal sum = price.input().multiply(BigDecimal.valueOf(fresh))
                .add(price.cachedInput().orElse(price.input()).multiply(BigDecimal.valueOf(cached)))
                .add(price.cacheWrite().orElse(price.input()).multiply(BigDecimal.valueOf(written)))
                .add(price.output().multiply(BigDecimal.valueOf(usage.getOutputTokens())));
        return sum.multiply(PER_TOKEN).setScale(SCALE, RoundingMode.HALF_EVEN);
    }

    private static long orZero(@org.jspecify.annotations.Nullable Long tokens) {
        return tokens == null ? 0 : tokens;
    }
}
