package dev.signalbox.workers.router;

import dev.signalbox.schemas.Amounts;

/**
 * What calls that one pool's limits at a deployment refused lately would have needed, and for how long it has let nobody in
 * who waits. What waits is in the schedulers, by way and not by need; whoever is asked first of them is refused again at
 * least each second, and stands for the others. A pure model, for one caller at a time; time is ns on a monotonic clock.
 */
final class Refusals {
    /** For how long one counts, at least. */
    static final long LATELY_NANOS = 5_000_000_000L;
    /** Those that went to another deployment wait nowhere: they are wanted calls for that long. */
    static final long PASSING_NANOS = 1_000_000_000L;
    /** Part of one call in what is typical. */
    private static final double LEARNING = 0.2;

    private boolean known;
    private double input;
    private double output;
    private Largest latest = Largest.NONE;
    private Largest before = Largest.NONE;
    private long latestNanos;
    private int passing;
    private int passedBefore;
    private long passingNanos;
    private boolean waits;
    private long sinceNanos;

    private record Largest(long input, long output) {
        static final Largest NONE = new Largest(0, 0);

        Largest or(Largest other) {
            return new Largest(Math.max(input, other.input), Math.max(output, other.output));
        }
    }

    void refused(CallNeed need, long nowNanos) {
        turnTo(nowNanos);
        double weight = known ? LEARNING : 1;
        known = true;
        input += weight * (need.inputTokens() - input);
        output += weight * (need.outputTokens() - output);
        latest = latest.or(new Largest(need.inputTokens(), need.outputTokens()));
    }

    /** It was refused, and went elsewhere. */
    void passed(CallNeed need, long nowNanos) {
        refused(need, nowNanos);
        passing++;
    }

    /** One was let in. */
    void admitted(long nowNanos) {
        sinceNanos = nowNanos;
    }

    private void turnTo(long nowNanos) {
        if (nowNanos - latestNanos >= LATELY_NANOS) {
            before = nowNanos - latestNanos >= 2 * LATELY_NANOS ? Largest.NONE : latest;
            latest = Largest.NONE;
            latestNanos = nowNanos;
        }
        if (nowNanos - passingNanos >= PASSING_NANOS) {
            passedBefore = nowNanos - passingNanos >= 2 * PASSING_NANOS ? 0 : passing;
            passing = 0;
            passingNanos = nowNanos;
        }
    }

    /** Calls that went elsewhere lately. */
    int passed(long nowNanos) {
        turnTo(nowNanos);
        return Math.max(passing, passedBefore);
    }

    /** What a call that waits needs as a rule. */
    Amounts typical() {
        return new Amounts(1, 1, Math.max(1, (long) Math.ceil(input)), Math.max(1, (long) Math.ceil(output)));
    }

    /** What the largest one needs. */
    Amounts largest(long nowNanos) {
        turnTo(nowNanos);
        Largest largest = latest.or(before);
        return typical().max(new Amounts(1, 1, largest.input, largest.output));
    }

    /** For how long some have waited and none was let in, ms; at least 1, and 0 if none waits. To be asked often. */
    long waitedMillis(boolean waiting, long nowNanos) {
        if (waiting && !waits) {
            sinceNanos = nowNanos;
        }
        waits = waiting;
        return waiting ? 1 + Math.max(0, nowNanos - sinceNanos) / 1_000_000 : 0;
    }
}
