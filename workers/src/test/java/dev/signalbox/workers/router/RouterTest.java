package dev.signalbox.workers.router;

import static dev.signalbox.workers.TestConfiguration.deployment;
import static dev.signalbox.workers.TestConfiguration.one;
import static dev.signalbox.workers.TestConfiguration.routing;
import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.Deployment;
import dev.signalbox.config.Residency;
import dev.signalbox.config.Strategy;
import dev.signalbox.workers.TestConfiguration;
import dev.signalbox.workers.router.RouteDecision.Routed;
import dev.signalbox.workers.router.RouteDecision.Unroutable;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class RouterTest {
    private static final Deployment A = deployment("a");
    private static final Deployment B = deployment("b");
    private static final Deployment C = deployment("c");

    @Test
    void aSequenceIsTriedInItsOrder() {
        Routed routed = routed(
                routing(new Strategy.Sequence(List.of(one("b"), one("a"), one("c"))), Residency.ANYWHERE, A, B, C));

        assertThat(routed.fit()).containsExactly(B, A, C);
        assertThat(routed.strategy()).isEqualTo("sequence");
    }

    @Test
    void aLoadBalanceIsExactOverItsWindowAndTriesTheOthersByWeight() {
        var balanced = new Strategy.LoadBalanced(List.of(new Strategy.Weighted(one("a"), 70),
                new Strategy.Weighted(one("b"), 20), new Strategy.Weighted(one("c"), 10)));
        Router router = router(routing(balanced, Residency.ANYWHERE, A, B, C));

        Map<Deployment, Integer> firsts = new HashMap<>();
        for (int i = 0; i < 1_000; i++) {
            Routed routed = (Routed) decide(router, query(TestConfiguration.MODEL));
            firsts.merge(routed.fit().getFirst(), 1, Integer::sum);
            assertThat(routed.fit()).hasSize(3);
            if (routed.fit().getFirst().equals(C)) {
                assertThat(routed.fit()).containsExactly(C, A, B);
            }
        }

        assertThat(firsts).containsEntry(A, 700).containsEntry(B, 200).containsEntry(C, 100);
    }

    @Test
    void anUnfitMemberOfALoadBalanceLeavesItsTurnsToTheOthers() {
        var noImages = deployment("a", new Deployment.Capabilities(OptionalInt.empty(), false, true, true));
        var balanced = new Strategy.LoadBalanced(List.of(new Strategy.Weighted(one("a"), 80),
                new Strategy.Weighted(one("b"), 10), new Strategy.Weighted(one("c"), 10)));
        Router router = router(routing(balanced, Residency.ANYWHERE, noImages, B, C));
        var query = new RoutingQuery(TestConfiguration.POOL, TestConfiguration.MODEL, "any", List.of(),
                new RoutingQuery.Needs(true, false));

        Map<Deployment, Integer> firsts = new HashMap<>();
        for (int i = 0; i < 100; i++) {
            firsts.merge(((Routed) decide(router, query)).fit().getFirst(), 1, Integer::sum);
        }

        assertThat(firsts).containsEntry(B, 50).containsEntry(C, 50).doesNotContainKey(noImages);
    }

    @Test
    void strategiesNestAndADeploymentNamedTwiceIsTriedOnce() {
        var nested = new Strategy.Sequence(List.of(
                new Strategy.LoadBalanced(
                        List.of(new Strategy.Weighted(one("a"), 1), new Strategy.Weighted(one("b"), 1))),
                one("c"), one("a")));
        Router router = router(routing(nested, Residency.ANYWHERE, A, B, C));

        assertThat(((Routed) decide(router, query(TestConfiguration.MODEL))).fit()).containsExactly(A, B, C);
        assertThat(((Routed) decide(router, query(TestConfiguration.MODEL))).fit()).containsExactly(B, A, C);
    }

    @Test
    void residencyMakesADeploymentUnfitAndSaysSo() {
        var onlyB = new Residency(Set.of("b"), Set.of(), Set.of());
        Routed routed = routed(routing(new Strategy.Sequence(List.of(one("a"), one("b"))), onlyB, A, B));

        assertThat(routed.fit()).containsExactly(B);
        assertThat(routed.candidates().getLast().unfit()).hasValue("not allowed by the route's residency rule");
    }

    @Test
    void whereNothingCanServeEveryCandidateIsNamedWithItsReason() {
        Router router = router(routing(one("a"), Residency.ANYWHERE, A));
        var query = new RoutingQuery(TestConfiguration.POOL, TestConfiguration.MODEL, "any",
                List.of(new Residency(Set.of(), Set.of("elsewhere"), Set.of())), RoutingQuery.Needs.NONE);

        assertThat(decide(router, query)).isInstanceOfSatisfying(Unroutable.class, unroutable -> {
            assertThat(unroutable.code()).isEqualTo("NO_FIT_DEPLOYMENT");
            assertThat(unroutable.message()).contains("a/m").contains("residency");
        });
        assertThat(decide(router, query("unheard-of"))).isInstanceOfSatisfying(Unroutable.class,
                unroutable -> assertThat(unroutable.code()).isEqualTo("NO_ROUTE"));
    }

    private static Routed routed(Configuration configuration) {
        return (Routed) decide(router(configuration), query(TestConfiguration.MODEL));
    }

    private static RoutingQuery query(String model) {
        return new RoutingQuery(TestConfiguration.POOL, model, "any", List.of(), RoutingQuery.Needs.NONE);
    }

    private static Router router(Configuration configuration) {
        return new Router(configuration, new DeploymentStates(configuration), new SplittableRandom(1));
    }

    private static RouteDecision decide(Router router, RoutingQuery query) {
        return router.decide(query, CallAsk.FIRST, null, 0);
    }
}
