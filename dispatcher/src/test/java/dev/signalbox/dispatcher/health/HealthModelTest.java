package dev.signalbox.dispatcher.health;

import static dev.signalbox.schemas.avro.DeploymentState.DEGRADED;
import static dev.signalbox.schemas.avro.DeploymentState.EJECTED;
import static dev.signalbox.schemas.avro.DeploymentState.HEALTHY;
import static dev.signalbox.schemas.avro.DeploymentState.PROBING;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.signalbox.dispatcher.health.HealthModel.Evidence;
import dev.signalbox.dispatcher.health.HealthTransitions.Transition;
import dev.signalbox.schemas.avro.DeploymentState;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class HealthModelTest {
    private static final Duration LONGEST_CALL = Duration.ofMinutes(12);

    /** A history and the states that it leads through after the first call. */
    private record Scenario(String what, Consumer<History> history, List<DeploymentState> states) {
        @Override
        public String toString() {
            return what;
        }
    }

    static Stream<Scenario> scenarios() {
        return Stream.of(
                new Scenario("answers leave it healthy", history -> history.calls(100, "ANSWERED"), List.of()),
                new Scenario("five failures in a row of the only worker eject it",
                        history -> history.calls(5, "TIMEOUT"),
                        List.of(EJECTED)),
                new Scenario("four do not", history -> history.calls(4, "TIMEOUT").calls(3, "ANSWERED"), List.of()),
                new Scenario("one of two workers alone cannot eject it, though it is watched",
                        history -> history.calls(10, "ANSWERED").by("other").calls(30, "CONNECTION_LOST"),
                        List.of(DEGRADED)),
                new Scenario("one that fails while others are answered is suspect itself",
                        history -> history.by("other").calls(3, "CONNECTION_LOST").by("worker").calls(3, "ANSWERED")
                                .by("other").calls(10, "CONNECTION_LOST").by("worker").calls(1, "ANSWERED"),
                        List.of()),
                new Scenario("two failures of two workers eject it where no answer came for 5 s",
                        history -> history.calls(3, "ANSWERED").skip(5_000).calls(1, "TIMEOUT").by("other")
                                .calls(1, "TIMEOUT"),
                        List.of(EJECTED)),
                new Scenario("also where the first ones made it watched",
                        history -> history.calls(12, "ANSWERED").skip(5_000).calls(2, "TIMEOUT").by("other")
                                .calls(1, "TIMEOUT"),
                        List.of(DEGRADED, EJECTED)),
                new Scenario("but not where it has been watched for a minute",
                        history -> history.calls(12, "ANSWERED").skip(5_000).calls(2, "TIMEOUT").pass(60_000)
                                .calls(1, "TIMEOUT").by("other").calls(1, "TIMEOUT"),
                        List.of(DEGRADED)),
                new Scenario("but not those of one worker",
                        history -> history.by("other").calls(1, "ANSWERED").by("worker").skip(5_000)
                                .calls(4, "TIMEOUT"),
                        List.of()),
                new Scenario("which are enough where others of its failure domain are out",
                        history -> history.by("other").calls(1, "ANSWERED").by("worker").skip(5_000).doubted()
                                .calls(2, "TIMEOUT"),
                        List.of(EJECTED)),
                new Scenario("but not one of them, nor while answers come",
                        history -> history.by("other").calls(1, "ANSWERED").by("worker").doubted()
                                .calls(2, "TIMEOUT").by("other").calls(1, "ANSWERED").skip(5_000).calls(1, "TIMEOUT"),
                        List.of()),
                new Scenario("but those of the only one that has called it for 5 s do",
                        history -> history.by("other").calls(1, "ANSWERED").by("worker").skip(5_000)
                                .calls(1, "TIMEOUT").skip(4_990).calls(1, "TIMEOUT"),
                        List.of(EJECTED)),
                new Scenario("unless another one was answered meanwhile",
                        history -> history.by("other").calls(1, "ANSWERED").by("worker").skip(5_000)
                                .calls(1, "TIMEOUT").by("other").calls(1, "ANSWERED").by("worker").skip(5_000)
                                .calls(2, "TIMEOUT"),
                        List.of()),
                new Scenario("nor while answers come",
                        history -> history.calls(3, "ANSWERED").calls(1, "TIMEOUT").by("other").calls(1, "TIMEOUT"),
                        List.of()),
                new Scenario("nor soon after an ejection",
                        history -> history.calls(5, "TIMEOUT").pass(20_001).calls(3, "ANSWERED").skip(5_000)
                                .calls(1, "TIMEOUT").by("other").calls(1, "TIMEOUT"),
                        List.of(EJECTED, PROBING, HEALTHY)),
                new Scenario("nine in a row of both do not, while answers came just before",
                        history -> history.calls(11, "ANSWERED").by("other").calls(4, "CONNECTION_LOST").by("worker")
                                .calls(5, "CONNECTION_LOST"),
                        List.of(DEGRADED)),
                new Scenario("both of them can",
                        history -> history.calls(1, "ANSWERED").by("other").calls(8, "CONNECTION_LOST").by("worker")
                                .calls(2, "CONNECTION_LOST"),
                        List.of(DEGRADED, EJECTED)),
                new Scenario("half of the calls failing eject it, though never five in a row",
                        history -> history.alternating(10, "ANSWERED", "SERVER_ERROR"), List.of(DEGRADED, EJECTED)),
                new Scenario("a tenth of the calls failing degrades it, and their end heals it",
                        history -> history.calls(9, "ANSWERED").calls(1, "OVERLOADED").calls(11, "ANSWERED"),
                        List.of(DEGRADED, HEALTHY)),
                new Scenario("time heals it too",
                        history -> history.calls(9, "ANSWERED").calls(1, "OVERLOADED").pass(300_000),
                        List.of(DEGRADED, HEALTHY)),
                new Scenario("rate limits and callers' faults never count",
                        history -> history.calls(50, "RATE_LIMIT").calls(50, "INVALID_REQUEST").calls(50, "CANCELLED")
                                .calls(50, "DEADLINE").calls(50, "A_NEW_WORKERS_CLASS"),
                        List.of()),
                new Scenario("nor do they interrupt a row of failures",
                        history -> history.alternating(5, "TIMEOUT", "RATE_LIMIT"), List.of(EJECTED)),
                new Scenario("a dead endpoint's own word ejects it at once",
                        history -> history.calls(50, "ANSWERED").by("other").calls(1, "ENDPOINT_DEAD"),
                        List.of(EJECTED)),
                new Scenario("also when it is watched",
                        history -> history.calls(9, "ANSWERED").calls(1, "OVERLOADED").calls(1, "ENDPOINT_DEAD"),
                        List.of(DEGRADED, EJECTED)),
                new Scenario("three answered probes heal it",
                        history -> history.calls(5, "TIMEOUT").pass(20_001).calls(3, "ANSWERED"),
                        List.of(EJECTED, PROBING, HEALTHY)),
                new Scenario("a failed probe ejects it again",
                        history -> history.calls(5, "TIMEOUT").pass(20_001).calls(2, "ANSWERED").calls(1, "TRUNCATED"),
                        List.of(EJECTED, PROBING, EJECTED)),
                new Scenario("a probe that was throttled says nothing",
                        history -> history.calls(5, "TIMEOUT").pass(20_001).calls(5, "RATE_LIMIT"),
                        List.of(EJECTED, PROBING)),
                new Scenario("a call that began before the ejection's end is no probe",
                        history -> history.calls(5, "TIMEOUT").pass(20_001).lasting(9_000).calls(5, "TIMEOUT"),
                        List.of(EJECTED, PROBING)),
                new Scenario("what comes while it is ejected moves nothing",
                        history -> history.calls(5, "TIMEOUT").calls(50, "ANSWERED").calls(50, "TIMEOUT"),
                        List.of(EJECTED)),
                new Scenario("the end of an ejection is seen by the next call too",
                        history -> history.calls(5, "TIMEOUT").skip(20_000).calls(3, "ANSWERED"),
                        List.of(EJECTED, PROBING, HEALTHY)));
    }

    @ParameterizedTest
    @MethodSource("scenarios")
    void statesFollowTheCalls(Scenario scenario) {
        History history = new History();
        scenario.history().accept(history);
        assertThat(history.changes.stream().skip(1).map(Standing::state)).as(history.changes.toString())
                .containsExactlyElementsOf(scenario.states());
    }

    /** Fails when a row is added to the table that no scenario reaches. */
    @Test
    void everyTransitionIsExercised() {
        Set<Transition> exercised = new HashSet<>();
        scenarios().forEach(scenario -> {
            History history = new History();
            scenario.history().accept(history);
            history.changes.stream().filter(change -> change.signal() != null).forEach(
                    change -> exercised.add(new Transition(change.previous(), change.signal(), change.state())));
        });
        assertThat(exercised).containsExactlyInAnyOrderElementsOf(HealthTransitions.TABLE);
    }

    @Test
    void movesThatAreNotInTheTableThrow() {
        int legal = 0;
        for (DeploymentState from : DeploymentState.values()) {
            for (HealthSignal signal : HealthSignal.values()) {
                if (HealthTransitions.TABLE.stream().anyMatch(move -> move.from() == from && move.signal() == signal)) {
                    legal++;
                    continue;
                }
                assertThatThrownBy(() -> HealthTransitions.next(from, signal)).isInstanceOf(IllegalStateException.class)
                        .hasMessage("no move out of " + from + " by " + signal);
            }
        }
        assertThat(legal).as("no two rows of one state and signal").isEqualTo(HealthTransitions.TABLE.size());
    }

    @Test
    void ejectionsGrowUpToABoundAndAreForgotten() {
        History history = new History().calls(5, "TIMEOUT");
        List<Long> lengths = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            Standing ejected = history.changes.getLast();
            lengths.add(ejected.ejectedUntilMillis() - ejected.sinceMillis());
            history.pass(lengths.getLast() + 1).calls(1, "TIMEOUT");
        }
        assertThat(lengths).containsExactly(20_000L, 20_000L, 20_000L, 40_000L, 80_000L, 120_000L, 120_000L, 120_000L);

        history.pass(300_001).calls(3, "ANSWERED").pass(601_000).calls(5, "TIMEOUT");
        assertThat(history.changes.getLast().ejections()).isEqualTo(1);
    }

    @Test
    void aChangeTellsItsEvidence() {
        Standing ejected = new History().calls(1, "ANSWERED").by("other").calls(8, "OVERLOADED").calls(1, "TIMEOUT")
                .by("worker").calls(1, "OVERLOADED").changes.getLast();

        assertThat(ejected.reason())
                .isEqualTo("10 of 11 calls failed, 10 in a row, seen by 2 of 2 workers; mostly OVERLOADED");
    }

    @Test
    void whoAloneSawFailuresLeavesTheNextCallsToOthersForAWhile() {
        History history = new History().calls(2, "ANSWERED").by("other").calls(2, "ANSWERED").calls(1, "TIMEOUT");
        assertThat(history.standing.soleWitness(history.now, HealthRules.DEFAULT)).isEqualTo("other");
        assertThat(history.standing.soleWitness(history.now + 4_999, HealthRules.DEFAULT)).isEqualTo("other");
        assertThat(history.standing.soleWitness(history.now + 5_000, HealthRules.DEFAULT)).isNull();

        assertThat(history.by("worker").calls(1, "TIMEOUT").standing.soleWitness(history.now, HealthRules.DEFAULT))
                .as("two").isNull();
        assertThat(history.calls(1, "ANSWERED").standing.soleWitness(history.now, HealthRules.DEFAULT)).as("answered")
                .isNull();
        assertThat(history.calls(1, "RATE_LIMIT").standing.soleWitness(history.now, HealthRules.DEFAULT))
                .as("nobody's fault").isNull();
    }

    @Test
    void nobodyLeavesCallsToOthersWhereThereAreNoneOrEachHasCallsAllTheTime() {
        History alone = new History().calls(2, "ANSWERED").calls(1, "TIMEOUT");
        assertThat(alone.standing.soleWitness(alone.now, HealthRules.DEFAULT)).isNull();

        History busy = new History().by("other").calls(24, "ANSWERED").by("worker").calls(23, "ANSWERED")
                .calls(1, "TIMEOUT");
        assertThat(busy.standing.soleWitness(busy.now, HealthRules.DEFAULT)).isNull();

        History ejected = new History().by("other").calls(1, "ANSWERED").by("worker").calls(1, "ENDPOINT_DEAD");
        assertThat(ejected.standing.soleWitness(ejected.now, HealthRules.DEFAULT)).isNull();
    }

    @Test
    void whereFewCallsComeWhoeverClaimsTheTurnFirstProbes() {
        History history = new History().calls(5, "TIMEOUT").pass(20_001);
        assertThat(history.standing.probe().worker()).isNull();

        assertThat(history.by("b").claims().standing.probe().worker()).isEqualTo("b");
        assertThat(history.by("a").claims().standing.probe().worker()).isEqualTo("b");
        assertThat(history.by("a").starts().standing.probe().runs()).isFalse();
        history.by("b").starts().calls(1, "ANSWERED");
        assertThat(history.standing.probe().worker()).isEqualTo("b");
        assertThat(history.pass(5_000).standing.probe().worker()).isNull();
    }

    @Test
    void whoClaimedATurnAndMakesNoCallLosesIt() {
        History history = new History().calls(5, "TIMEOUT").pass(20_001).by("b").claims().pass(4_999);
        assertThat(history.by("a").claims().standing.probe().worker()).isEqualTo("b");

        history.pass(1);
        assertThat(history.standing.probe().worker()).isNull();
        assertThat(history.by("a").claims().standing.probe().worker()).isEqualTo("a");
    }

    /** Workers of before there were claims begin at once, and so do those that have nothing else to call. */
    @Test
    void whoBeginsACallTakesATurnThatNobodyClaimed() {
        History history = new History().calls(5, "TIMEOUT").pass(20_001);

        assertThat(history.by("b").starts().standing.probe().runs()).isTrue();
        assertThat(history.by("a").claims().standing.probe().worker()).isEqualTo("b");
    }

    @Test
    void nobodyClaimsWhatIsNotProbed() {
        History history = new History().calls(5, "TIMEOUT");

        assertThat(history.by("b").claims().standing.probe().worker()).isNull();
    }

    /** Long calls of before the outage end while the probe runs, and the probe may outlast its probing. */
    @Test
    void onlyTheProbesOwnEndMakesWayForAnother() {
        History history = new History().calls(5, "TIMEOUT").pass(20_001).by("b").claims().starts();

        history.pass(60_000).by("a").calls(1, "TIMEOUT").pass(20_001);

        assertThat(history.standing.ejections()).isEqualTo(2);
        assertThat(history.standing.probe().runs()).as("it runs on").isTrue();
        assertThat(history.by("a").claims().standing.probe().worker()).isEqualTo("b");
        history.by("b").lasting(90_000).calls(1, "TIMEOUT").pass(5_000);
        assertThat(history.by("a").claims().standing.probe().worker()).isEqualTo("a");
    }

    /** Also where the probe is further than that already. */
    @Test
    void aProbeIsWaitedForAsLongAsItsDeploymentsCallsMayTakeNow() {
        History history = new History().calls(5, "TIMEOUT").pass(20_001).by("b").claims().starts()
                .takingAtMost(Duration.ofSeconds(30));
        assertThat(history.pass(29_999).by("a").claims().standing.probe().worker()).isEqualTo("b");
        assertThat(history.takingAtMost(Duration.ofSeconds(40)).pass(1).standing.probe().worker()).isEqualTo("b");

        history.takingAtMost(Duration.ofSeconds(30));
        assertThat(history.by("a").claims().standing.probe().worker()).as("lost by then").isEqualTo("a");
    }

    @Test
    void whereManyCallsComeTheWorkersTakeTurnsAndADeadOneLosesItsTurn() {
        History busy = new History();
        busy.by("a").calls(30, "ANSWERED").by("b").calls(30, "ANSWERED").calls(9, "TIMEOUT").by("a").calls(1, "TIMEOUT")
                .pass(20_001);
        assertThat(busy.standing.probe().worker()).isEqualTo("b");

        busy.pass(4_999);
        assertThat(busy.standing.probe().worker()).isEqualTo("b");
        busy.pass(1);
        assertThat(busy.standing.probe().worker()).as("whoever comes first").isNull();
        busy.pass(5_000);
        assertThat(busy.standing.probe().worker()).isEqualTo("a");

        busy.by("a").starts().pass(LONGEST_CALL.toMillis() - 1);
        assertThat(busy.standing.probe().worker()).as("its call runs").isEqualTo("a");
        busy.pass(1);
        assertThat(busy.standing.probe().worker()).as("its call is taken for lost").isEqualTo("b");
    }

    /** 25 % of the calls fail for an hour: it is watched, and not tossed about. */
    @Test
    void aLongBrownOutChangesTheStateFewerThanTenTimesAnHour() {
        for (int gapMillis : List.of(100, 1_000)) {
            for (long seed = 0; seed < 3; seed++) {
                java.util.SplittableRandom random = new java.util.SplittableRandom(seed);
                History history = new History();
                long end = history.now + 3_600_000;
                while (history.now < end) {
                    history.by("worker-" + random.nextInt(3)).pass(gapMillis)
                            .calls(1, random.nextInt(4) == 0 ? "OVERLOADED" : "ANSWERED");
                }
                assertThat(history.changes.size() - 1).as("one call each %d ms, seed %d: %s", gapMillis, seed,
                        history.changes.stream().map(Standing::signal).toList()).isLessThan(10);
            }
        }
    }

    /** Calls and time, as one deployment meets them. */
    static final class History {
        private final HealthModel model = new HealthModel(HealthRules.DEFAULT);
        final List<Standing> changes = new ArrayList<>();
        private Standing standing = Standing.UNSEEN;
        private String worker = "worker";
        private long lasting;
        private Duration longestCall = LONGEST_CALL;
        private Evidence needed = Evidence.USUAL;
        private long now = 1_700_000_000_000L;

        History calls(int count, String outcome) {
            for (int i = 0; i < count; i++) {
                now += 10;
                take(model.onCall(standing, new Call(call(), outcome, worker, now - lasting), needed, longestCall,
                        now));
            }
            return this;
        }

        /** A call of the worker begins. */
        History starts() {
            standing = model.onStarted(standing, worker, call(), longestCall, now);
            return this;
        }

        /** The worker has a call that would try the deployment. */
        History claims() {
            standing = model.onClaimed(standing, worker, longestCall, now);
            return this;
        }

        private String call() {
            return worker + "'s call";
        }

        History alternating(int times, String one, String two) {
            for (int i = 0; i < times; i++) {
                calls(1, one).calls(1, two);
            }
            return this;
        }

        History by(String name) {
            worker = name;
            return this;
        }

        History lasting(long millis) {
            lasting = millis;
            return this;
        }

        /** From now on no call of the deployment takes longer. */
        History takingAtMost(Duration longest) {
            longestCall = longest;
            return this;
        }

        /** From now on others of its failure domain are out. */
        History doubted() {
            needed = Evidence.ONE_WORKER;
            return this;
        }

        /** Time that the model is told of. */
        History pass(long millis) {
            now += millis;
            take(model.onTime(standing, longestCall, now));
            return this;
        }

        /** Time that it is not told of. */
        History skip(long millis) {
            now += millis;
            return this;
        }

        private void take(HealthStep step) {
            standing = step.standing();
            changes.addAll(step.changes());
        }
    }
}
