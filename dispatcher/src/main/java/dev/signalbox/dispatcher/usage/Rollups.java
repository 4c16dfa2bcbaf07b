package dev.signalbox.dispatcher.usage;

import dev.signalbox.dispatcher.usage.RollupKey.Window;
import dev.signalbox.schemas.avro.TokenUsage;
import dev.signalbox.schemas.avro.UsageRecord;
import dev.signalbox.schemas.avro.UsageRollup;
import java.math.BigDecimal;
import org.jspecify.annotations.Nullable;

/** The sums of a window. Unknown tokens and costs are left out of them and counted. */
final class Rollups {
    private static final int COST_SCALE = 9;
    private static final String ANSWERED = "ANSWERED";

    private Rollups() {
    }

    /** An empty one for the window and dimensions of a record. */
    static UsageRollup empty(Window window, UsageRecord usage) {
        long from = window.start(usage.getStartedMillis());
        return UsageRollup.newBuilder().setFromMillis(from).setUntilMillis(from + window.millis())
                .setEnvironment(usage.getEnvironment()).setTenant(usage.getTenant()).setUseCase(usage.getUseCase())
                .setDepartment(usage.getDepartment()).setModel(usage.getModel()).setVendor(usage.getVendor())
                .setDeployment(usage.getDeployment()).setPool(usage.getPool()).setLender(usage.getLender())
                .setCost(BigDecimal.ZERO.setScale(COST_SCALE)).build();
    }

    /** Adds a call; one that supersedes its unpaired record takes that one's place. */
    static void add(UsageRollup rollup, UsageRecord usage) {
        if (usage.getSupersedes()) {
            rollup.setUnpaired(rollup.getUnpaired() - 1);
            rollup.setUnpriced(rollup.getUnpriced() - 1);
        } else {
            rollup.setAttempts(rollup.getAttempts() + 1);
        }
        switch (usage.getOutcome()) {
            case ANSWERED -> rollup.setAnswered(rollup.getAnswered() + 1);
            case CallUsage.UNPAIRED -> rollup.setUnpaired(rollup.getUnpaired() + 1);
            default -> rollup.setFailed(rollup.getFailed() + 1);
        }
        BigDecimal cost = usage.getCost();
        if (cost == null) {
            rollup.setUnpriced(rollup.getUnpriced() + 1);
        } else {
            rollup.setCost(rollup.getCost().add(cost).setScale(COST_SCALE));
        }
        TokenUsage tokens = usage.getUsage();
        if (tokens != null) {
            add(rollup, tokens);
        }
    }

    private static void add(UsageRollup rollup, TokenUsage tokens) {
        rollup.setEstimated(rollup.getEstimated() + (tokens.getEstimated() ? 1 : 0));
        rollup.setInputTokens(rollup.getInputTokens() + orZero(tokens.getInputTokens()));
        rollup.setOutputTokens(rollup.getOutputTokens() + orZero(tokens.getOutputTokens()));
        rollup.setCachedInputTokens(rollup.getCachedInputTokens() + orZero(tokens.getCachedInputTokens()));
        rollup.setCacheWriteTokens(rollup.getCacheWriteTokens() + orZero(tokens.getCacheWriteTokens()));
        rollup.setReasoningTokens(rollup.getReasoningTokens() + orZero(tokens.getReasoningTokens()));
    }

    private static long orZero(@Nullable Long tokens) {
        return tokens == null ? 0 : tokens;
    }
}
