package dev.signalbox.cli.usage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.DeploymentName;
import dev.signalbox.config.PriceTable;
import dev.signalbox.config.PriceTable.Price;
import dev.signalbox.schemas.avro.AttemptId;
import dev.signalbox.schemas.avro.TokenUsage;
import dev.signalbox.schemas.avro.UsageRecord;
import dev.signalbox.workers.reply.Pricing;
import java.math.BigDecimal;
import java.time.LocalDate;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("issue-5")
class FocusChargeTest {
    private static final DeploymentName NAME = DeploymentName.parse("vendor.eu/model");
    private static final PriceTable PRICES = new PriceTable("2026-11", "USD", List.of(new Price(NAME, LocalDate.EPOCH,
            new BigDecimal("2.5"), new BigDecimal("10"), Optional.of(new BigDecimal("0.1234567")), Optional.empty())));

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void chargesByTokenTypeAddUpToWhatTheWorkerPriced(long seed) {
        Random random = new Random(seed);
        for (int i = 0; i < 1000; i++) {
            TokenUsage tokens = TokenUsage.newBuilder().setInputTokens(10_000L + random.nextInt(90_000))
                    .setCachedInputTokens((long) random.nextInt(5_000))
                    .setCacheWriteTokens((long) random.nextInt(5_000))
                    .setOutputTokens((long) random.nextInt(3_000)).build();
            BigDecimal cost = new Pricing(PRICES).cost(NAME, tokens, LocalDate.EPOCH).orElseThrow();
            List<FocusCharge> charges = FocusCharge.of(usage(tokens, cost, "2026-11"), PRICES);
            assertThat(charges).as("seed %d", seed).hasSizeGreaterThan(1);
            assertThat(charges.stream().map(FocusCharge::cost).reduce(BigDecimal.ZERO, BigDecimal::add))
                    .isEqualByComparingTo(cost);
            assertThat(charges.stream().mapToLong(FocusCharge::tokens).sum())
                    .isEqualTo(tokens.getInputTokens() + tokens.getOutputTokens());
        }
    }

    @Test
    void aCostOfOtherPricesIsOneChargeAndAnUnknownOneStaysUnknown() {
        TokenUsage tokens = TokenUsage.newBuilder().setInputTokens(10L).setOutputTokens(5L).build();
        assertThat(FocusCharge.of(usage(tokens, new BigDecimal("0.000075000"), "2026-10"), PRICES))
                .containsExactly(new FocusCharge("all", 15L, null, new BigDecimal("0.000075000")));
        assertThat(FocusCharge.of(usage(tokens, new BigDecimal("0.5"), "2026-11"), PRICES)).hasSize(1);
        assertThat(FocusCharge.of(usage(tokens, null, "2026-11"), PRICES))
                .containsExactly(new FocusCharge("all", 15L, null, null));
        assertThat(FocusCharge.of(usage(null, null, null), PRICES))
                .containsExactly(new FocusCharge("all", null, null, null));
    }

    private static UsageRecord usage(@Nullable TokenUsage tokens, @Nullable BigDecimal cost, @Nullable String version) {
        return UsageRecord.newBuilder().setEventId("r/0.1.1.7").setRequestId("r").setAttempt(new AttemptId(0, 1, 1, 7L))
                .setStartedMillis(1_000_000L).setEndedMillis(1_001_000L).setDeployment(NAME.toString())
                .setVendor("vendor").setModel("model").setRequestedModel("model").setPool("main")
                .setPriority("standard")
                .setUseCase("support").setTenant("acme").setEnvironment("test").setWorker("w").setStreamed(true)
                .setOutcome("ANSWERED").setUsage(tokens).setCost(cost).setPriceVersion(version).build();
    }
}
