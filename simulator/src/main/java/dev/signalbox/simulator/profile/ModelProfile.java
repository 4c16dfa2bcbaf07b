package dev.signalbox.simulator.profile;

/**
 * How one simulated model behaves when it is well.
 *
 * @param firstTokenMillis from the request's last byte to the first token
 * @param perTokenMillis from each token to the next
 * @param outputTokens length of an answer; the words of {@code FixedAnswer}, over and over
 * @param contextWindowTokens a longer prompt is refused as the vendor would; {@link Limits#UNLIMITED} for none
 */
public record ModelProfile(Distribution firstTokenMillis, Distribution perTokenMillis, Distribution outputTokens,
        int contextWindowTokens, Limits limits) {
    /** As many words as the fixed answer has, so that a truncation is always seen. */
    public static final int FIXED_ANSWER_TOKENS = 60;
    /** Answers at once: for benchmarks of what is in front of it. */
    public static final ModelProfile ZERO_LATENCY = new ModelProfile(Distribution.fixed(0), Distribution.fixed(0),
            Distribution.fixed(FIXED_ANSWER_TOKENS), Limits.UNLIMITED, Limits.NONE);
    /** A hosted model on an ordinary day: first token after a third of a second, some 70 tokens a second. */
    public static final ModelProfile REALISTIC = new ModelProfile(new Distribution.LogNormal(350, 0.45),
            new Distribution.LogNormal(13, 0.25), new Distribution.LogNormal(180, 0.7), 128_000, Limits.NONE);

    public ModelProfile {
        if (contextWindowTokens < 1) {
            throw new IllegalArgumentException("a context window of " + contextWindowTokens + " tokens");
        }
    }

    /** A stream of {@code tokens} tokens, {@code perTokenMillis} apart and before the first. */
    public static ModelProfile paced(int tokens, double perTokenMillis) {
        return ZERO_LATENCY.withFirstTokenMillis(Distribution.fixed(perTokenMillis))
                .withPerTokenMillis(Distribution.fixed(perTokenMillis)).withOutputTokens(Distribution.fixed(tokens));
    }

    public ModelProfile withFirstTokenMillis(Distribution millis) {
        return new ModelProfile(millis, perTokenMillis, outputTokens, contextWindowTokens, limits);
    }

    public ModelProfile withPerTokenMillis(Distribution millis) {
        return new ModelProfile(firstTokenMillis, millis, outputTokens, contextWindowTokens, limits);
    }

    public ModelProfile withOutputTokens(Distribution tokens) {
        return new ModelProfile(firstTokenMillis, perTokenMillis, tokens, contextWindowTokens, limits);
    }

    public ModelProfile withContextWindowTokens(int tokens) {
        return new ModelProfile(firstTokenMillis, perTokenMillis, outputTokens, tokens, limits);
    }

    public ModelProfile withLimits(Limits changed) {
        return new ModelProfile(firstTokenMillis, perTokenMillis, outputTokens, contextWindowTokens, changed);
    }
}
