package dev.signalbox.simulator.meter;

import dev.signalbox.simulator.profile.Limits;
import org.jspecify.annotations.Nullable;

/** Lets calls in within {@link Limits} and refuses the others. Not thread-safe; monotonic ms. */
public final class Limiter {
    private final Limits limits;
    private final SlidingWindow requests = new SlidingWindow();
    private final SlidingWindow tokens = new SlidingWindow();
    private final SlidingWindow input = new SlidingWindow();
    private final SlidingWindow output = new SlidingWindow();
    private int running;

    /** Which limit refused a call. */
    public enum Bound {
        CONCURRENCY,
        REQUESTS,
        TOKENS,
        INPUT_TOKENS,
        OUTPUT_TOKENS
    }

    public sealed interface Verdict {
    }

    /** In; {@link #left} must follow once. */
    public record Admitted() implements Verdict {
    }

    /**
     * Refused.
     *
     * @param used of the limit, now
     * @param requested by this call; above {@code limit}: it never fits
     * @param retryAfterMillis until it would be let in, if nobody else came; 0 for {@link Bound#CONCURRENCY}, which
     *        knows no time
     */
    public record Exceeded(Bound bound, long limit, long used, long requested, long retryAfterMillis)
            implements
                Verdict {
        public boolean neverFits() {
            return requested > limit;
        }
    }

    private static final Admitted ADMITTED = new Admitted();

    public Limiter(Limits limits) {
        this.limits = limits;
    }

    public Limits limits() {
        return limits;
    }

    public Verdict admit(long nowMillis, int inputTokens, int outputTokens) {
        if (running >= limits.concurrency()) {
            return new Exceeded(Bound.CONCURRENCY, limits.concurrency(), running, 1, 0);
        }
        Exceeded no = beyond(Bound.REQUESTS, requests, limits.requestsPerMinute(), 1, nowMillis);
        no = no != null
                ? no
                : beyond(Bound.TOKENS, tokens, limits.tokensPerMinute(), (long) inputTokens + outputTokens, nowMillis);
        no = no != null
                ? no
                : beyond(Bound.INPUT_TOKENS, input, limits.inputTokensPerMinute(), inputTokens, nowMillis);
        no = no != null
                ? no
                : beyond(Bound.OUTPUT_TOKENS, output, limits.outputTokensPerMinute(), outputTokens, nowMillis);
        if (no != null) {
            return no;
        }
        running++;
        count(requests, limits.requestsPerMinute(), nowMillis, 1);
        count(tokens, limits.tokensPerMinute(), nowMillis, (long) inputTokens + outputTokens);
        count(input, limits.inputTokensPerMinute(), nowMillis, inputTokens);
        count(output, limits.outputTokensPerMinute(), nowMillis, outputTokens);
        return ADMITTED;
    }

    public void left() {
        running--;
    }

    /** What a vendor's headers say of one rate; {@code limit} may be {@link Limits#UNLIMITED}. */
    public record Standing(int limit, long remaining, long fullAgainMillis) {
    }

    /** @param bound a rate; {@link Bound#CONCURRENCY} has no standing */
    public Standing standing(Bound bound, long nowMillis) {
        return switch (bound) {
            case REQUESTS -> standing(requests, limits.requestsPerMinute(), nowMillis);
            case TOKENS -> standing(tokens, limits.tokensPerMinute(), nowMillis);
            case INPUT_TOKENS -> standing(input, limits.inputTokensPerMinute(), nowMillis);
            case OUTPUT_TOKENS -> standing(output, limits.outputTokensPerMinute(), nowMillis);
            case CONCURRENCY -> throw new IllegalArgumentException("calls at once are no rate");
        };
    }

    private static Standing standing(SlidingWindow window, int limit, long nowMillis) {
        return limit == Limits.UNLIMITED
                ? new Standing(limit, limit, 0)
                : new Standing(limit, Math.max(0, limit - window.sum(nowMillis)),
                        window.millisUntilAtMost(0, nowMillis));
    }

    private static void count(SlidingWindow window, int limit, long nowMillis, long amount) {
        if (limit != Limits.UNLIMITED) {
            window.add(nowMillis, amount);
        }
    }

    private static @Nullable Exceeded beyond(Bound bound, SlidingWindow window, int limit,
            long amount, long nowMillis) {
        if (limit == Limits.UNLIMITED || window.sum(nowMillis) + amount <= limit) {
            return null;
        }
        long wait = window.millisUntilAtMost(Math.max(0, limit - amount), nowMillis);
        return new Exceeded(bound, limit, window.sum(nowMillis), amount, Math.max(1, wait));
    }
}
