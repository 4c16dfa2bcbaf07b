package dev.signalbox.workers.router;

import dev.signalbox.config.Deployment;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A deployment's limits in this worker: calls at once, and requests, input and output tokens started within any sliding
 * minute. A call reserves what it needs when it is admitted and settles it by what it used at its end. What the vendor
 * itself says lowers them at once: headers that tell what is left, and 429s, which stop admission until the time asked
 * for and then let calls at once grow from half of what ran, by one for each answer.
 *
 * <p>INVARIANT: what counts in any 60 s is at most the limit times the share, as long as no call gives more tokens than
 * it reserved. A pure model, for one caller at a time; time is ns on a monotonic clock.
 */
final class DeploymentLimits {
    private static final long SECOND = 1_000_000_000L;
    private static final long LONGEST_PAUSE_NANOS = 30 * SECOND;

    private final Deployment.Limits limits;
    private final RateLimit requests;
    private final RateLimit inputTokens;
    private final RateLimit outputTokens;
    private final VendorBudget requestsLeft;
    private final VendorBudget inputLeft;
    private final VendorBudget outputLeft;
    private final VendorBudget tokensLeft;
    private long concurrency;
    private int running;
    private long pausedUntilNanos;
    private boolean paused;
    private int throttledInARow;
    private long throttledAtNanos;
    private double ramp = Double.POSITIVE_INFINITY;
    private double rampTop;

    DeploymentLimits(Deployment.Limits limits) {
        this.limits = limits;
        this.requests = new RateLimit("requests a minute");
        this.inputTokens = new RateLimit("input tokens a minute");
        this.outputTokens = new RateLimit("output tokens a minute");
        this.requestsLeft = new VendorBudget(limits.requestsPerMinute());
        this.inputLeft = new VendorBudget(limits.inputTokensPerMinute());
        this.outputLeft = new VendorBudget(limits.outputTokensPerMinute());
        this.tokensLeft = new VendorBudget(limits.inputTokensPerMinute());
        share(1);
    }

    /** @param share of the limits that this worker may use, 0 to 1; running calls are never cut */
    void share(double share) {
        concurrency = part(limits.concurrency(), share);
        requests.set(part(limits.requestsPerMinute(), share));
        inputTokens.set(part(limits.inputTokensPerMinute(), share));
        outputTokens.set(part(limits.outputTokensPerMinute(), share));
    }

    private static long part(OptionalInt limit, double share) {
        return limit.isEmpty() ? Long.MAX_VALUE : (long) Math.floor(limit.getAsInt() * share + 1e-9);
    }

    /** What a reservation took, and when; {@link #settle} takes it back once. */
    record Reservation(CallNeed need, long startedNanos) {
    }

    LimitVerdict check(CallNeed need, long nowNanos) {
        if (concurrency < 1) {
            return new LimitVerdict.Never("this worker's share of the calls at once is less than one");
        }
        LimitVerdict rates = checkRates(need, nowNanos);
        if (!(rates instanceof LimitVerdict.Now)) {
            return rates;
        }
        if (paused && pausedUntilNanos - nowNanos > 0) {
            return new LimitVerdict.At(pausedUntilNanos, "the vendor asked to wait");
        }
        return running < concurrency && running < ramp ? LimitVerdict.NOW : LimitVerdict.ON_RELEASE;
    }

    private LimitVerdict checkRates(CallNeed need, long nowNanos) {
        LimitVerdict verdict = requests.check(1, nowNanos);
        verdict = later(verdict, inputTokens.check(need.inputTokens(), nowNanos));
        verdict = later(verdict, outputTokens.check(need.outputTokens(), nowNanos));
        verdict = later(verdict, requestsLeft.check(1, nowNanos));
        verdict = later(verdict, inputLeft.check(need.inputTokens(), nowNanos));
        verdict = later(verdict, outputLeft.check(need.outputTokens(), nowNanos));
        return later(verdict, tokensLeft.check(need.inputTokens() + need.outputTokens(), nowNanos));
    }

    private static LimitVerdict later(LimitVerdict a, LimitVerdict b) {
        if (b instanceof LimitVerdict.Now || a instanceof LimitVerdict.Never) {
            return a;
        }
        return a instanceof LimitVerdict.At(long atA, String whyA)
                && b instanceof LimitVerdict.At(long atB, String whyB)
                && atA - atB > 0 ? a : b;
    }

    /** Takes what the call needs; {@link #check} has said NOW at that same time. */
    Reservation reserve(CallNeed need, long nowNanos) {
        running++;
        requests.add(1, nowNanos);
        inputTokens.add(need.inputTokens(), nowNanos);
        outputTokens.add(need.outputTokens(), nowNanos);
        requestsLeft.take(1);
        inputLeft.take(need.inputTokens());
        outputLeft.take(need.outputTokens());
        tokensLeft.take(need.inputTokens() + need.outputTokens());
        return new Reservation(need, nowNanos);
    }

    void settle(Reservation reservation, CallUse use, long nowNanos) {
        running--;
        CallNeed need = reservation.need();
        if (!use.made()) {
            requests.adjust(reservation.startedNanos(), -1, nowNanos);
        }
        long input = use.made() ? use.inputTokens().orElse(need.inputTokens()) : 0;
        long output = use.made() ? use.outputTokens().orElse(need.outputTokens()) : 0;
        inputTokens.adjust(reservation.startedNanos(), input - need.inputTokens(), nowNanos);
        outputTokens.adjust(reservation.startedNanos(), output - need.outputTokens(), nowNanos);
    }

    /** An answer came: after a 429, more calls may run at once again. */
    void answered(Reservation reservation) {
        if (reservation.startedNanos() - throttledAtNanos > 0) {
            throttledInARow = 0;
            if (ramp < Double.POSITIVE_INFINITY) {
                ramp = ramp + 1 > rampTop ? Double.POSITIVE_INFINITY : ramp + 1;
            }
        }
    }

    /**
     * The vendor refused a call for its rate. Without a delay of its own the pause is 1 s, doubled for each refusal in a
     * row up to 30 s; refusals of calls that were started before the last one do not prolong it.
     */
    void throttled(Reservation reservation, Optional<Duration> delay, long nowNanos) {
        boolean news = throttledInARow == 0 || reservation.startedNanos() - throttledAtNanos > 0;
        if (news) {
            throttledInARow++;
            throttledAtNanos = nowNanos;
            int others = Math.max(1, running);
            rampTop = Math.max(4, Math.min((double) concurrency, 2.0 * others));
            ramp = Math.max(1, others / 2);
        }
        long pause = delay.map(Duration::toNanos)
                .orElse(news ? Math.min(LONGEST_PAUSE_NANOS, SECOND << Math.min(throttledInARow - 1, 10)) : 0L);
        pause(pause, nowNanos);
    }

    /** Admits nothing for that long, ns. */
    void pause(long forNanos, long nowNanos) {
        if (!paused || nowNanos + forNanos - pausedUntilNanos > 0) {
            paused = true;
            pausedUntilNanos = nowNanos + forNanos;
        }
    }

    void heard(VendorSignals signals, long nowNanos) {
        requestsLeft.heard(signals.requests(), nowNanos);
        inputLeft.heard(signals.inputTokens(), nowNanos);
        outputLeft.heard(signals.outputTokens(), nowNanos);
        tokensLeft.heard(signals.tokens(), nowNanos);
    }

    /** Calls that run. */
    int running() {
        return running;
    }

    /** Most calls at once in this worker; {@link Long#MAX_VALUE}: no limit. */
    long concurrency() {
        return concurrency;
    }

    /** One limit by minute. */
    private static final class RateLimit {
        private final String unit;
        private final SlidingWindow window = new SlidingWindow();
        private long perMinute;
        private String allInUse = "";

        RateLimit(String unit) {
            this.unit = unit;
        }

        void set(long limit) {
            perMinute = limit;
            allInUse = "all " + limit + " " + unit + " are in use";
        }

        void add(long amount, long nowNanos) {
            if (perMinute != Long.MAX_VALUE) {
                window.add(amount, nowNanos);
            }
        }

        void adjust(long startedNanos, long difference, long nowNanos) {
            if (perMinute != Long.MAX_VALUE && difference != 0) {
                window.adjust(SlidingWindow.bucket(startedNanos), difference, nowNanos);
            }
        }

        LimitVerdict check(long amount, long nowNanos) {
            if (perMinute == Long.MAX_VALUE) {
                return LimitVerdict.NOW;
            }
            if (amount > perMinute) {
                return new LimitVerdict.Never("it needs " + amount + " of this worker's " + perMinute + " " + unit);
            }
            long over = window.sum(nowNanos) + amount - perMinute;
            return over <= 0
                    ? LimitVerdict.NOW
                    : new LimitVerdict.At(window.lapsedNanos(over, nowNanos), allInUse);
        }
    }
}
