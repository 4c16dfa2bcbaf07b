package dev.signalbox.workers.router;

/**
 * How long a deployment takes, as peak-sensitive moving averages of the time to the first token and of the time per output
 * token: a slower sample counts at once, a faster one by and by (time constant {@value #TAU_SECONDS} s), and silence
 * fades the estimate too, so that a deployment that became slow and is left alone is looked at again. Source of the
 * form: Finagle, {@code PeakEwma}. A pure model; time is ns on a monotonic clock.
 */
final class LatencyEstimate {
    static final int TAU_SECONDS = 5;
    private static final double TAU_NANOS = TAU_SECONDS * 1e9;
    private static final int OUTPUT_TOKENS_AT_FIRST = 500;

    private final PeakAverage firstToken = new PeakAverage();
    private final PeakAverage perToken = new PeakAverage();
    private double outputTokens = OUTPUT_TOKENS_AT_FIRST;
    private double longOutputTokens = 2 * OUTPUT_TOKENS_AT_FIRST;

    /** Whether nothing is known yet. */
    boolean isCold() {
        return !firstToken.known;
    }

    void firstToken(long nanos, long nowNanos) {
        firstToken.add((double) nanos, nowNanos);
    }

    /** A first token that had not come after so long: it counts as far as it is slower than what is known. */
    void firstTokenLate(long nanos, long nowNanos) {
        if (nanos > firstToken.value(0, nowNanos)) {
            firstToken.add((double) nanos, nowNanos);
        }
    }

    /** An answer of that many tokens; {@code streamNanos} from its first token to its end. */
    void answered(long tokens, long streamNanos, long nowNanos) {
        outputTokens += 0.05 * (tokens - outputTokens);
        longOutputTokens = Math.max((double) tokens, longOutputTokens - 0.01 * (longOutputTokens - tokens));
        if (tokens > 1 && streamNanos > 0) {
            perToken.add((double) streamNanos / (tokens - 1), nowNanos);
        }
    }

    /** Tokens of a typical answer. */
    double typicalOutputTokens() {
        return outputTokens;
    }

    /** Tokens of a long answer: the longest one, forgotten by a hundredth with each answer. */
    double longOutputTokens() {
        return longOutputTokens;
    }

    /**
     * Expected ms to the end of an answer of that length. Silence fades it towards what the fleet knows, and to nothing where
     * the fleet knows nothing.
     */
    double expectedMillis(double tokens, FleetView fleet, long nowNanos) {
        boolean known = fleet.knowsLatency(nowNanos);
        double first = known ? fleet.firstTokenMillis() * 1e6 : 0;
        double each = known && !Double.isNaN(fleet.perTokenMillis()) ? fleet.perTokenMillis() * 1e6 : 0;
        return (firstToken.value(first, nowNanos) + perToken.value(each, nowNanos) * tokens) / 1e6;
    }

    private static final class PeakAverage {
        private boolean known;
        private double value;
        private long atNanos;

        void add(double sample, long nowNanos) {
            if (!known || sample > value(0, nowNanos)) {
                value = sample;
            } else {
                double kept = Math.exp(-Math.max(1e6, (double) (nowNanos - atNanos)) / TAU_NANOS);
                value = kept * value + (1 - kept) * sample;
            }
            known = true;
            atNanos = nowNanos;
        }

        /** @param otherwise where it goes in silence */
        double value(double otherwise, long nowNanos) {
            if (!known) {
                return otherwise;
            }
            double kept = Math.exp(-Math.max(0, nowNanos - atNanos) / TAU_NANOS);
            return kept * value + (1 - kept) * otherwise;
        }
    }
}
