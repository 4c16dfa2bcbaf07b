package dev.signalbox.workers.vendor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.schemas.avro.TokenUsage;
import dev.signalbox.workers.vendor.UsageEstimate.Received;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.Random;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Tag("issue-5")
class UsageEstimateTest {
    private final UsageEstimate estimate = new UsageEstimate();

    @Test
    void beforeItHasLearntItGoesByConstants() {
        assertThat(guess(400, new Received(2, 320, 0)))
                .isEqualTo(usage(100, 100, true));
        for (int i = 0; i < 9; i++) {
            estimate.learn(request(400), new Received(50, 50 * 9, 0), usage(40, 50, false));
        }
        assertThat(guess(400, new Received(2, 320, 0))).as("nine answers are few").isEqualTo(usage(100, 100, true));
    }

    /** Vendors whose deltas are tokens, or hold a random number of them; with long or short tokens and wordy requests. */
    @ParameterizedTest
    @CsvSource({"1,5.4,9", "1,2.5,3", "0,4.1,4", "0,2.2,6"})
    void cutAnswersAreMetWithinFivePercentInSum(int tokensPerDelta, double charsPerToken, double bytesPerToken) {
        Random random = new Random(5);
        long told = 0;
        long guessed = 0;
        long toldInput = 0;
        long guessedInput = 0;
        for (int i = 0; i < 2_000; i++) {
            int whole = 20 + random.nextInt(200);
            int bytes = 300 + random.nextInt(2_000);
            long input = Math.round(bytes / bytesPerToken);
            int tokens = random.nextInt(10) == 0 ? random.nextInt(whole) : whole;
            long deltas = tokensPerDelta == 1 ? tokens : Math.ceilDiv(tokens, 1 + random.nextInt(9));
            Received received = new Received(deltas,
                    Math.round(tokens * (charsPerToken + random.nextGaussian() / Math.sqrt(tokens + 1))), 0);
            if (tokens == whole) {
                estimate.learn(request(bytes), received, usage(input, tokens, false));
            } else if (i > 100) {
                TokenUsage guess = guess(bytes, received);
                assertThat(guess.getEstimated()).isTrue();
                told += tokens;
                guessed += guess.getOutputTokens();
                toldInput += input;
                guessedInput += guess.getInputTokens();
            }
        }
        assertThat(guessed).isCloseTo(told, Percentage.withPercentage(5));
        assertThat(guessedInput).isCloseTo(toldInput, Percentage.withPercentage(5));
    }

    @Test
    void whatAModelThinksOrCallsTeachesNothingAboutText() {
        for (int i = 0; i < 50; i++) {
            TokenUsage thinking = usage(100, 900, false);
            thinking.setReasoningTokens(800L);
            estimate.learn(request(400), new Received(100, 320, 0), thinking);
            estimate.learn(request(400), new Received(100, 320, 1), usage(100, 500, false));
        }
        assertThat(guess(400, new Received(2, 320, 0)).getOutputTokens()).isEqualTo(100);
    }

    private TokenUsage guess(int requestBytes, Received received) {
        return estimate.of(Optional.empty(), request(requestBytes), received);
    }

    private static byte[] request(int bytes) {
        return "x".repeat(bytes).getBytes(StandardCharsets.US_ASCII);
    }

    private static TokenUsage usage(long input, long output, boolean estimated) {
        return TokenUsage.newBuilder().setInputTokens(input).setOutputTokens(output).setEstimated(estimated).build();
    }
}
