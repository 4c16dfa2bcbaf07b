package dev.signalbox.workers.router;

import static dev.signalbox.workers.TestConfiguration.deployment;
import static dev.signalbox.workers.TestConfiguration.one;
import static dev.signalbox.workers.TestConfiguration.routing;
import static dev.signalbox.workers.router.DeskSimulation.MILLI;
import static dev.signalbox.workers.router.DeskSimulation.SECOND;
import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.Deployment;
import dev.signalbox.config.Residency;
import dev.signalbox.config.Strategy;
import dev.signalbox.workers.router.DeskSimulation.Served;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The bars for routing, in virtual time. */
@Tag("issue-3")
class RoutingSimulationTest {
    private static final Strategy BY_LATENCY = new Strategy.LatencyBased(List.of(one("a"), one("b")));
    private static final Strategy BALANCED = new Strategy.LoadBalanced(
            List.of(new Strategy.Weighted(one("a"), 70), new Strategy.Weighted(one("b"), 30)));
    private static final Strategy SEQUENCE = new Strategy.Sequence(List.of(one("a"), one("b")));

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void aLoadBalanceOfSeventyToThirtyHoldsWithinAPercentOverAThousandPicks(long seed) {
        DeskSimulation run = new DeskSimulation(two(BALANCED), (place, running, now, random) -> noise(60, random),
                seed);
        run.run(100, 60 * SECOND);
        for (int from = 0; from + 1_000 <= run.calls.size(); from += 250) {
            long toA = run.calls.stream().sorted((x, y) -> Long.compare(x.startNanos(), y.startNanos())).skip(from)
                    .limit(1_000).filter(call -> call.deployment().place().equals("a")).count();
            assertThat(toA).as("seed %d, from %d", seed, from).isBetween(690L, 710L);
        }
    }

    /** a becomes 5 times slower at 60 s: within 10 s at least 90 % of the traffic is on b, and stays there. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void aLatencyStepMovesNinetyPercentOfTheTrafficInTenSecondsWithoutOscillation(long seed) {
        DeskSimulation run = new DeskSimulation(two(BY_LATENCY),
                (place, running, now, random) -> noise(place.place().equals("a") && now > 60 * SECOND ? 1_000 : 200,
                        random),
                seed);
        run.run(50, 180 * SECOND);
        assertThat(run.share("a", 20 * SECOND, 60 * SECOND)).as("before, seed %d", seed).isBetween(0.4, 0.6);
        assertThat(run.share("b", 70 * SECOND, 180 * SECOND)).as("after, seed %d", seed).isGreaterThan(0.9);
        for (long from = 70; from < 175; from += 5) {
            assertThat(run.share("b", from * SECOND, (from + 5) * SECOND)).as("seed %d, at %d s", seed, from)
                    .isGreaterThan(0.85);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void aDeploymentThatBecameFastAgainGetsItsTrafficBack(long seed) {
        DeskSimulation run = new DeskSimulation(two(BY_LATENCY), (place, running, now, random) -> noise(
                place.place().equals("a") && now > 30 * SECOND && now < 60 * SECOND ? 1_000 : 200, random), seed);
        run.run(50, 150 * SECOND);
        assertThat(run.share("a", 90 * SECOND, 150 * SECOND)).as("seed %d", seed).isBetween(0.35, 0.65);
    }

    /** One of two is down for a minute: nearly all are served, and once its breaker is open hardly anything is added. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void oneOfTwoFullyDownIsHardlyNoticed(long seed) {
        for (Strategy strategy : List.of(BY_LATENCY, BALANCED, SEQUENCE)) {
            DeskSimulation run = new DeskSimulation(two(strategy), (place, running, now,
                    random) -> place.place().equals("a") && now > 30 * SECOND && now < 90 * SECOND
                            ? -noise(20, random)
                            : noise(60, random),
                    seed);
            run.run(200, 120 * SECOND);
            String as = strategy.label() + ", seed " + seed;
            long all = run.served.size();
            long ok = run.served.stream().filter(each -> each.nanos() >= 0).count();
            assertThat((double) ok / all).as(as).isGreaterThanOrEqualTo(0.999);
            double before = run.percentileMillis(5 * SECOND, 30 * SECOND, 0.5);
            assertThat(run.percentileMillis(31 * SECOND, 90 * SECOND, 0.5) - before).as("median added, %s", as)
                    .isLessThan(5);
            double meanAdded = mean(run.served, 31 * SECOND, 90 * SECOND) - mean(run.served, 5 * SECOND, 30 * SECOND);
            assertThat(meanAdded).as("mean added, %s", as).isLessThan(5);
            System.out.printf("one of two down (simulated), %s: %.3f %% of %d served, %.2f ms added on average%n", as,
                    100.0 * ok / all, all, meanAdded);
            long toSick = run.calls.stream().filter(call -> call.deployment().place().equals("a"))
                    .filter(call -> call.startNanos() > 31 * SECOND && call.startNanos() < 90 * SECOND).count();
            assertThat(toSick).as("trials only, %s", as).isLessThan(10);
            assertThat(run.share("a", 111 * SECOND, 120 * SECOND)).as("back, %s", as).isGreaterThan(0.3);
        }
    }

    /** A fifth of the calls fails at random: no permit stays behind. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2})
    void thousandsOfFailingAttemptsLeakNoPermit(long seed) {
        Configuration configuration = two(BALANCED, new Deployment.Limits(OptionalInt.of(7), OptionalInt.empty(),
                OptionalInt.empty(), OptionalInt.empty()));
        DeskSimulation run = new DeskSimulation(configuration, (place, running, now, random) -> {
            assertThat(running).isLessThanOrEqualTo(7);
            return random.nextInt(5) > 0 ? noise(5, random) : -noise(5, random);
        }, seed);
        run.run(300, 40 * SECOND);
        assertThat(run.calls.stream().filter(call -> !call.answered()).count()).isGreaterThan(2_000);
        for (Deployment each : configuration.deployments().values()) {
            assertThat(run.desk.view(each, 0).running()).isZero();
            assertThat(run.desk.view(each, 0).waiting()).isZero();
        }
    }

    /** More demand than one worker's limits admit, over several workers with static shares of them. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void staticSharesOfSeveralWorkersSumUpToTheLimitAndAreUsed(long seed) {
        Deployment.Limits limits = new Deployment.Limits(OptionalInt.of(40), OptionalInt.of(1_200), OptionalInt.empty(),
                OptionalInt.empty());
        int workers = 3;
        long[] starts = new long[0];
        for (int worker = 0; worker < workers; worker++) {
            DeskSimulation run = new DeskSimulation(two(SEQUENCE, limits),
                    (place, running, now, random) -> noise(100, random), seed * 10 + worker);
            run.desk.share(dev.signalbox.workers.TestConfiguration.POOL, 1.0 / workers);
            run.run(18, 180 * SECOND);
            starts = java.util.stream.LongStream.concat(java.util.Arrays.stream(starts),
                    run.calls.stream().filter(call -> call.deployment().place().equals("a"))
                            .mapToLong(DeskSimulation.Call::startNanos))
                    .toArray();
        }
        java.util.Arrays.sort(starts);
        int from = 0;
        int most = 0;
        for (int to = 0; to < starts.length; to++) {
            while (starts[to] - starts[from] > 60 * SECOND) {
                from++;
            }
            most = Math.max(most, to - from + 1);
        }
        assertThat(most).as("seed %d", seed).isBetween(1_080, 1_200);
    }

    private static double mean(List<Served> served, long from, long to) {
        return served.stream().filter(each -> each.arrivedNanos() >= from && each.arrivedNanos() < to)
                .mapToLong(Served::nanos).average().orElseThrow() / 1e6;
    }

    private static long noise(double millis, SplittableRandom random) {
        return (long) (millis * MILLI * (0.8 + 0.4 * random.nextDouble()));
    }

    private static Configuration two(Strategy strategy) {
        return routing(strategy, Residency.ANYWHERE, deployment("a"), deployment("b"));
    }

    private static Configuration two(Strategy strategy, Deployment.Limits limits) {
        return routing(strategy, Residency.ANYWHERE, limited("a", limits), limited("b", limits));
    }

    private static Deployment limited(String place, Deployment.Limits limits) {
        Deployment free = deployment(place);
        return new Deployment(free.name(), free.vendor(), free.baseUrl(), free.modelId(), free.region(), free.account(),
                free.credentials(), limits, Map.of(), free.failureDomains(), free.timeouts(), free.capabilities());
    }
}
