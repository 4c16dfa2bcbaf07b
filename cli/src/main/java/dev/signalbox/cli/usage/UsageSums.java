package dev.signalbox.cli.usage;

import dev.signalbox.schemas.avro.UsageRollup;
import java.math.BigDecimal;
import java.util.Optional;

/**
 * Sums of vendor calls.
 *
 * @param attempts calls
 * @param unpaired those whose end was never reported
 * @param estimated those whose tokens are an estimate
 * @param unpriced those whose cost is unknown; they are not in the cost
 * @param inputTokens cached ones included
 * @param outputTokens reasoning included
 * @param knownCost in the price table's currency
 */
public record UsageSums(long attempts, long answered, long failed, long unpaired, long estimated, long unpriced,
        long inputTokens, long outputTokens, long cachedInputTokens, long cacheWriteTokens, long reasoningTokens,
        BigDecimal knownCost) {
    public static final UsageSums NONE = new UsageSums(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, BigDecimal.ZERO);

    UsageSums plus(UsageRollup more) {
        return new UsageSums(attempts + more.getAttempts(), answered + more.getAnswered(), failed + more.getFailed(),
                unpaired + more.getUnpaired(), estimated + more.getEstimated(), unpriced + more.getUnpriced(),
                inputTokens + more.getInputTokens(), outputTokens + more.getOutputTokens(),
                cachedInputTokens + more.getCachedInputTokens(), cacheWriteTokens + more.getCacheWriteTokens(),
                reasoningTokens + more.getReasoningTokens(), knownCost.add(more.getCost()));
    }

    /** Empty where not one call's cost is known: that is not 0. */
    public Optional<BigDecimal> cost() {
        return attempts > 0 && unpriced >= attempts ? Optional.empty() : Optional.of(knownCost);
    }
}
