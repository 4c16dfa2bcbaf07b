package dev.signalbox.dispatcher.latency;

import dev.signalbox.schemas.Blame;
import dev.signalbox.schemas.avro.AttemptEvent;
import dev.signalbox.schemas.avro.AttemptPhase;
import dev.signalbox.schemas.avro.TokenUsage;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * The times of one ended call, µs. A call that was not streamed has no first token of its own, and one that failed is
 * neither short nor long: it gives a time to first token at most.
 *
 * @param timePerOutputToken (total - time to first token) / (output tokens - 1), where the vendor counted at least two
 * @param inputTokens as the vendor counted them
 * @param outputTokens the same
 */
record LatencySample(OptionalLong timeToFirstToken, OptionalLong timePerOutputToken, OptionalLong total,
        OptionalLong inputTokens, OptionalLong outputTokens) {
    private static final long MICROS_A_MILLI = 1_000;

    /** Empty for an event that tells of no time; impossible times count as absent. */
    static Optional<LatencySample> of(AttemptEvent event) {
        Long duration = event.getDurationMillis();
        if (event.getPhase() != AttemptPhase.ENDED || duration == null || duration < 0) {
            return Optional.empty();
        }
        boolean answered = Blame.ANSWERED.equals(event.getOutcome());
        Long first = event.getTimeToFirstTokenMillis();
        OptionalLong timeToFirstToken = event.getStreamed() && first != null && first >= 0 && first <= duration
                ? OptionalLong.of(first * MICROS_A_MILLI)
                : OptionalLong.empty();
        TokenUsage usage = event.getUsage();
        boolean counted = usage != null && !usage.getEstimated();
        OptionalLong outputTokens = tokens(counted ? usage.getOutputTokens() : null);
        LatencySample sample = new LatencySample(timeToFirstToken,
                answered && timeToFirstToken.isPresent()
                        ? perToken(duration * MICROS_A_MILLI - timeToFirstToken.getAsLong(), outputTokens)
                        : OptionalLong.empty(),
                answered ? OptionalLong.of(duration * MICROS_A_MILLI) : OptionalLong.empty(),
                tokens(counted ? usage.getInputTokens() : null), outputTokens);
        return timeToFirstToken.isPresent() || answered ? Optional.of(sample) : Optional.empty();
    }

    private static OptionalLong perToken(long micros, OptionalLong outputTokens) {
        return outputTokens.isEmpty() || outputTokens.getAsLong() < 2
                ? OptionalLong.empty()
                : OptionalLong.of(micros / (outputTokens.getAsLong() - 1));
    }

    private static OptionalLong tokens(@Nullable Long counted) {
        return counted == null || counted < 0 ? OptionalLong.empty() : OptionalLong.of(counted);
    }
}
