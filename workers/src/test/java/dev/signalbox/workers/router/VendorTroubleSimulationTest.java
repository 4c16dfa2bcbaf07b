package dev.signalbox.workers.router;

import static dev.signalbox.workers.TestConfiguration.deployment;
import static dev.signalbox.workers.TestConfiguration.one;
import static dev.signalbox.workers.TestConfiguration.routing;
import static dev.signalbox.workers.router.DeskSimulation.MILLI;
import static dev.signalbox.workers.router.DeskSimulation.SECOND;
import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.DeploymentName;
import dev.signalbox.config.Residency;
import dev.signalbox.config.Strategy;
import dev.signalbox.schemas.avro.DeploymentState;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Short forms of K14 and K17, in virtual time, as three workers that know nothing of each other see it. */
@Tag("issue-5")
class VendorTroubleSimulationTest {
    private static final int WORKERS = 3;
    private static final double RATE = 15;
    private static final long TROUBLE = 60;
    private static final long END = 380;
    private static final Strategy BY_LATENCY = new Strategy.LatencyBased(List.of(one("a"), one("b")));
    private static final Strategy SEQUENCE = new Strategy.Sequence(List.of(one("a"), one("b")));

    /** How a vendor that answers in 200 ms becomes slower. */
    enum Slowness {
        /** Five times at once. */
        STEP {
            @Override
            double millis(double seconds) {
                return 1_000;
            }
        },
        /** To ten times within 10 s. */
        RAMP {
            @Override
            double millis(double seconds) {
                return 200 + Math.min(1, seconds / 10) * 1_800;
            }
        },
        /** Twenty times, for one second of each three. */
        SPIKES {
            @Override
            double millis(double seconds) {
                return seconds % 3 < 1 ? 4_000 : 600;
            }
        };

        abstract double millis(double seconds);
    }

    /** K14: within 10 s 90 % of the traffic is elsewhere, and the share per 10 s then stays within 10 % over 5 min. */
    @ParameterizedTest
    @EnumSource
    void trafficLeavesASlowVendorInTenSecondsAndDoesNotOscillate(Slowness slowness) {
        List<DeskSimulation> fleet = new ArrayList<>();
        for (int worker = 0; worker < WORKERS; worker++) {
            DeskSimulation run = new DeskSimulation(two(BY_LATENCY), (place, running, now, random) -> {
                double since = now / (double) SECOND - TROUBLE;
                return noise(place.place().equals("a") && since > 0 ? slowness.millis(since) : 200, random);
            }, 100 + worker);
            run.run(RATE, END * SECOND);
            fleet.add(run);
        }
        // A ramp is a slow vendor once it has got slow.
        long left = TROUBLE + (slowness == Slowness.RAMP ? 20 : 10);
        double[] shares = LongStream.iterate(left, from -> from + 10 <= left + 300, from -> from + 10)
                .mapToDouble(from -> share(fleet, from, from + 10)).toArray();
        double mean = LongStream.range(0, shares.length).mapToDouble(i -> shares[(int) i]).average().orElseThrow();
        double deviation = Math.sqrt(LongStream.range(0, shares.length)
                .mapToDouble(i -> Math.pow(shares[(int) i] - mean, 2)).average().orElseThrow());
        System.out.printf(
                "K14 (simulated), %s: %.1f %% moved in the first 10 s after, %.1f %% on average, deviation %.1f %%%n",
                slowness, 100 * shares[0], 100 * mean, 100 * deviation);
        assertThat(share(fleet, 20, TROUBLE)).as("before").isBetween(0.4, 0.6);
        assertThat(shares[0]).as("moved").isGreaterThanOrEqualTo(0.9);
        assertThat(deviation).as("standard deviation of the share per 10 s").isLessThan(0.1);
    }

    private static double share(List<DeskSimulation> fleet, long from, long to) {
        return fleet.stream().mapToDouble(run -> run.share("b", from * SECOND, to * SECOND)).average().orElseThrow();
    }

    /**
     * K17: a quarter of the calls to the preferred deployment fail for two hours. The dispatcher tells within 30 s that it is degraded
     * ({@code HealthModelTest} has its side); without it the workers lose nothing either, but pay for each failure.
     */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aBrownOutOfThePreferredDeploymentCostsLittleAndLosesNothing(boolean dispatcher) {
        long requests = 0;
        long answered = 0;
        long calls = 0;
        for (int worker = 0; worker < WORKERS; worker++) {
            BrownOut vendors = new BrownOut(dispatcher);
            DeskSimulation run = new DeskSimulation(two(SEQUENCE), vendors, 10 + worker);
            vendors.desk = Optional.of(run.desk);
            run.run(1, 7_200 * SECOND);
            requests += run.served.size();
            answered += run.served.stream().filter(each -> each.nanos() >= 0).count();
            calls += run.calls.size();
        }
        double extra = (double) (calls - requests) / requests;
        System.out.printf("K17 (simulated), dispatcher %s: %d of %d answered with %.1f %% extra calls%n",
                dispatcher ? "there" : "away", answered, requests, 100 * extra);
        assertThat((double) answered / requests).as("answered").isGreaterThanOrEqualTo(0.9999);
        assertThat(extra).as("extra calls").isLessThanOrEqualTo(dispatcher ? 0.2 : 0.34);
    }

    /** A fails one call in four; the fleet's view of it comes each 5 s, as the dispatcher publishes it. */
    private static final class BrownOut implements DeskSimulation.VendorModel {
        private static final DeploymentName SICK = deployment("a").name();
        private final boolean dispatcher;
        private Optional<PermitDesk> desk = Optional.empty();
        private long toldNanos;

        BrownOut(boolean dispatcher) {
            this.dispatcher = dispatcher;
        }

        @Override
        public long call(DeploymentName called, int inFlight, long nowNanos, SplittableRandom random) {
            if (dispatcher && nowNanos > 30 * SECOND && nowNanos - toldNanos >= 5 * SECOND) {
                toldNanos = nowNanos;
                desk.orElseThrow().told(SICK, new FleetView(Optional.of(DeploymentState.DEGRADED), BreakerState.CLOSED,
                        nowNanos / MILLI, nowNanos, 30 * SECOND, 0, ProbeRight.NONE, false, Double.NaN, Double.NaN),
                        nowNanos);
            }
            return called.equals(SICK) && random.nextInt(4) == 0 ? -noise(100, random) : noise(200, random);
        }
    }

    private static long noise(double millis, SplittableRandom random) {
        return (long) (millis * MILLI * (0.8 + 0.4 * random.nextDouble()));
    }

    private static Configuration two(Strategy strategy) {
        return routing(strategy, Residency.ANYWHERE, deployment("a"), deployment("b"));
    }
}
