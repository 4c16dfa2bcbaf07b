package dev.signalbox.workers.router;

import static dev.signalbox.workers.TestConfiguration.MODEL;
import static dev.signalbox.workers.TestConfiguration.POOL;
import static dev.signalbox.workers.TestConfiguration.one;
import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.Deployment;
import dev.signalbox.config.Residency;
import dev.signalbox.config.Strategy;
import dev.signalbox.workers.TestConfiguration;
import dev.signalbox.workers.router.PermitDesk.Answer.Granted;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What the router costs a request: to decide, take a permit and settle it, with every limit set. */
@Tag("issue-3")
@Tag("benchmark")
class RoutingCostTest {
    private static final int CALLS = 100_000;
    private static final long MOST_NANOS = 10_000;

    @Test
    void decidingAcquiringAndSettlingTakesLessThanTenMicroseconds() {
        List<Strategy> members = List.of(one("a"), one("b"), one("c"));
        for (Strategy strategy : List.of(new Strategy.Sequence(members), new Strategy.LatencyBased(members),
                new Strategy.LoadBalanced(members.stream().map(each -> new Strategy.Weighted(each, 1)).toList()))) {
            PermitDesk desk = new PermitDesk(configuration(strategy), new SplittableRandom(1));
            long best = Long.MAX_VALUE;
            for (int round = 0; round < 6; round++) {
                long start = System.nanoTime();
                for (int i = 0; i < CALLS; i++) {
                    call(desk, i);
                }
                best = Math.min(best, (System.nanoTime() - start) / CALLS);
            }
            System.out.println("decide + acquire + settle, " + strategy.label() + ": " + best + " ns");
            assertThat(best).as(strategy.label()).isLessThan(MOST_NANOS);
        }
    }

    private static void call(PermitDesk desk, int i) {
        long now = System.nanoTime();
        RoutingQuery query = new RoutingQuery(POOL, MODEL, "any", List.of(),
                new RoutingQuery.Needs(false, false, false, 100, OptionalInt.of(100), Map.of()),
                java.time.LocalDate.EPOCH, i * 0x9E3779B97F4A7C15L);
        Granted granted = (Granted) desk.ask(query, CallAsk.FIRST, null, now);
        desk.firstToken(granted.permit(), 1_000, now);
        desk.ended(granted.permit(), new CallUse(CallUse.End.BY_VENDOR, OptionalLong.of(90), OptionalLong.of(80)),
                new CallLesson.Answered(80, 1_000), now + 1_000);
    }

    private static Configuration configuration(Strategy strategy) {
        return TestConfiguration.routing(strategy, Residency.ANYWHERE, limited("a"), limited("b"), limited("c"));
    }

    private static Deployment limited(String place) {
        OptionalInt most = OptionalInt.of(Integer.MAX_VALUE);
        Deployment free = TestConfiguration.deployment(place);
        return new Deployment(free.name(), free.vendor(), free.baseUrl(), free.modelId(), free.region(), free.account(),
                free.credentials(), new Deployment.Limits(most, most, most, most), Map.of(), free.failureDomains(),
                free.timeouts(), free.capabilities());
    }
}
