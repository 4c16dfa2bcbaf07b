package dev.signalbox.dispatcher.redundancy;

import dev.signalbox.schemas.Blame;
import dev.signalbox.schemas.avro.AttemptEvent;
import dev.signalbox.schemas.avro.TokenUsage;
import org.jspecify.annotations.Nullable;

/**
 * What was asked of a route within some time. Sums add up.
 *
 * @param requests that were sent to a vendor for the first time; neither their retries nor their failovers
 * @param inputTokens of answered calls
 * @param outputTokens of answered calls
 * @param busyMillis sum of the lengths of ended calls: divided by the time, the calls at once
 */
record DemandSums(long requests, long inputTokens, long outputTokens, long busyMillis) {
    static final DemandSums NONE = new DemandSums(0, 0, 0, 0);

    static DemandSums of(AttemptEvent event) {
        return switch (event.getPhase()) {
            case CLAIMED -> NONE;
            case STARTED -> event.getAttempt().getHop() == 0 && event.getAttempt().getNumber() == 1
                    ? new DemandSums(1, 0, 0, 0)
                    : NONE;
            case ENDED -> ended(event);
        };
    }

    private static DemandSums ended(AttemptEvent event) {
        TokenUsage usage = Blame.ANSWERED.equals(event.getOutcome()) ? event.getUsage() : null;
        Long duration = event.getDurationMillis();
        return new DemandSums(0, usage == null ? 0 : atLeast0(usage.getInputTokens()),
                usage == null ? 0 : atLeast0(usage.getOutputTokens()), duration == null ? 0 : Math.max(0, duration));
    }

    private static long atLeast0(@Nullable Long tokens) {
        return tokens == null ? 0 : Math.max(0, tokens);
    }

    DemandSums plus(DemandSums other) {
        return new DemandSums(requests + other.requests, inputTokens + other.inputTokens,
                outputTokens + other.outputTokens, busyMillis + other.busyMillis);
    }

    /** The highest of each. */
    DemandSums max(DemandSums other) {
        return new DemandSums(Math.max(requests, other.requests), Math.max(inputTokens, other.inputTokens),
                Math.max(outputTokens, other.outputTokens), Math.max(busyMillis, other.busyMillis));
    }
}
