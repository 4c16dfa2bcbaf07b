package dev.signalbox.workers;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.Residency;
import dev.signalbox.config.Strategy;
import dev.signalbox.schemas.avro.DeploymentHealth;
import dev.signalbox.schemas.avro.DeploymentState;
import dev.signalbox.schemas.avro.StreamPolicy;
import dev.signalbox.workers.router.FleetView;
import dev.signalbox.workers.telemetry.Telemetry;
import dev.signalbox.workers.vendor.FailureClass;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A request whose call would probe deployment a, which the dispatcher ejected; b is well. */
@Tag("issue-5")
@Tag("issue-6")
@Timeout(20)
class ClaimedProbesTest {
    private final Configuration configuration = TestConfiguration.routing(
            new Strategy.Sequence(List.of(TestConfiguration.one("a"), TestConfiguration.one("b"))), Residency.ANYWHERE,
            TestConfiguration.deployment("a"), TestConfiguration.deployment("b"));
    private final TestWorker worker;
    private final Permits permits;
    private final AtomicBoolean outage = new AtomicBoolean();
    private int published;
    private int told;

    ClaimedProbesTest() throws IOException {
        worker = new TestWorker();
        permits = worker.permits(configuration);
    }

    @AfterEach
    void stop() {
        worker.close();
    }

    @Test
    void aProbeIsMadeOnceThisWorkerIsNamed() throws Exception {
        tell(probing(null, 0));
        Thread request = served();
        awaitClaim();
        assertThat(worker.called).isEmpty();

        tell(probing(TestWorker.NAME, 5_000));
        ends(request);

        assertThat(worker.called).containsExactly("a");
        assertThat(worker.told()).containsExactly("a/m CLAIMED", "a/m STARTED", "a/m ANSWERED");
        assertThat(published).isEqualTo(1);
    }

    @Test
    void whereAnotherWorkerIsNamedTheRequestGoesElsewhere() throws Exception {
        tell(probing(null, 0));
        Thread request = served();
        awaitClaim();

        tell(probing("another", 5_000));
        ends(request);

        assertThat(worker.called).containsExactly("b");
        assertThat(worker.told()).containsExactly("a/m CLAIMED", "b/m STARTED", "b/m ANSWERED");
    }

    /** With all three attempts left: what was not made is none. */
    @Test
    void aCallThatWasNotMadeIsNoAttemptOfTheRequest() throws Exception {
        outage.set(true);
        tell(probing(null, 0));
        Thread request = served();
        awaitClaim();

        tell(probing("another", 5_000));
        ends(request);

        assertThat(worker.called).containsExactly("b", "b", "b");
    }

    @Test
    void whereNobodyIsNamedTheRequestGoesElsewhereInAMomentAndNobodyClaimsAgain() throws Exception {
        tell(probing(null, 0));
        ends(served());
        assertThat(worker.called).containsExactly("b");
        ends(served());

        assertThat(worker.called).containsExactly("b", "b");
        assertThat(worker.told()).containsOnlyOnce("a/m CLAIMED");

        tell(probing(TestWorker.NAME, 5_000));
        ends(served());
        assertThat(worker.called).as("named late").containsExactly("b", "b", "a");
    }

    @Test
    void aWorkerThatStopsMeanwhileMakesNoCall() throws Exception {
        tell(probing(null, 0));
        Thread request = served();
        awaitClaim();

        request.interrupt();
        ends(request);

        assertThat(worker.called).isEmpty();
        assertThat(published).as("whoever takes the partition over serves it").isZero();
        tell(probing(TestWorker.NAME, 5_000));
        ends(served());
        assertThat(worker.called).as("its permit is given back").containsExactly("a");
    }

    @Test
    void whoseTurnItIsAlreadyClaimsNothing() throws Exception {
        tell(probing(TestWorker.NAME, 5_000));
        ends(served());

        assertThat(worker.told()).containsExactly("a/m STARTED", "a/m ANSWERED");
    }

    private static DeploymentHealth.Builder probing(@Nullable String worker, long millis) {
        return DeploymentHealth.newBuilder().setDeployment("a/m").setState(DeploymentState.PROBING)
                .setSinceMillis(TestWorker.NOW)
                .setVersion(2).setReason("as the test says").setWindowSeconds(60).setAnswered(0).setFailed(0)
                .setProbingWorker(worker)
                .setProbingUntilMillis(worker == null ? null : (Long) (TestWorker.NOW + millis));
    }

    private void tell(DeploymentHealth.Builder health) {
        permits.told(TestConfiguration.deployment("a").name(),
                FleetView.of(health.setAsOfMillis(TestWorker.NOW + ++told).build(), TestWorker.NAME, TestWorker.NOW,
                        worker.nanos.get()));
    }

    private void awaitClaim() {
        Awaitility.await().pollDelay(Duration.ZERO).pollInterval(Duration.ofMillis(2))
                .until(() -> worker.told().contains("a/m CLAIMED"));
    }

    private static void ends(Thread request) throws InterruptedException {
        request.join();
    }

    private Thread served() {
        OneVisit pause = (visit, asked, left) -> Optional.empty();
        Hedge hedge = new Hedge(permits, worker.timer, outcome -> {
        });
        RequestFlow flow = worker.flow(configuration, permits,
                (call, sink) -> outage.get()
                        ? TestWorker.failed(FailureClass.TIMEOUT)
                        : TestWorker.answered("hello"),
                hedge, pause, (served, reply) -> published++, Telemetry.OFF);
        return Thread.startVirtualThread(() -> TestRequests.serveWaiting(flow,
                TestRequests.request("r1", false, StreamPolicy.RESTART, TestWorker.NOW + 60_000),
                worker.nanos::addAndGet));
    }

    private interface OneVisit extends RetryPause {
        @Override
        default Optional<Duration> before(int attempt, Optional<Duration> asked, long leftMillis) {
            return Optional.of(Duration.ofMillis(1));
        }
    }
}
