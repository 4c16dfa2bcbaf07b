package dev.signalbox.workers.router;

import static dev.signalbox.workers.TestConfiguration.MODEL;
import static dev.signalbox.workers.TestConfiguration.POOL;
import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.ConfigurationReader;
import dev.signalbox.config.DeploymentName;
import dev.signalbox.config.ReadResult;
import dev.signalbox.workers.router.Candidate.Standing;
import dev.signalbox.workers.router.PermitDesk.Answer;
import dev.signalbox.workers.router.PermitDesk.Answer.Busy;
import dev.signalbox.workers.router.PermitDesk.Answer.Granted;
import java.time.Duration;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A route by price: a and b cost 1 a million tokens, c costs 2, d has no price; of a and b one call each may run. */
@Tag("issue-6")
class ThriftTest {
    private static final long SECOND = 1_000_000_000L;
    private static final CallUse USED = new CallUse(CallUse.End.BY_VENDOR, OptionalLong.empty(), OptionalLong.empty());
    private static final CallLesson ANSWERED = new CallLesson.Answered(10, 0);
    private static final TimeSpent EARLY = new TimeSpent(10_000, 100_000);

    private final long now = 100 * SECOND;

    private static PermitDesk desk(String route, String more) {
        String yaml = """
                environment: test
                pools: { main: { use_cases: [otherwise], priorities: [standard] } }
                vendors: { v: { family: openai, base_url: "http://127.0.0.1:1" } }
                deployments:
                  a/m: { vendor: v, model_id: x, limits: { concurrency: 1 } }
                  b/m: { vendor: v, model_id: x, limits: { concurrency: 1 } }
                  c/m: { vendor: v, model_id: x }
                  d/m: { vendor: v, model_id: x }
                  a/other: { vendor: v, model_id: y }
                routes:
                  m: { test: { otherwise: { %s } } }
                  other: { test: { otherwise: { sequence: [a] } } }
                prices:
                  deployments:
                    a/m: { input_per_million: 1, output_per_million: 1 }
                    b/m: { input_per_million: 1, output_per_million: 1 }
                    c/m: { input_per_million: 2, output_per_million: 2 }
                %s
                """.formatted(route, more);
        Configuration configuration = switch (ConfigurationReader.read("test.yaml", yaml, name -> Optional.of("k"))) {
            case ReadResult.Valid valid -> valid.configuration();
            case ReadResult.Invalid invalid -> throw new AssertionError(invalid.problems().toString());
        };
        return new PermitDesk(configuration, new SplittableRandom(1));
    }

    private static PermitDesk desk() {
        return desk("cheapest: [c, d, a, b], spill_after: 50%", "");
    }

    private static RoutingQuery query() {
        return new RoutingQuery(POOL, MODEL, "any", List.of(), RoutingQuery.Needs.NONE, LocalDate.EPOCH, 1);
    }

    private Answer ask(PermitDesk desk, TimeSpent time) {
        return desk.ask(query(), CallAsk.FIRST.at(time), null, now);
    }

    private static String place(Answer answer) {
        return ((Granted) answer).permit().deployment().name().place();
    }

    private static Map<String, Standing> standings(Busy busy) {
        return busy.routed().candidates().stream().collect(Collectors.toMap(
                each -> each.deployment().name().place(), Candidate::standing));
    }

    @Test
    void whileItHasSlackARequestWaitsForACheaperDeploymentThatIsBusy() {
        PermitDesk desk = desk();
        Granted first = (Granted) ask(desk, EARLY);
        assertThat(place(first)).isEqualTo("a");
        assertThat(place(ask(desk, EARLY))).as("what costs the same is not dearer").isEqualTo("b");

        Busy busy = (Busy) ask(desk, EARLY);
        assertThat(standings(busy)).containsEntry("a", Standing.BUSY).containsEntry("b", Standing.BUSY)
                .containsEntry("c", Standing.SPARED).as("no price is taken for dearer")
                .containsEntry("d", Standing.SPARED);
        assertThat(busy.routed().sparedUntilNanos()).hasValue(now + 40 * SECOND);
        assertThat(busy.routed().candidates().stream().filter(busy.routed()::isAwaited)
                .map(each -> each.deployment().name().place())).as("where it waits").containsExactly("a", "b");
        assertThat(busy.untilNanos()).as("until a call ends").isEqualTo(Long.MAX_VALUE);

        desk.ended(first.permit(), USED, ANSWERED, now);
        assertThat(place(ask(desk, EARLY))).isEqualTo("a");
    }

    @Test
    void whenItsSlackIsSpentItGoesToADearerOne() {
        PermitDesk desk = desk();
        ask(desk, EARLY);
        ask(desk, EARLY);
        assertThat(ask(desk, new TimeSpent(49_999, 100_000))).isInstanceOf(Busy.class);
        assertThat(place(ask(desk, new TimeSpent(50_000, 100_000)))).isEqualTo("c");
    }

    @Test
    void aRouteThatDoesNotSayHowLongSpillsAtOnceAndSoDoesARetry() {
        PermitDesk atOnce = desk("cheapest: [a, b, c]", "");
        ask(atOnce, EARLY);
        ask(atOnce, EARLY);
        assertThat(place(ask(atOnce, EARLY))).isEqualTo("c");

        PermitDesk desk = desk();
        ask(desk, EARLY);
        ask(desk, EARLY);
        CallAsk retry = new CallAsk(RouteDecision.Rule.STRATEGY, Set.of(), Set.of(),
                Optional.empty(), true, EARLY);
        assertThat(place(desk.ask(query(), retry, null, now))).isEqualTo("c");
    }

    @Test
    void whoseAnswerWouldComeTooLateAfterwardsDoesNotWait() {
        PermitDesk desk = desk();
        ask(desk, EARLY);
        ask(desk, EARLY);
        Granted c = (Granted) ask(desk, TimeSpent.ALL);
        assertThat(place(c)).isEqualTo("c");
        desk.firstToken(c.permit(), 30 * SECOND, now);
        desk.ended(c.permit(), USED, new CallLesson.Answered(1, 0), now);

        assertThat(((Busy) ask(desk, EARLY)).routed().sparedUntilNanos())
                .as("90 s are left, of which c may need twice 30 s").hasValue(now + 30 * SECOND);
        assertThat(place(ask(desk, new TimeSpent(45_000, 100_000)))).isEqualTo("c");
    }

    @Test
    void nobodyWaitsForWhatIsBusyForLongerThanItsSlack() {
        PermitDesk desk = desk();
        Granted a = (Granted) ask(desk, EARLY);
        Granted b = (Granted) ask(desk, EARLY);
        for (Granted each : List.of(a, b)) {
            desk.ended(each.permit(), USED, new CallLesson.Failed(CallLesson.Blame.RATE,
                    Optional.of(Duration.ofSeconds(45))), now);
        }
        assertThat(ask(desk, new TimeSpent(0, 100_000))).as("45 of 50 s").isInstanceOf(Busy.class);
        assertThat(place(ask(desk, EARLY))).as("45 of 40 s").isEqualTo("c");
    }

    @Test
    void whatIsEjectedIsNotWaitedFor() {
        PermitDesk desk = desk();
        for (String place : List.of("a", "b")) {
            desk.order(new DeploymentName(place, MODEL),
                    new OperatorOrder(OperatorOrder.Action.EJECT, "me", "an incident", now + SECOND), now);
        }
        assertThat(place(ask(desk, EARLY))).isEqualTo("c");
    }

    @Test
    void aFallbackModelTakesOverflowOnlyFromWhoHasNoSlackLeft() {
        PermitDesk desk = desk(
                "cheapest: [a, b], spill_after: 50%, fallback_models: [{ model: other, overflow: 100% }]",
                "");
        ask(desk, EARLY);
        ask(desk, EARLY);
        assertThat(place(ask(desk, EARLY))).as("nothing of the route is dearer: there is nothing to wait with")
                .isEqualTo("a");

        PermitDesk dearer = desk(
                "cheapest: [a, b, c], spill_after: 50%, fallback_models: [{ model: other, overflow: 100% }]", "");
        ask(dearer, EARLY);
        ask(dearer, EARLY);
        assertThat(ask(dearer, EARLY)).isInstanceOf(Busy.class);
        assertThat(((Granted) ask(dearer, TimeSpent.ALL)).candidate().change()).isEmpty();
    }
}
