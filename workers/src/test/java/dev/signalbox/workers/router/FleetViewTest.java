package dev.signalbox.workers.router;

import static dev.signalbox.workers.TestConfiguration.POOL;
import static dev.signalbox.workers.TestConfiguration.deployment;
import static dev.signalbox.workers.TestConfiguration.one;
import static dev.signalbox.workers.TestConfiguration.routing;
import static dev.signalbox.schemas.avro.DeploymentState.DEGRADED;
import static dev.signalbox.schemas.avro.DeploymentState.EJECTED;
import static dev.signalbox.schemas.avro.DeploymentState.HEALTHY;
import static dev.signalbox.schemas.avro.DeploymentState.PROBING;
import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.Deployment;
import dev.signalbox.config.Residency;
import dev.signalbox.config.Strategy;
import dev.signalbox.schemas.avro.DeploymentHealth;
import dev.signalbox.schemas.avro.DeploymentState;
import dev.signalbox.schemas.avro.LatencySummary;
import dev.signalbox.schemas.avro.LatencyWindow;
import dev.signalbox.workers.TestConfiguration;
import dev.signalbox.workers.router.CallLesson.Blame;
import dev.signalbox.workers.router.PermitDesk.Answer;
import dev.signalbox.workers.router.PermitDesk.Answer.Granted;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A worker goes by the worse of its own view and the fleet's, while the latter is fresh, and by operators' orders. */
@Tag("issue-5")
class FleetViewTest {
    private static final long SECOND = 1_000_000_000L;
    private static final long BROKER_MILLIS = 1_700_000_000_000L;
    private static final CallUse USED = new CallUse(CallUse.End.BY_VENDOR, OptionalLong.empty(), OptionalLong.empty());
    private static final CallLesson ANSWERED = new CallLesson.Answered(10, 0);
    private static final CallLesson FAILED = new CallLesson.Failed(Blame.SERVICE, Optional.empty());
    private static final Deployment A = deployment("a");
    private static final Deployment B = deployment("b");

    private final PermitDesk desk = desk(new Strategy.Sequence(List.of(one("a"), one("b"))), A, B);
    private long now = 100 * SECOND;
    private long key;

    private static PermitDesk desk(Strategy strategy, Deployment... deployments) {
        return new PermitDesk(routing(strategy, Residency.ANYWHERE, deployments), new SplittableRandom(1));
    }

    private static DeploymentHealth.Builder health(DeploymentState state) {
        return DeploymentHealth.newBuilder().setDeployment("a/m").setState(state).setSinceMillis(BROKER_MILLIS)
                .setAsOfMillis(BROKER_MILLIS).setVersion(2).setReason("as the test says").setWindowSeconds(60)
                .setAnswered(0).setFailed(0);
    }

    private boolean told(DeploymentHealth.Builder health) {
        return desk.told(A.name(), FleetView.of(health.build(), "this worker", BROKER_MILLIS, now), now);
    }

    private Answer ask() {
        return desk.ask(new RoutingQuery(POOL, TestConfiguration.MODEL, "any", List.of(), RoutingQuery.Needs.NONE,
                java.time.LocalDate.EPOCH, ++key * 0x9E3779B97F4A7C15L), CallAsk.FIRST, null, now);
    }

    private Granted granted() {
        return (Granted) ask();
    }

    private Deployment chosen() {
        Granted granted = granted();
        desk.ended(granted.permit(), USED, ANSWERED, now);
        return granted.candidate().deployment();
    }

    @Test
    void whatTheFleetEjectedIsNotCalledThoughThisWorkerSawNothing() {
        assertThat(chosen()).isEqualTo(A);

        assertThat(told(health(EJECTED).setEjectedUntilMillis(BROKER_MILLIS + 10_000))).isTrue();

        assertThat(chosen()).isEqualTo(B);
        assertThat(granted().routed().candidates().getLast().why()).hasValue(
                "ejected in the whole fleet; tried again in 10 s");
        assertThat(desk.view(A, now).own()).isEqualTo(BreakerState.CLOSED);
        assertThat(desk.view(A, now).health()).isEqualTo(BreakerState.OPEN);
    }

    @Test
    void aViewThatIsTooOldIsIgnored() {
        told(health(EJECTED).setEjectedUntilMillis(BROKER_MILLIS + 300_000));
        now += 15 * SECOND;
        assertThat(chosen()).isEqualTo(B);
        assertThat(desk.view(A, now).fleetAgeNanos()).hasValue(15 * SECOND);

        now += 1;

        assertThat(chosen()).isEqualTo(A);
    }

    @Test
    void oneThatWasFoundLongAgoIsOldWhenItComes() {
        told(health(EJECTED).setAsOfMillis(BROKER_MILLIS - 15_001).setEjectedUntilMillis(BROKER_MILLIS + 300_000));

        assertThat(chosen()).isEqualTo(A);
    }

    @Test
    void itsOwnViewCountsWhereTheFleetsIsBetter() {
        Granted call = granted();
        desk.ended(call.permit(), USED, new CallLesson.Failed(Blame.SERVICE_AT_ONCE, Optional.empty()), now);
        told(health(HEALTHY));

        assertThat(chosen()).isEqualTo(B);
    }

    @Test
    void onlyTheChosenWorkerProbesOneCallAtATime() {
        told(health(PROBING).setProbingWorker("another worker"));
        assertThat(chosen()).isEqualTo(B);

        told(health(PROBING).setProbingWorker("this worker"));
        Granted probe = granted();
        assertThat(probe.candidate().deployment()).isEqualTo(A);
        assertThat(probe.permit().isTrial()).isTrue();
        assertThat(chosen()).isEqualTo(B);

        desk.ended(probe.permit(), USED, ANSWERED, now);
        assertThat(granted().permit().isTrial()).isTrue();
    }

    @Test
    void afterAFailedProbeTheNextOneWaitsForTheDispatchersWord() {
        told(health(PROBING).setProbingWorker("this worker"));
        desk.ended(granted().permit(), USED, FAILED, now);

        assertThat(chosen()).isEqualTo(B);

        told(health(PROBING).setProbingWorker("this worker"));
        assertThat(chosen()).as("what was told before, once more").isEqualTo(B);

        told(health(PROBING).setProbingWorker("this worker").setAsOfMillis(BROKER_MILLIS + 1));
        assertThat(chosen()).isEqualTo(A);
    }

    @Test
    void aTurnThatIsNobodysIsClaimedBeforeItsCallIsMade() {
        told(health(PROBING));
        Granted probe = granted();
        assertThat(probe.candidate().deployment()).isEqualTo(A);
        assertThat(probe.permit().isTrial()).isTrue();
        assertThat(desk.takeTurn(probe.permit(), now)).isEqualTo(ProbeVerdict.MUST_CLAIM);
        assertThat(chosen()).as("one at a time").isEqualTo(B);

        told(turn("this worker", 5_000).setAsOfMillis(BROKER_MILLIS + 1));
        assertThat(desk.takeTurn(probe.permit(), now)).isEqualTo(ProbeVerdict.MAY_CALL);
    }

    @Test
    void aClaimThatAnotherWorkerWasFirstWithIsNoCall() {
        told(health(PROBING));
        Granted probe = granted();
        desk.takeTurn(probe.permit(), now);

        told(turn("another worker", 5_000).setAsOfMillis(BROKER_MILLIS + 1));

        assertThat(desk.takeTurn(probe.permit(), now)).isEqualTo(ProbeVerdict.MAY_NOT);
        desk.ended(probe.permit(), CallUse.NOT_MADE, CallLesson.NOTHING, now);
        assertThat(chosen()).isEqualTo(B);
    }

    @Test
    void whoClaimedInVainClaimsAgainOnlyWhenTheDispatcherHasTold() {
        told(health(PROBING));
        Granted probe = granted();
        desk.takeTurn(probe.permit(), now);
        desk.ended(probe.permit(), CallUse.NOT_MADE, CallLesson.NOTHING, now);
        assertThat(chosen()).isEqualTo(B);
        assertThat(told(health(PROBING))).as("what was told before, once more").isFalse();
        assertThat(chosen()).isEqualTo(B);

        assertThat(told(health(PROBING).setAsOfMillis(BROKER_MILLIS + 5_000))).as("who waits asks again").isTrue();
        assertThat(desk.takeTurn(granted().permit(), now)).isEqualTo(ProbeVerdict.MUST_CLAIM);
    }

    @Test
    void whoIsNamedLateMayUseTheTurnUntilItIsNearlyOver() {
        told(health(PROBING));
        Granted probe = granted();
        desk.takeTurn(probe.permit(), now);
        desk.ended(probe.permit(), CallUse.NOT_MADE, CallLesson.NOTHING, now);
        assertThat(told(turn("this worker", 5_000).setAsOfMillis(BROKER_MILLIS + 1))).isTrue();

        now += 3 * SECOND;
        assertThat(chosen()).as("no call that the dispatcher may hear of too late").isEqualTo(B);
        now -= 1;
        assertThat(desk.takeTurn(granted().permit(), now)).isEqualTo(ProbeVerdict.MAY_CALL);
    }

    @Test
    void aTurnIsForOneCall() {
        told(turn("this worker", 5_000));
        Granted probe = granted();
        assertThat(desk.takeTurn(probe.permit(), now)).isEqualTo(ProbeVerdict.MAY_CALL);
        desk.ended(probe.permit(), USED, ANSWERED, now);

        told(turn("this worker", 5_000).setAsOfMillis(BROKER_MILLIS + 1));
        assertThat(chosen()).as("the same turn, told again").isEqualTo(B);
        told(turn("this worker", 0).setAsOfMillis(BROKER_MILLIS + 2));
        assertThat(chosen()).as("its call runs, as far as the dispatcher knows").isEqualTo(B);
        assertThat(told(turn("this worker", 5_010).setAsOfMillis(BROKER_MILLIS + 3))).isTrue();
        assertThat(desk.takeTurn(granted().permit(), now)).isEqualTo(ProbeVerdict.MAY_CALL);
    }

    @Test
    void aCallThatWaitsForItsTurnIsMadeOnceNobodyIsToldToWait() {
        told(health(PROBING));
        Granted probe = granted();
        desk.takeTurn(probe.permit(), now);

        told(health(EJECTED).setEjectedUntilMillis(BROKER_MILLIS + 20_000));
        assertThat(desk.takeTurn(probe.permit(), now)).as("ejected again").isEqualTo(ProbeVerdict.MAY_NOT);
        told(health(HEALTHY));
        assertThat(desk.takeTurn(probe.permit(), now)).as("healed").isEqualTo(ProbeVerdict.MAY_CALL);
        told(health(PROBING).setProbingWorker("another worker"));
        now += 15 * SECOND + 1;
        assertThat(desk.takeTurn(probe.permit(), now)).as("the dispatcher is gone").isEqualTo(ProbeVerdict.MAY_CALL);
    }

    @Test
    void onlyProbesNeedATurn() {
        assertThat(desk.takeTurn(granted().permit(), now)).isEqualTo(ProbeVerdict.MAY_CALL);
    }

    /** @param millis until when it is kept, from now on */
    private static DeploymentHealth.Builder turn(String worker, long millis) {
        return health(PROBING).setProbingWorker(worker).setProbingUntilMillis(BROKER_MILLIS + millis);
    }

    @Test
    void aRecoveredDeploymentEasesInOverTenSeconds() {
        told(health(HEALTHY).setPreviousState(PROBING));
        assertThat(shareOfA()).isBetween(0.05, 0.15);
        now += 5 * SECOND;
        assertThat(shareOfA()).isBetween(0.45, 0.65);
        now += 5 * SECOND;
        assertThat(shareOfA()).isEqualTo(1);
    }

    @Test
    void oneThatFailsTooOftenGetsALittleWhileAnotherCanServe() {
        told(health(DEGRADED));
        assertThat(shareOfA()).isBetween(0.2, 0.3);
        desk.order(B.name(), new OperatorOrder(OperatorOrder.Action.EJECT, "ops", "test", now + 60 * SECOND), now);
        assertThat(shareOfA()).isEqualTo(1);
    }

    /** The other workers' word decides: another failure here would tell nothing, and cost a call. */
    @Test
    void oneThatFailedHereOnlyIsLeftToOtherWorkersWhileAnotherDeploymentCanServe() {
        told(health(HEALTHY).setSoleWitness("this worker"));
        assertThat(shareOfA()).isZero();
        assertThat(granted().routed().candidates().getLast().why()).hasValue(
                "failed here only: another worker is to try it");

        told(health(HEALTHY).setSoleWitness("another worker"));
        assertThat(shareOfA()).isEqualTo(1);

        told(health(HEALTHY).setSoleWitness("this worker"));
        desk.order(B.name(), new OperatorOrder(OperatorOrder.Action.EJECT, "ops", "test", now + 60 * SECOND), now);
        assertThat(shareOfA()).isEqualTo(1);
        assertThat(granted().routed().panic()).isFalse();
        desk.order(B.name(), null, now);
        now += 15 * SECOND + 1;
        assertThat(shareOfA()).as("too old").isEqualTo(1);
    }

    @Test
    void aRetryThatWouldStayGoesElsewhereToo() {
        CallAsk stay = new CallAsk(CallAsk.FIRST.rule(), Set.of(A.name()), Set.of(), Optional.of(A.name()), true);
        told(health(HEALTHY));
        assertThat(chosen(stay)).isEqualTo(A);

        told(health(HEALTHY).setSoleWitness("this worker"));
        assertThat(chosen(stay)).isEqualTo(B);
    }

    private Deployment chosen(CallAsk ask) {
        return ((Granted) desk.ask(new RoutingQuery(POOL, TestConfiguration.MODEL, "any", List.of(),
                RoutingQuery.Needs.NONE, java.time.LocalDate.EPOCH, ++key * 0x9E3779B97F4A7C15L), ask, null, now))
                .candidate().deployment();
    }

    @Test
    void aWorkersOwnTrialWaitsForOtherWorkersToo() {
        desk.ended(granted().permit(), USED, new CallLesson.Failed(Blame.SERVICE_AT_ONCE, Optional.empty()), now);
        now += 6 * SECOND;
        desk.told(A.name(), FleetView.of(health(HEALTHY).setSoleWitness("this worker").build(), "this worker",
                BROKER_MILLIS, now), now);
        assertThat(desk.view(A, now).own()).isEqualTo(BreakerState.HALF_OPEN);
        assertThat(chosen()).isEqualTo(B);

        desk.told(A.name(), FleetView.of(health(HEALTHY).build(), "this worker", BROKER_MILLIS, now), now);
        assertThat(granted().permit().isTrial()).isTrue();
    }

    private double shareOfA() {
        int times = 0;
        for (int i = 0; i < 1_000; i++) {
            times += chosen().equals(A) ? 1 : 0;
        }
        return times / 1_000.0;
    }

    @Test
    void aColdWorkerGoesByTheFleetsLatency() {
        PermitDesk byLatency = desk(new Strategy.LatencyBased(List.of(one("a"), one("b"))), A, B);
        Map.of(A, 500.0, B, 50.0).forEach((deployment, millis) -> {
            LatencySummary summary = new LatencySummary(10L, millis, millis, millis);
            byLatency.told(deployment.name(),
                    FleetView.of(health(HEALTHY)
                            .setLatency(List.of(new LatencyWindow(60, summary, null, summary, List.of(), List.of())))
                            .build(), "this worker", BROKER_MILLIS, now),
                    now);
        });
        assertThat(byLatency.view(A, now).expectedMillis()).isEqualTo(500);

        for (int i = 0; i < 20; i++) {
            Granted granted = (Granted) byLatency.ask(new RoutingQuery(POOL, TestConfiguration.MODEL, "any", List.of(),
                    RoutingQuery.Needs.NONE), CallAsk.FIRST, null, now);
            assertThat(granted.candidate().deployment()).isEqualTo(B);
            byLatency.ended(granted.permit(), USED, CallLesson.NOTHING, now);
        }
    }

    @Test
    void whatAnOperatorEjectsIsNotCalledEvenIfNothingElseIsLeftAndComesBackByItself() {
        eject(A, 30);
        assertThat(chosen()).isEqualTo(B);

        eject(B, 60);
        assertThat(ask()).isInstanceOfSatisfying(Answer.Busy.class, busy -> {
            assertThat(busy.untilNanos()).isEqualTo(now + 30 * SECOND);
            assertThat(busy.routed().panic()).isFalse();
            assertThat(busy.routed().candidates().getFirst().why()).hasValue("ejected by ops for another 30 s: test");
        });

        now += 30 * SECOND;
        assertThat(chosen()).isEqualTo(A);
        assertThat(desk.view(A, now).order()).isEmpty();
    }

    private void eject(Deployment deployment, int seconds) {
        desk.order(deployment.name(),
                new OperatorOrder(OperatorOrder.Action.EJECT, "ops", "test", now + seconds * SECOND), now);
    }

    @Test
    void whatDrainsIsTheLastResort() {
        desk.order(A.name(), new OperatorOrder(OperatorOrder.Action.DRAIN, "ops", "test", now + 60 * SECOND), now);
        assertThat(chosen()).isEqualTo(B);

        eject(B, 60);
        assertThat(granted().routed().panic()).isTrue();
        assertThat(chosen()).isEqualTo(A);

        desk.order(A.name(), null, now);
        assertThat(granted().routed().panic()).isFalse();
    }
}
