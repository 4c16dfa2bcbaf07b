package dev.signalbox.simulator.profile;

/**
 * What a vendor allows of one model; a call beyond it is answered 429, as the vendor would. Rates count calls that were
 * let in, over any sliding 60 s.
 *
 * @param concurrency calls at once
 * @param requestsPerMinute calls
 * @param tokensPerMinute tokens of prompt and answer together, both counted when the call is let in
 * @param inputTokensPerMinute tokens of the prompt
 * @param outputTokensPerMinute tokens of the answer, counted when the call is let in
 */
public record Limits(int concurrency, int requestsPerMinute, int tokensPerMinute, int inputTokensPerMinute,
        int outputTokensPerMinute) {
    public static final int UNLIMITED = Integer.MAX_VALUE;
    public static final Limits NONE = new Limits(UNLIMITED, UNLIMITED, UNLIMITED, UNLIMITED, UNLIMITED);

    public Limits {
        if (concurrency < 0 || requestsPerMinute < 0 || tokensPerMinute < 0 || inputTokensPerMinute < 0
                || outputTokensPerMinute < 0) {
            throw new IllegalArgumentException("a limit must not be negative");
        }
    }

    public Limits withConcurrency(int calls) {
        return new Limits(calls, requestsPerMinute, tokensPerMinute, inputTokensPerMinute, outputTokensPerMinute);
    }

    public Limits withRequestsPerMinute(int calls) {
        return new Limits(concurrency, calls, tokensPerMinute, inputTokensPerMinute, outputTokensPerMinute);
    }

    public Limits withTokensPerMinute(int tokens) {
        return new Limits(concurrency, requestsPerMinute, tokens, inputTokensPerMinute, outputTokensPerMinute);
    }

    public Limits withInputTokensPerMinute(int tokens) {
        return new Limits(concurrency, requestsPerMinute, tokensPerMinute, tokens, outputTokensPerMinute);
    }

    public Limits withOutputTokensPerMinute(int tokens) {
        return new Limits(concurrency, requestsPerMinute, tokensPerMinute, inputTokensPerMinute, tokens);
    }
}
