package dev.signalbox.workers;

import dev.signalbox.schemas.avro.AttemptSummary;
import dev.signalbox.schemas.avro.TokenUsage;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The tokens of several attempts together. */
final class TotalUsage {
    private TotalUsage() {
    }

    /** Empty if none has any. A count that one attempt does not know makes the sum an estimate. */
    static Optional<TokenUsage> of(List<AttemptSummary> attempts) {
        List<TokenUsage> usages = attempts.stream().map(AttemptSummary::getUsage).filter(Objects::nonNull).toList();
        if (usages.isEmpty()) {
            return Optional.empty();
        }
        TokenUsage total = new TokenUsage();
        total.setInputTokens(sum(usages, TokenUsage::getInputTokens));
        total.setOutputTokens(sum(usages, TokenUsage::getOutputTokens));
        total.setCachedInputTokens(sum(usages, TokenUsage::getCachedInputTokens));
        total.setCacheWriteTokens(sum(usages, TokenUsage::getCacheWriteTokens));
        total.setReasoningTokens(sum(usages, TokenUsage::getReasoningTokens));
        total.setEstimated(usages.stream().anyMatch(usage -> usage.getEstimated() || usage.getInputTokens() == null
                || usage.getOutputTokens() == null));
        return Optional.of(total);
    }

    private static @Nullable Long sum(List<TokenUsage> usages, Function<TokenUsage, @Nullable Long> count) {
        List<Long> known = usages.stream().map(count).filter(Objects::nonNull).toList();
        return known.isEmpty() ? null : (Long) known.stream().mapToLong(Long::longValue).sum();
    }
}
