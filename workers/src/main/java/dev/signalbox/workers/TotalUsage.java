package dev.signalbox.workers;

import dev.signalbox.schemas.avro.AttemptSummary;
import dev.signalbox.schemas.avro.TokenUsage;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The tokens of several attempts together. */
final class TotalUsage {
    private TotalUsage() {
    }

    /** Empty if none has any. A count that one attempt does not know makes the sum an estimate. */
    static Optional<TokenUsage> of(List<AttemptSummary> attempts) {
        TokenUsage total = null;
        for (AttemptSummary attempt : attempts) {
            TokenUsage usage = attempt.getUsage();
            if (usage != null) {
                total = total == null ? new TokenUsage() : total;
                add(usage, total);
            }
        }
        return Optional.ofNullable(total);
    }

    private static void add(TokenUsage usage, TokenUsage to) {
        to.setInputTokens(sum(to.getInputTokens(), usage.getInputTokens()));
        to.setOutputTokens(sum(to.getOutputTokens(), usage.getOutputTokens()));
        to.setCachedInputTokens(sum(to.getCachedInputTokens(), usage.getCachedInputTokens()));
        to.setCacheWriteTokens(sum(to.getCacheWriteTokens(), usage.getCacheWriteTokens()));
        to.setReasoningTokens(sum(to.getReasoningTokens(), usage.getReasoningTokens()));
        to.setEstimated(to.getEstimated() || usage.getEstimated() || usage.getInputTokens() == null
                || usage.getOutputTokens() == null);
    }

    /** Of those that are known; one alone is the sum itself. */
    private static @Nullable Long sum(@Nullable Long a, @Nullable Long b) {
        if (a == null || b == null) {
            return a == null ? b : a;
        }
        return a + b;
    }
}
