package dev.signalbox.workers.router;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.Deployment;
import dev.signalbox.schemas.Amounts;
import dev.signalbox.workers.router.VendorSignals.Remaining;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-3")
class DeploymentLimitsTest {
    private static final long SECOND = 1_000_000_000L;
    private static final long MINUTE = 60 * SECOND;
    private static final CallNeed SMALL = new CallNeed(10, 10);

    private record Started(long atNanos, long input, long output) {
    }

    private record Running(Reservation reservation, Started call, long endsNanos) {
    }

    /**
     * Demand without end for 10 simulated minutes: whatever a vendor counts in any sliding minute stays within each limit,
     * and of the limit that binds at least 90 % is used.
     */
    @Test
    void noLimitIsExceededInAnySlidingMinuteAndNinetyPercentAreUsed() {
        for (long seed = 1; seed <= 5; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            int requestsPerMinute = 300 + random.nextInt(300);
            int inputPerMinute = 60_000 + random.nextInt(200_000);
            int outputPerMinute = 40_000 + random.nextInt(100_000);
            DeploymentLimits limits = new DeploymentLimits(new Deployment.Limits(OptionalInt.of(40),
                    OptionalInt.of(requestsPerMinute), OptionalInt.of(inputPerMinute),
                    OptionalInt.of(outputPerMinute)));
            List<Started> started = demand(limits, random, 10 * MINUTE);

            double[] most = mostInASlidingMinute(started);
            assertThat(most[0]).as("requests, seed %d", seed).isLessThanOrEqualTo(requestsPerMinute);
            assertThat(most[1]).as("input, seed %d", seed).isLessThanOrEqualTo(inputPerMinute);
            assertThat(most[2]).as("output, seed %d", seed).isLessThanOrEqualTo(outputPerMinute);
            double minutes = 9;
            double used = 0;
            List<Started> later = started.stream().filter(call -> call.atNanos() >= MINUTE).toList();
            used = Math.max(used, later.size() / minutes / requestsPerMinute);
            used = Math.max(used, later.stream().mapToLong(Started::input).sum() / minutes / inputPerMinute);
            used = Math.max(used, later.stream().mapToLong(Started::output).sum() / minutes / outputPerMinute);
            assertThat(used).as("seed %d", seed).isBetween(0.9, 1.0);
        }
    }

    private static List<Started> demand(DeploymentLimits limits, SplittableRandom random, long end) {
        List<Started> started = new ArrayList<>();
        PriorityQueue<Running> running = new PriorityQueue<>((a, b) -> Long.compare(a.endsNanos(), b.endsNanos()));
        long now = 0;
        CallNeed next = need(random);
        while (now < end) {
            switch (limits.check(next, now)) {
                case LimitVerdict.Now admitted -> {
                    Reservation reservation = limits.reserve(next, now);
                    long output = next.outputTokens() - random.nextLong(next.outputTokens() / 4 + 1);
                    Started call = new Started(now, next.inputTokens(), output);
                    started.add(call);
                    running.add(new Running(reservation, call, now + SECOND / 10 + random.nextLong(SECOND)));
                    assertThat(limits.running()).isLessThanOrEqualTo(40);
                    next = need(random);
                }
                case LimitVerdict.At(long at, String why) -> now = advance(limits, running, now, at);
                case LimitVerdict.OnRelease release ->
                    now = advance(limits, running, now, Long.MAX_VALUE);
                case LimitVerdict.Never never -> throw new AssertionError(never.why());
            }
        }
        return started;
    }

    /** To the end of the next call, if that is before. */
    private static long advance(DeploymentLimits limits, PriorityQueue<Running> running, long now,
            long at) {
        Running ending = running.peek();
        if (ending == null || ending.endsNanos() > at) {
            assertThat(at).as("what has lapsed lets the next one in").isGreaterThan(now);
            return at;
        }
        running.remove();
        limits.settle(ending.reservation(), new CallUse(CallUse.End.BY_VENDOR, OptionalLong.of(ending.call().input()),
                OptionalLong.of(ending.call().output())), ending.endsNanos());
        return ending.endsNanos();
    }

    private static CallNeed need(SplittableRandom random) {
        return new CallNeed(50 + random.nextLong(800), 20 + random.nextLong(300));
    }

    private static double[] mostInASlidingMinute(List<Started> started) {
        double[] most = new double[3];
        Deque<Started> window = new ArrayDeque<>();
        double input = 0;
        double output = 0;
        for (Started call : started) {
            window.add(call);
            input += call.input();
            output += call.output();
            while (call.atNanos() - window.element().atNanos() > MINUTE) {
                Started lapsed = window.remove();
                input -= lapsed.input();
                output -= lapsed.output();
            }
            most[0] = Math.max(most[0], window.size());
            most[1] = Math.max(most[1], input);
            most[2] = Math.max(most[2], output);
        }
        return most;
    }

    @Test
    void aCallThatWasNotMadeGivesEverythingBack() {
        DeploymentLimits limits = new DeploymentLimits(limit(1, 1));
        for (int i = 0; i < 100; i++) {
            assertThat(limits.check(SMALL, i)).isEqualTo(LimitVerdict.NOW);
            limits.settle(limits.reserve(SMALL, i), CallUse.NOT_MADE, i);
        }
        limits.settle(limits.reserve(SMALL, 200), used(), 201);
        assertThat(limits.check(SMALL, 202)).isInstanceOfSatisfying(LimitVerdict.At.class,
                at -> assertThat(at.nanos()).isBetween(60 * SECOND, 61 * SECOND));
    }

    @Test
    void aCallWaitsForWhatMayNotBeUsedNowAndNeverFitsBeyondTheWhole() {
        DeploymentLimits limits = new DeploymentLimits(limit(5, 10));
        limits.use(new Amounts(2, 10, Amounts.UNLIMITED, Amounts.UNLIMITED));
        limits.reserve(SMALL, 0);
        limits.reserve(SMALL, 0);
        assertThat(limits.check(SMALL, 0)).isEqualTo(LimitVerdict.ON_RELEASE);
        limits.use(Amounts.NONE);
        assertThat(limits.check(SMALL, 0)).isEqualTo(LimitVerdict.ON_RELEASE);
        limits.use(limits.most().times(1));
        assertThat(limits.check(SMALL, 0)).isEqualTo(LimitVerdict.NOW);
        DeploymentLimits small = new DeploymentLimits(new Deployment.Limits(OptionalInt.of(5), OptionalInt.of(10),
                OptionalInt.of(9), OptionalInt.empty()));
        assertThat(small.check(SMALL, 0)).isInstanceOf(LimitVerdict.Never.class);
        DeploymentLimits lent = new DeploymentLimits(new Deployment.Limits(OptionalInt.of(5), OptionalInt.of(10),
                OptionalInt.of(9), OptionalInt.empty()), new Amounts(10, 20, 18, Amounts.UNLIMITED));
        assertThat(lent.check(SMALL, 0)).isEqualTo(LimitVerdict.ON_RELEASE);
        lent.use(new Amounts(10, 20, 18, Amounts.UNLIMITED));
        assertThat(lent.check(SMALL, 0)).isEqualTo(LimitVerdict.NOW);
    }

    @Test
    void aRefusalForItsRateIsObeyedAtOnceAndThenCallsGrowFromHalf() {
        DeploymentLimits limits = new DeploymentLimits(limit(100, 100_000));
        List<Reservation> running = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            running.add(limits.reserve(SMALL, 0));
        }
        limits.settle(running.getLast(), used(), SECOND);
        limits.throttled(running.removeLast(), Optional.of(Duration.ofSeconds(2)), SECOND);
        assertThat(limits.check(SMALL, 3 * SECOND - 1)).isInstanceOf(LimitVerdict.At.class);
        running.forEach(each -> limits.settle(each, used(), 2 * SECOND));
        for (int i = 0; i < 3; i++) {
            assertThat(limits.check(SMALL, 3 * SECOND)).isEqualTo(LimitVerdict.NOW);
            running.set(i, limits.reserve(SMALL, 3 * SECOND));
        }
        assertThat(limits.check(SMALL, 3 * SECOND)).as("half of the 7 that ran").isEqualTo(LimitVerdict.ON_RELEASE);
        limits.answered(running.getFirst());
        assertThat(limits.check(SMALL, 3 * SECOND)).isEqualTo(LimitVerdict.NOW);
    }

    @Test
    void refusalsWithoutADelayPauseLongerEachTimeInARow() {
        DeploymentLimits limits = new DeploymentLimits(limit(100, 100_000));
        long now = SECOND;
        for (long seconds : new long[]{1, 2, 4, 8, 16, 30, 30}) {
            Reservation call = limits.reserve(SMALL, now);
            limits.settle(call, used(), now + 1);
            limits.throttled(call, Optional.empty(), now + 1);
            assertThat(limits.check(SMALL, now + seconds * SECOND)).isInstanceOf(LimitVerdict.At.class);
            now += seconds * SECOND + 2;
        }
    }

    @Test
    void whatTheVendorSaysIsLeftIsObeyedAtOnceAndRefills() {
        DeploymentLimits limits = new DeploymentLimits(limit(100, 600));
        limits.heard(new VendorSignals(new Remaining(OptionalLong.of(0), Optional.of(Duration.ofSeconds(60))),
                Remaining.UNKNOWN, Remaining.UNKNOWN, Remaining.UNKNOWN), SECOND);
        assertThat(limits.check(SMALL, SECOND)).isInstanceOfSatisfying(LimitVerdict.At.class,
                at -> assertThat(at.nanos()).as("600 a minute refill one in 0.1 s").isEqualTo(SECOND + SECOND / 10));
        limits.heard(new VendorSignals(Remaining.UNKNOWN, Remaining.UNKNOWN, Remaining.UNKNOWN,
                new Remaining(OptionalLong.of(5), Optional.of(Duration.ofSeconds(3)))), 2 * SECOND);
        assertThat(limits.check(SMALL, 5 * SECOND - 1)).as("of an unknown limit nothing refills before its reset")
                .isInstanceOf(LimitVerdict.At.class);
        assertThat(limits.check(SMALL, 5 * SECOND)).isEqualTo(LimitVerdict.NOW);
    }

    private static CallUse used() {
        return new CallUse(CallUse.End.BY_VENDOR, OptionalLong.empty(), OptionalLong.empty());
    }

    private static Deployment.Limits limit(int concurrency, int requestsPerMinute) {
        return new Deployment.Limits(OptionalInt.of(concurrency), OptionalInt.of(requestsPerMinute),
                OptionalInt.empty(), OptionalInt.empty());
    }
}
