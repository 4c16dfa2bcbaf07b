package dev.signalbox.workers.router;

import dev.signalbox.config.Deployment;
import dev.signalbox.schemas.Amounts;
import dev.signalbox.schemas.Priority;
import dev.signalbox.workers.scheduler.Holdback;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * A deployment's limits in this worker: calls at once, and requests, input and output tokens within any sliding minute.
 *
 * <p>A vendor counts a request and its input when it has read them, and output as it gives it or at the request's arrival:
 * later than the call was admitted here, by what the network takes. So a call reserves what it needs when it is admitted,
 * and each amount counts until a minute after the vendor must have counted it: requests and input after the response's
 * head, or {@value #TRANSIT_MILLIS} ms after the request was written if that is earlier; output after each token that was
 * seen, the rest after the call's end. At its end it is settled by what it used. A call that we hung up on keeps its place
 * among those at once for {@value #LINGER_MILLIS} ms, until the vendor has noticed. Some of the calls at once are held
 * back for {@code interactive}: {@link Holdback}.
 *
 * <p>What the vendor itself says lowers the limits at once: headers that tell what is left, and 429s, which stop admission
 * until the time asked for and then let calls at once grow from half of what ran, by one for each answer.
 *
 * <p>How much of the limits this worker may use is told by {@link #use} and changes from moment to moment; what is in use
 * beyond it goes on. A call waits until it fits, unless it is larger than the pool could ever use.
 *
 * <p>INVARIANT: what the vendor counts in any 60 s is at most what may be used, as long as no call takes more
 * tokens than it reserved and no written request reaches the vendor later than {@value #TRANSIT_MILLIS} ms. A pure model,
 * for one caller at a time; time is ns on a monotonic clock.
 */
final class DeploymentLimits {
    static final long TRANSIT_MILLIS = 4_000;
    static final long LINGER_MILLIS = 500;
    private static final long MILLI = 1_000_000L;
    private static final long SECOND = 1_000_000_000L;
    private static final long LONGEST_PAUSE_NANOS = 30 * SECOND;
    /** Between two looks while limits that were divided anew settle, which is over within a call's length and a minute. */
    private static final long UNSETTLED_NANOS = 250 * MILLI;

    private Deployment.Limits limits;
    private Amounts most;
    private @Nullable Amounts told;
    /** Who shared the deployment when the limits were divided anew: what they use beyond their new part counts here, too. */
    private List<DeploymentLimits> others = List.of();
    private final RateLimit requests;
    private final RateLimit inputTokens;
    private final RateLimit outputTokens;
    private final VendorBudget requestsLeft;
    private final VendorBudget inputLeft;
    private final VendorBudget outputLeft;
    private final VendorBudget tokensLeft;
    private long concurrency;
    private int running;
    private final EvenPace pace = new EvenPace();
    private final Holdback holdback = new Holdback();
    /** Until when calls that we hung up on keep their places; in order, at most as many as calls at once. */
    private final ArrayDeque<Long> lingering = new ArrayDeque<>(0);
    private long pausedUntilNanos;
    private boolean paused;
    private boolean everThrottled;
    private int throttledInARow;
    private long throttledAtNanos;
    private double ramp = Double.POSITIVE_INFINITY;
    private double rampTop;

    /** @param limits this worker's alone */
    DeploymentLimits(Deployment.Limits limits) {
        this(limits, limits.amounts());
    }

    /** @param most beyond which a call can never be made; may be more than the limits, as a pool may borrow */
    DeploymentLimits(Deployment.Limits limits, Amounts most) {
        this.limits = limits;
        this.most = most;
        this.requests = new RateLimit("requests a minute");
        this.inputTokens = new RateLimit("input tokens a minute");
        this.outputTokens = new RateLimit("output tokens a minute");
        this.requestsLeft = new VendorBudget(limits.requestsPerMinute());
        this.inputLeft = new VendorBudget(limits.inputTokensPerMinute());
        this.outputLeft = new VendorBudget(limits.outputTokensPerMinute());
        this.tokensLeft = new VendorBudget(limits.inputTokensPerMinute());
        bound(most);
        use(limits.amounts());
    }

    private void bound(Amounts newMost) {
        most = newMost;
        requests.most(most.requests());
        inputTokens.most(most.inputTokens());
        outputTokens.most(most.outputTokens());
        told = null;
    }

    /**
     * Whether these limits can become those ones and all that is under way stays counted: what was never limited was not
     * counted by minute.
     */
    boolean canBecome(Deployment.Limits newer) {
        return limits.requestsPerMinute().isPresent() == newer.requestsPerMinute().isPresent()
                && limits.inputTokensPerMinute().isPresent() == newer.inputTokensPerMinute().isPresent()
                && limits.outputTokensPerMinute().isPresent() == newer.outputTokensPerMinute().isPresent();
    }

    /** Other limits of the same deployment from now on; see {@link #canBecome}. Running calls go on. */
    void become(Deployment.Limits newer, Amounts newMost) {
        limits = newer;
        requestsLeft.limit(newer.requestsPerMinute());
        inputLeft.limit(newer.inputTokensPerMinute());
        outputLeft.limit(newer.outputTokensPerMinute());
        tokensLeft.limit(newer.inputTokensPerMinute());
        bound(newMost);
        use(newer.amounts());
    }

    /** No more calls: what is under way ends. */
    void close() {
        limits = new Deployment.Limits(OptionalInt.of(0), zero(limits.requestsPerMinute()),
                zero(limits.inputTokensPerMinute()), zero(limits.outputTokensPerMinute()));
        bound(limits.amounts());
        use(most);
    }

    private static OptionalInt zero(OptionalInt limit) {
        return limit.isPresent() ? OptionalInt.of(0) : limit;
    }

    /** The deployment was divided anew between these and others; what they still have of these limits is theirs until it ends. */
    void settleAfter(List<DeploymentLimits> all) {
        others = all.stream().filter(each -> each != this).toList();
    }

    /**
     * What is in use beyond a limit that became less.
     *
     * @param running calls at once
     * @param requests of a minute, as the others
     */
    private record Excess(long running, long requests, long inputTokens, long outputTokens) {
        Excess plus(Excess other) {
            return new Excess(running + other.running, requests + other.requests, inputTokens + other.inputTokens,
                    outputTokens + other.outputTokens);
        }

        boolean isNothing() {
            return running + requests + inputTokens + outputTokens == 0;
        }
    }

    private Excess excess(long nowNanos) {
        return new Excess(Math.max(0, running + lingering(nowNanos) - concurrency), requests.beyond(nowNanos),
                inputTokens.beyond(nowNanos), outputTokens.beyond(nowNanos));
    }

    /** Whether nothing is in use beyond them. */
    boolean isSettled(long nowNanos) {
        return excess(nowNanos).isNothing();
    }

    private LimitVerdict checkUnsettled(CallNeed need, long nowNanos) {
        Excess theirs = new Excess(0, 0, 0, 0);
        for (DeploymentLimits other : others) {
            theirs = theirs.plus(other.excess(nowNanos));
        }
        if (theirs.isNothing()) {
            others = List.of();
            return LimitVerdict.NOW;
        }
        boolean fits = running + lingering(nowNanos) + theirs.running < concurrency
                && requests.fits(1 + theirs.requests, nowNanos)
                && inputTokens.fits(need.inputTokens() + theirs.inputTokens, nowNanos)
                && outputTokens.fits(need.outputTokens() + theirs.outputTokens, nowNanos);
        return fits
                ? LimitVerdict.NOW
                : new LimitVerdict.At(nowNanos + UNSETTLED_NANOS,
                        "its limits were divided anew, and others still use them");
    }

    /** @param mayUse the most that this worker may use from now on; running calls are never cut */
    void use(Amounts mayUse) {
        if (!mayUse.equals(told)) {
            told = mayUse;
            Amounts own = limits.amounts();
            // Whether there is a limit at all is for the configuration to say, which another process may know earlier or later.
            Amounts now = Amounts.ofEach(kind -> own.of(kind) == Amounts.UNLIMITED
                    ? Amounts.UNLIMITED
                    : Math.min(mayUse.of(kind), most.of(kind)));
            concurrency = now.calls();
            requests.set(now.requests());
            inputTokens.set(now.inputTokens());
            outputTokens.set(now.outputTokens());
        }
    }

    /** What counts now; nothing of what is not limited. */
    Amounts inUse(long nowNanos) {
        return new Amounts(concurrency == Long.MAX_VALUE ? 0 : running + lingering(nowNanos), requests.inUse(nowNanos),
                inputTokens.inUse(nowNanos), outputTokens.inUse(nowNanos));
    }

    LimitVerdict check(CallNeed need, long nowNanos) {
        if (most.calls() < 1) {
            return new LimitVerdict.Never("its pool has no call of it");
        }
        LimitVerdict rates = checkRates(need, nowNanos);
        if (!(rates instanceof LimitVerdict.Now)) {
            return rates;
        }
        if (pace.check(need, requests.perMinute(), inputTokens.perMinute(), outputTokens.perMinute(),
                nowNanos) instanceof LimitVerdict.At later) {
            return later;
        }
        if (paused && pausedUntilNanos - nowNanos > 0) {
            return new LimitVerdict.At(pausedUntilNanos, "the vendor asked to wait");
        }
        if (running >= mostNow() || holdsBack(need.priority(), nowNanos)) {
            return LimitVerdict.ON_RELEASE;
        }
        if (!others.isEmpty() && checkUnsettled(need, nowNanos) instanceof LimitVerdict.At later) {
            return later;
        }
        return running + lingering(nowNanos) < concurrency
                ? LimitVerdict.NOW
                : new LimitVerdict.At(lingering.element(), "calls that were given up may run on for a moment");
    }

    /** Calls at once that may run now. */
    private long mostNow() {
        return (long) Math.min(ramp, (double) concurrency);
    }

    /** Whether what is free of the calls at once is not for that priority. */
    boolean holdsBack(Priority priority, long nowNanos) {
        long free = mostNow() - running;
        return priority != Priority.INTERACTIVE && free > 0 && free <= holdback.heldBack(mostNow(), nowNanos);
    }

    private int lingering(long nowNanos) {
        while (!lingering.isEmpty() && lingering.element() - nowNanos <= 0) {
            lingering.remove();
        }
        return lingering.size();
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
        pace.started(need, requests.perMinute(), inputTokens.perMinute(), outputTokens.perMinute(), nowNanos);
        if (need.priority() == Priority.INTERACTIVE) {
            holdback.started(nowNanos);
        }
        requests.hold(1);
        inputTokens.hold(need.inputTokens());
        outputTokens.hold(need.outputTokens());
        requestsLeft.take(1);
        inputLeft.take(need.inputTokens());
        outputLeft.take(need.outputTokens());
        tokensLeft.take(need.inputTokens() + need.outputTokens());
        return new Reservation(need, nowNanos);
    }

    /** The call's request is written: the vendor has it soon. */
    void sent(Reservation reservation, long nowNanos) {
        arrivedBy(reservation, arrivesBy(nowNanos), nowNanos);
    }

    private static long arrivesBy(long sentNanos) {
        return sentNanos + TRANSIT_MILLIS * MILLI;
    }

    /** The head of the call's response has come: the vendor has counted it. */
    void responded(Reservation reservation, long nowNanos) {
        if (!reservation.arrived || reservation.arrivedNanos - nowNanos > 0) {
            arrivedBy(reservation, nowNanos, nowNanos);
        }
    }

    private void arrivedBy(Reservation reservation, long byNanos, long nowNanos) {
        long input = reservation.need.inputTokens();
        if (reservation.arrived) {
            requests.redate(1, reservation.arrivedNanos, byNanos, nowNanos);
            inputTokens.redate(input, reservation.arrivedNanos, byNanos, nowNanos);
        } else {
            requests.date(1, byNanos, nowNanos);
            inputTokens.date(input, byNanos, nowNanos);
        }
        reservation.arrived = true;
        reservation.arrivedNanos = byNanos;
    }

    /** So many more output tokens of the call have been seen; what exceeds the reservation counts as well. */
    void given(Reservation reservation, long tokens, long nowNanos) {
        long reserved = Math.min(tokens, leftOfOutput(reservation));
        outputTokens.date(reserved, nowNanos, nowNanos);
        outputTokens.adjust(tokens - reserved, nowNanos, nowNanos);
        reservation.outputSeen += tokens;
    }

    private static long leftOfOutput(Reservation reservation) {
        return Math.max(0, reservation.need.outputTokens() - reservation.outputSeen);
    }

    /** The call has ended; once a reservation. */
    void settle(Reservation reservation, CallUse use, long nowNanos) {
        running--;
        if (use.end() == CallUse.End.BY_US && concurrency < Long.MAX_VALUE) {
            lingering.add(nowNanos + LINGER_MILLIS * MILLI);
        }
        CallNeed need = reservation.need;
        if (need.priority() == Priority.INTERACTIVE) {
            holdback.ended(nowNanos);
        }
        responded(reservation, nowNanos);
        if (!use.made()) {
            requests.adjust(-1, reservation.arrivedNanos, nowNanos);
        }
        long input = use.made() ? use.inputTokens().orElse(need.inputTokens()) : 0;
        inputTokens.adjust(input - need.inputTokens(), reservation.arrivedNanos, nowNanos);
        long unseen = leftOfOutput(reservation);
        outputTokens.date(unseen, nowNanos, nowNanos);
        long output = use.made() ? use.outputTokens().orElse(need.outputTokens()) : 0;
        outputTokens.adjust(Math.max(-unseen, output - reservation.outputSeen - unseen), nowNanos, nowNanos);
    }

    /**
     * An answer came: after a 429, more calls may run at once again.
     *
     * @return whether the vendor let the call in since it refused one last
     */
    boolean answered(Reservation reservation) {
        boolean since = !everThrottled || reservation.startedNanos - throttledAtNanos > 0;
        if (since) {
            throttledInARow = 0;
            if (ramp < Double.POSITIVE_INFINITY) {
                ramp = ramp + 1 > rampTop ? Double.POSITIVE_INFINITY : ramp + 1;
            }
        }
        return since;
    }

    /**
     * The vendor refused a call for its rate. Without a delay of its own the pause is 1 s, doubled for each refusal in a
     * row up to 30 s; refusals of calls that were started before the last one do not prolong it.
     *
     * @return whether it is news: not such a one
     */
    boolean throttled(Reservation reservation, Optional<Duration> delay, long nowNanos) {
        boolean news = throttledInARow == 0 || reservation.startedNanos - throttledAtNanos > 0;
        if (news) {
            throttledInARow++;
            everThrottled = true;
            throttledAtNanos = nowNanos;
            int others = Math.max(1, running);
            rampTop = Math.max(4, Math.min((double) concurrency, 2.0 * others));
            ramp = Math.max(1, others / 2);
        }
        long pause = delay.map(Duration::toNanos)
                .orElse(news ? Math.min(LONGEST_PAUSE_NANOS, SECOND << Math.min(throttledInARow - 1, 10)) : 0L);
        pause(pause, nowNanos);
        return news;
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

    /** It is out, or its lease just came back: what is free of a minute is to be used evenly, see {@link EvenPace}. */
    void paceFrom(long nowNanos) {
        pace.begin(nowNanos);
    }

    /** Calls that run beyond what may, since that became less. */
    long excessCalls() {
        return Math.max(0, running - concurrency);
    }

    /** Calls that run. */
    int running() {
        return running;
    }

    /** Most calls at once in this worker; {@link Long#MAX_VALUE}: no limit. */
    long concurrency() {
        return concurrency;
    }

    /** Beyond which a call can never be made. */
    Amounts most() {
        return most;
    }

    LimitsView view(long nowNanos) {
        return new LimitsView(running, concurrency, rate(requests, nowNanos), rate(inputTokens, nowNanos),
                rate(outputTokens, nowNanos));
    }

    private static LimitsView.Rate rate(RateLimit limit, long nowNanos) {
        return new LimitsView.Rate(limit.inUse(nowNanos), limit.perMinute());
    }
}
