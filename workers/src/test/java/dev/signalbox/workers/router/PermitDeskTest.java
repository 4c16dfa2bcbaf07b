package dev.signalbox.workers.router;

import static dev.signalbox.workers.TestConfiguration.MODEL;
import static dev.signalbox.workers.TestConfiguration.POOL;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.ConfigurationReader;
import dev.signalbox.config.ReadResult;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.workers.router.CallLesson.Blame;
import dev.signalbox.workers.router.PermitDesk.Answer;
import dev.signalbox.workers.router.PermitDesk.Answer.Busy;
import dev.signalbox.workers.router.PermitDesk.Answer.Granted;
import dev.signalbox.workers.router.RouteDecision.Routed;
import dev.signalbox.workers.router.RouteDecision.Rule;
import dev.signalbox.workers.router.RouteDecision.Unroutable;
import java.time.Duration;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-3")
class PermitDeskTest {
    private static final long SECOND = 1_000_000_000L;
    private static final CallUse USED = new CallUse(CallUse.End.BY_VENDOR, OptionalLong.empty(), OptionalLong.empty());
    private static final CallLesson ANSWERED = new CallLesson.Answered(10, 0);
    private static final CallLesson SERVICE_DEAD = new CallLesson.Failed(Blame.SERVICE_AT_ONCE, Optional.empty());

    private final long now = 100 * SECOND;

    private static Configuration configuration(String routes, String deployments) {
        return configuration("main: { use_cases: [otherwise], priorities: [standard] }", routes, deployments);
    }

    private static Configuration configuration(String pools, String routes, String deployments) {
        String yaml = """
                environment: test
                pools:
                %s
                deployments:
                %s
                routes:
                %s
                """.formatted(pools.indent(2), deployments.indent(2), routes.indent(2));
        return switch (ConfigurationReader.read("test.yaml", yaml, name -> Optional.of("k"))) {
            case ReadResult.Valid valid -> valid.configuration();
            case ReadResult.Invalid invalid -> throw new AssertionError(invalid.problems().toString());
        };
    }

    private static PermitDesk desk(Configuration configuration) {
        return new PermitDesk(configuration, new SplittableRandom(1));
    }

    private static String deployment(String name, String more) {
        return name + ": { vendor: openai, base_url: \"http://127.0.0.1:1/v1\", model_id: x" + more + " }\n";
    }

    private static final String TWO = deployment("a.x/m", ", limits: { concurrency: 2 }") + deployment("b.x/m", "")
            + deployment("a.x/other", "");
    private static final String FALLBACK = """
            m: { test: { otherwise: { sequence: [a.x], fallback_models: [{ model: other, overflow: 50%, parameters: { temperature: 0 } }], on_context_window: [other], on_content_filter: [other] } } }
            other: { test: { otherwise: { sequence: [a.x] } } }
            """;

    private static RoutingQuery query(long key) {
        return query(key, RoutingQuery.Needs.NONE);
    }

    private static RoutingQuery query(long key, RoutingQuery.Needs needs) {
        return new RoutingQuery(POOL, MODEL, "any", List.of(), needs, LocalDate.EPOCH, key);
    }

    private static RoutingQuery.Needs tokens(long input, int output) {
        return new RoutingQuery.Needs(false, false, false, input, OptionalInt.of(output), Map.of());
    }

    private static CallAsk by(Rule rule) {
        return new CallAsk(rule, Set.of(), Set.of(), Optional.empty(), true);
    }

    private static String place(Answer answer) {
        return ((Granted) answer).permit().deployment().name().toString();
    }

    @Test
    void thoseWhoWaitAreServedInTheOrderOfTheirArrivalAndBeforeNewcomers() {
        PermitDesk desk = desk(configuration("m: { test: { otherwise: { sequence: [a.x] } } }", TWO));
        Granted first = (Granted) desk.ask(query(1), CallAsk.FIRST, null, now);
        Granted second = (Granted) desk.ask(query(2), CallAsk.FIRST, null, now);
        List<Waiter> waiters = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            Answer.Busy busy = (Answer.Busy) desk.ask(query(10 + i), CallAsk.FIRST, null, now);
            waiters.add(new Waiter());
            desk.enqueue(waiters.getLast(), busy.routed(), POOL);
        }

        assertThat(desk.ended(first.permit(), USED, ANSWERED, now)).containsExactly(waiters.getFirst());
        assertThat(desk.ask(query(99), CallAsk.FIRST, null, now)).as("a newcomer").isInstanceOf(Answer.Busy.class);
        assertThat(desk.ask(query(11), CallAsk.FIRST, waiters.get(1), now)).isInstanceOf(Answer.Busy.class);
        assertThat(desk.ask(query(10), CallAsk.FIRST, waiters.get(0), now)).isInstanceOf(Granted.class);
        assertThat(desk.leave(waiters.get(0))).containsExactly(waiters.get(1));
        desk.ended(second.permit(), USED, ANSWERED, now);
        assertThat(desk.ask(query(11), CallAsk.FIRST, waiters.get(1), now)).isInstanceOf(Granted.class);
    }

    @Test
    void aPermitEndsOnce() {
        PermitDesk desk = desk(configuration("m: { test: { otherwise: { sequence: [a.x] } } }", TWO));
        Permit permit = ((Granted) desk.ask(query(1), CallAsk.FIRST, null, now)).permit();
        desk.ended(permit, USED, ANSWERED, now);
        assertThatThrownBy(() -> desk.ended(permit, USED, ANSWERED, now)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void aBusyDeploymentGivesItsTurnToTheNext() {
        PermitDesk desk = desk(configuration("m: { test: { otherwise: { sequence: [a.x, b.x] } } }", TWO));
        List<String> places = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            places.add(place(desk.ask(query(i), CallAsk.FIRST, null, now)));
        }
        assertThat(places).containsExactly("a.x/m", "a.x/m", "b.x/m", "b.x/m");
    }

    @Test
    void overflowTakesItsPartOfTheRequestsWhileTheFirstModelIsBusy() {
        PermitDesk desk = desk(configuration(FALLBACK, TWO));
        desk.ask(query(1), CallAsk.FIRST, null, now);
        desk.ask(query(2), CallAsk.FIRST, null, now);
        SplittableRandom random = new SplittableRandom(5);
        int over = 0;
        for (int i = 0; i < 1_000; i++) {
            if (desk.ask(query(random.nextLong()), CallAsk.FIRST, null, now) instanceof Granted granted) {
                assertThat(granted.candidate().change().orElseThrow().overrides()).containsEntry("temperature", 0);
                over++;
            }
        }
        assertThat(over).isBetween(450, 550);
    }

    /** Once they waited for the first model's calls alone, and the fallback model's that ended woke nobody. */
    @Test
    void whoMayOverflowWaitsForABusyFallbackModelToo() {
        PermitDesk desk = desk(configuration(FALLBACK,
                deployment("a.x/m", ", limits: { concurrency: 1 }")
                        + deployment("a.x/other", ", limits: { concurrency: 1 }")));
        long over = 1;
        long stays = -1;
        assertThat(place(desk.ask(query(over), CallAsk.FIRST, null, now))).isEqualTo("a.x/m");
        Granted other = (Granted) desk.ask(query(over), CallAsk.FIRST, null, now);
        assertThat(other.permit().deployment().name()).hasToString("a.x/other");

        assertThat(awaited(desk.ask(query(over), CallAsk.FIRST, null, now))).containsExactly("a.x/m", "a.x/other");
        assertThat(awaited(desk.ask(query(stays), CallAsk.FIRST, null, now))).containsExactly("a.x/m");
        desk.ended(other.permit(), USED, CallLesson.NOTHING, now);
        assertThat(place(desk.ask(query(over), CallAsk.FIRST, null, now))).isEqualTo("a.x/other");
    }

    private static List<String> awaited(Answer answer) {
        Routed routed = ((Busy) answer).routed();
        return routed.candidates().stream().filter(routed::isAwaited)
                .map(candidate -> candidate.deployment().name().toString()).toList();
    }

    @Test
    void whereAllAreEjectedTheFallbackModelServesAndThenOneCallTriesThem() {
        PermitDesk desk = desk(configuration(FALLBACK, TWO));
        eject(desk, "a.x/m", Rule.STRATEGY);
        Granted other = (Granted) desk.ask(query(1), CallAsk.FIRST, null, now + 1);
        assertThat(other.permit().deployment().name()).hasToString("a.x/other");
        assertThat(Explanation.reason(other.routed(), other.candidate())).contains("as fallback model");

        desk.ended(other.permit(), USED, SERVICE_DEAD, now + 2);
        Busy waits = (Busy) desk.ask(query(2), CallAsk.FIRST, null, now + 3);
        assertThat(waits.routed().isAwaited(waits.routed().candidates().getFirst())).isTrue();
        assertThat(waits.untilNanos()).as("when the first may be tried").isEqualTo(now + 5 * SECOND);
        Granted trial = (Granted) desk.ask(query(2), CallAsk.FIRST, null, now + 5 * SECOND);
        assertThat(trial.permit().isTrial()).isTrue();
        assertThat(desk.ask(query(3), CallAsk.FIRST, null, now + 5 * SECOND)).isNotEqualTo(trial).isInstanceOfAny(
                Busy.class, Granted.class);
    }

    @Test
    void anEjectedDeploymentIsTriedByOneRequestAndTheOthersGoElsewhere() {
        PermitDesk desk = desk(configuration("m: { test: { otherwise: { sequence: [a.x, b.x] } } }", TWO));
        eject(desk, "a.x/m", Rule.STRATEGY);
        assertThat(place(desk.ask(query(1), CallAsk.FIRST, null, now + 1))).isEqualTo("b.x/m");
        long later = now + 6 * SECOND;
        Granted trial = (Granted) desk.ask(query(2), CallAsk.FIRST, null, later);
        assertThat(trial.permit().isTrial()).isTrue();
        assertThat(place(desk.ask(query(3), CallAsk.FIRST, null, later))).isEqualTo("b.x/m");
        desk.ended(trial.permit(), USED, CallLesson.NOTHING, later);
        Granted next = (Granted) desk.ask(query(4), CallAsk.FIRST, null, later);
        assertThat(next.permit().isTrial()).as("an undecided trial frees its place").isTrue();
        desk.ended(next.permit(), USED, ANSWERED, later);
        assertThat(place(desk.ask(query(5), CallAsk.FIRST, null, later + 11 * SECOND))).isEqualTo("a.x/m");
    }

    private void eject(PermitDesk desk, String name, Rule rule) {
        Granted granted = (Granted) desk.ask(query(77), rule == Rule.STRATEGY ? CallAsk.FIRST : by(rule), null, now);
        assertThat(granted.permit().deployment().name()).hasToString(name);
        desk.ended(granted.permit(), USED, SERVICE_DEAD, now);
    }

    @Test
    void aCredentialThatFailsEjectsEveryDeploymentThatUsesIt() {
        String shared = deployment("a.x/m", ", credential: \"${env:A}\"")
                + deployment("b.x/m", ", credential: \"${env:A}\"")
                + deployment("c.x/m", ", credential: \"${env:C}\"");
        PermitDesk desk = desk(configuration("m: { test: { otherwise: { sequence: [a.x, b.x, c.x] } } }", shared));
        for (int i = 0; i < 2; i++) {
            Granted granted = (Granted) desk.ask(query(i), CallAsk.FIRST, null, now);
            desk.ended(granted.permit(), USED, new CallLesson.Failed(Blame.CREDENTIAL, Optional.empty()), now);
        }
        Granted next = (Granted) desk.ask(query(9), CallAsk.FIRST, null, now + 1);
        assertThat(next.permit().deployment().name()).hasToString("c.x/m");
        assertThat(next.routed().candidates().getLast().why().orElseThrow()).contains("credential");
    }

    @Test
    void aVendorsDelayParksTheDeployment() {
        PermitDesk desk = desk(configuration("m: { test: { otherwise: { sequence: [a.x, b.x] } } }", TWO));
        Granted granted = (Granted) desk.ask(query(1), CallAsk.FIRST, null, now);
        desk.ended(granted.permit(), USED, new CallLesson.Failed(Blame.RATE, Optional.of(Duration.ofSeconds(90))), now);
        assertThat(place(desk.ask(query(2), CallAsk.FIRST, null, now + 89 * SECOND))).isEqualTo("b.x/m");
        assertThat(place(desk.ask(query(3), CallAsk.FIRST, null, now + 90 * SECOND))).isEqualTo("a.x/m");
    }

    @Test
    void aRequestThatIsTooLongGoesByTheRuleForItAndOneThatFitsNowhereIsTold() {
        String windows = deployment("a.x/m", ", capabilities: { context_window: 1000 }")
                + deployment("a.x/other", ", capabilities: { context_window: 5000 }");
        PermitDesk desk = desk(configuration(FALLBACK, windows));
        Granted larger = (Granted) desk.ask(query(1, tokens(900, 200)), CallAsk.FIRST, null, now);
        assertThat(larger.permit().deployment().name()).hasToString("a.x/other");
        assertThat(larger.routed().rule()).isEqualTo(Rule.CONTEXT_WINDOW);
        assertThat(desk.ask(query(2, tokens(5_000, 1)), CallAsk.FIRST, null, now)).isInstanceOfSatisfying(
                Answer.Nowhere.class,
                nowhere -> assertThat(nowhere.unroutable().message()).contains("context window of 5000"));
    }

    @Test
    void aFilteredRequestGoesByTheRuleForIt() {
        Granted granted = (Granted) desk(configuration(FALLBACK, TWO)).ask(query(1), by(Rule.CONTENT_FILTER), null,
                now);
        assertThat(granted.permit().deployment().name()).hasToString("a.x/other");
    }

    @Test
    void theCheapestForThisRequestGoesFirstAndUnknownPricesLast() {
        String prices = deployment("a.x/m", "") + deployment("b.x/m", "") + deployment("c.x/m", "");
        Configuration priced = priced(
                configuration("m: { test: { otherwise: { cheapest: [c.x, a.x, b.x] } } }", prices),
                price("a.x/m", 1, 10), price("b.x/m", 3, 1));
        assertThat(order(priced, tokens(1_000, 10))).containsExactly("a.x/m", "b.x/m", "c.x/m");
        assertThat(order(priced, tokens(1_000, 400))).containsExactly("b.x/m", "a.x/m", "c.x/m");
    }

    /** `ptu` is reserved, one call at once, and dearer by the list than `od`. */
    private static Configuration reserved(String strategy) {
        return priced(configuration("m: { test: { otherwise: { " + strategy + " } } }",
                deployment("od.x/m", "")
                        + deployment("ptu.x/m", ", throughput: provisioned, limits: { concurrency: 1 }")),
                price("od.x/m", 1, 1), price("ptu.x/m", 50, 50));
    }

    @Test
    @Tag("issue-6")
    void provisionedThroughputGoesFirstAndOnDemandTakesTheRest() {
        PermitDesk desk = desk(reserved("cheapest: [od.x, ptu.x]"));
        Granted first = (Granted) desk.ask(query(1), CallAsk.FIRST, null, now);
        assertThat(place(first)).isEqualTo("ptu.x/m");
        assertThat(place(desk.ask(query(2), CallAsk.FIRST, null, now))).isEqualTo("od.x/m");
        assertThat(place(desk.ask(query(3), CallAsk.FIRST, null, now))).isEqualTo("od.x/m");
        desk.ended(first.permit(), USED, ANSWERED, now);
        assertThat(place(desk.ask(query(4), CallAsk.FIRST, null, now))).as("it is free again").isEqualTo("ptu.x/m");
    }

    @Test
    @Tag("issue-6")
    void otherStrategiesOrderProvisionedThroughputLikeAny() {
        RoutingQuery.Needs needs = tokens(1_000, 10);
        assertThat(order(reserved("sequence: [od.x, ptu.x]"), needs)).containsExactly("od.x/m", "ptu.x/m");
        assertThat(order(reserved("sequence: [ptu.x, od.x]"), needs)).containsExactly("ptu.x/m", "od.x/m");
        assertThat(order(reserved("load_balanced: { od.x: 3, ptu.x: 1 }"), needs)).containsExactly("od.x/m",
                "ptu.x/m");
    }

    @Test
    @Tag("issue-6")
    void aDeploymentOfOnePoolAloneIsNeverTakenForAnother() {
        String pools = """
                high: { use_cases: [talk], priorities: [standard], borrows_from: [low] }
                low: { use_cases: [otherwise], priorities: [standard] }
                """;
        String both = deployment("a.x/m", ", pools: { high: 100% }")
                + deployment("b.x/m", ", limits: { concurrency: 2 }");
        PermitDesk desk = desk(configuration(pools, "m: { test: { otherwise: { sequence: [a.x, b.x] } } }", both));
        assertThat(place(ask(desk, "high"))).isEqualTo("a.x/m");
        assertThat(place(ask(desk, "low"))).isEqualTo("b.x/m");
        assertThat(place(ask(desk, "low"))).isEqualTo("b.x/m");
        assertThat(ask(desk, "low")).as("it waits rather").isInstanceOf(Busy.class);

        PermitDesk alone = desk(configuration(pools, "m: { test: { otherwise: { sequence: [a.x] } } }", both));
        assertThat(ask(alone, "low")).isInstanceOfSatisfying(Answer.Nowhere.class,
                nowhere -> assertThat(nowhere.unroutable().message()).contains("a.x/m no capacity for pool low"));
    }

    private Answer ask(PermitDesk desk, String pool) {
        return desk.ask(new RoutingQuery(new PoolName(pool), MODEL, "any", List.of(), RoutingQuery.Needs.NONE,
                LocalDate.EPOCH, 1), CallAsk.FIRST, null, now);
    }

    private static Configuration priced(Configuration plain, dev.signalbox.config.PriceTable.Price... prices) {
        return new Configuration(plain.environment(), plain.vendors(), plain.deployments(), plain.pools(),
                plain.routes(), new dev.signalbox.config.PriceTable("1", "USD", List.of(prices)), plain.topics(),
                plain.worker());
    }

    private static dev.signalbox.config.PriceTable.Price price(String name, int input, int output) {
        return new dev.signalbox.config.PriceTable.Price(dev.signalbox.config.DeploymentName.parse(name),
                LocalDate.EPOCH,
                java.math.BigDecimal.valueOf(input), java.math.BigDecimal.valueOf(output), Optional.empty(),
                Optional.empty());
    }

    private static List<String> order(Configuration configuration, RoutingQuery.Needs needs) {
        Routed routed = (Routed) Explanation.of(configuration, query(1, needs)).decision();
        return routed.candidates().stream().map(candidate -> candidate.deployment().name().toString()).toList();
    }

    @Test
    void anExplanationNamesEachCandidateWithItsReason() {
        String mixed = deployment("a.x/m", ", capabilities: { context_window: 1000 }") + deployment("b.x/m", "");
        Configuration configuration = configuration("m: { test: { otherwise: { sequence: [a.x, b.x] } } }", mixed);
        assertThat(Explanation.of(configuration, query(1, tokens(2_000, 1))).lines()).satisfiesExactly(
                line -> assertThat(line).isEqualTo("route m/test/otherwise, sequence"),
                line -> assertThat(line).contains("READY").contains("b.x/m"),
                line -> assertThat(line).contains("UNFIT").contains("a.x/m").contains("context window of 1000"));
        assertThat(Explanation.of(configuration, new RoutingQuery(POOL, "unknown", "any", List.of(),
                RoutingQuery.Needs.NONE)).decision()).isInstanceOf(Unroutable.class);
    }

    @Test
    void retriesBeyondTheBudgetOfTheTargetAreRefused() {
        PermitDesk desk = desk(configuration("m: { test: { otherwise: { sequence: [b.x] } } }", TWO));
        for (int i = 0; i < RetryBudget.FLOOR; i++) {
            assertThat(desk.ask(query(i), by(Rule.STRATEGY), null, now)).isInstanceOf(Granted.class);
        }
        assertThat(desk.ask(query(99), by(Rule.STRATEGY), null, now)).isInstanceOf(Answer.OutOfBudget.class);
        assertThat(desk.ask(query(99), CallAsk.FIRST, null, now)).isInstanceOf(Granted.class);
    }
}
