package dev.signalbox.workers;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import dev.signalbox.config.Configuration;
import dev.signalbox.config.Residency;
import dev.signalbox.config.Strategy;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.AttemptEvent;
import dev.signalbox.schemas.avro.DeploymentHealth;
import dev.signalbox.schemas.avro.DeploymentState;
import dev.signalbox.schemas.avro.StreamPolicy;
import dev.signalbox.schemas.avro.TokenUsage;
import dev.signalbox.workers.intake.BrokerClock;
import dev.signalbox.workers.reply.AttemptJournal;
import dev.signalbox.workers.reply.Pricing;
import dev.signalbox.workers.reply.RecordEncoder;
import dev.signalbox.workers.reply.RenewableProducer;
import dev.signalbox.workers.reply.ReplyPublisher;
import dev.signalbox.workers.reply.TestPublishers;
import dev.signalbox.workers.router.FleetView;
import dev.signalbox.workers.router.PermitDesk;
import dev.signalbox.workers.telemetry.Telemetry;
import dev.signalbox.workers.vendor.AttemptFailure;
import dev.signalbox.workers.vendor.AttemptOutcome;
import dev.signalbox.workers.vendor.FailureClass;
import dev.signalbox.workers.vendor.TokenSink;
import dev.signalbox.workers.vendor.VendorClient;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SplittableRandom;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.specific.SpecificDatumReader;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A request whose call would probe deployment a, which the dispatcher ejected; b is well. */
@Tag("issue-5")
@Tag("issue-6")
@Timeout(20)
class ClaimedProbesTest {
    private static final long NOW = 1_000_000;
    private static final AttemptOutcome.CallTimes TIMES = new AttemptOutcome.CallTimes(Duration.ofMillis(5),
            Optional.of(Duration.ofMillis(2)));

    private final MockProducer<byte[], byte[]> producer = new MockProducer<>(true, null, new ByteArraySerializer(),
            new ByteArraySerializer());
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    private final AtomicLong nanos = new AtomicLong(1_000_000_000_000L);
    private final Configuration configuration = TestConfiguration.routing(
            new Strategy.Sequence(List.of(TestConfiguration.one("a"), TestConfiguration.one("b"))), Residency.ANYWHERE,
            TestConfiguration.deployment("a"), TestConfiguration.deployment("b"));
    private final Permits permits = new Permits(new PermitDesk(configuration, new SplittableRandom(1)), nanos::get);
    private final List<String> called = new CopyOnWriteArrayList<>();
    private final AtomicBoolean outage = new AtomicBoolean();
    private HttpServer registry;
    private int published;
    private int told;

    @BeforeEach
    void start() throws IOException {
        registry = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        registry.createContext("/", exchange -> {
            try (exchange) {
                byte[] answer = "{\"id\":1}".getBytes(StandardCharsets.UTF_8);
                exchange.getRequestBody().readAllBytes();
                exchange.sendResponseHeaders(200, answer.length);
                exchange.getResponseBody().write(answer);
            }
        });
        registry.start();
    }

    @AfterEach
    void stop() {
        timer.shutdownNow();
        registry.stop(0);
    }

    @Test
    void aProbeIsMadeOnceThisWorkerIsNamed() throws Exception {
        tell(probing(null, 0));
        Thread request = served();
        awaitClaim();
        assertThat(called).isEmpty();

        tell(probing("w", 5_000));
        ends(request);

        assertThat(called).containsExactly("a");
        assertThat(told()).containsExactly("a/m CLAIMED", "a/m STARTED", "a/m ANSWERED");
        assertThat(published).isEqualTo(1);
    }

    @Test
    void whereAnotherWorkerIsNamedTheRequestGoesElsewhere() throws Exception {
        tell(probing(null, 0));
        Thread request = served();
        awaitClaim();

        tell(probing("another", 5_000));
        ends(request);

        assertThat(called).containsExactly("b");
        assertThat(told()).containsExactly("a/m CLAIMED", "b/m STARTED", "b/m ANSWERED");
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

        assertThat(called).containsExactly("b", "b", "b");
    }

    @Test
    void whereNobodyIsNamedTheRequestGoesElsewhereInAMomentAndNobodyClaimsAgain() throws Exception {
        tell(probing(null, 0));
        ends(served());
        assertThat(called).containsExactly("b");
        ends(served());

        assertThat(called).containsExactly("b", "b");
        assertThat(told()).containsOnlyOnce("a/m CLAIMED");

        tell(probing("w", 5_000));
        ends(served());
        assertThat(called).as("named late").containsExactly("b", "b", "a");
    }

    @Test
    void aWorkerThatStopsMeanwhileMakesNoCall() throws Exception {
        tell(probing(null, 0));
        Thread request = served();
        awaitClaim();

        request.interrupt();
        ends(request);

        assertThat(called).isEmpty();
        assertThat(published).as("whoever takes the partition over serves it").isZero();
        tell(probing("w", 5_000));
        ends(served());
        assertThat(called).as("its permit is given back").containsExactly("a");
    }

    @Test
    void whoseTurnItIsAlreadyClaimsNothing() throws Exception {
        tell(probing("w", 5_000));
        ends(served());

        assertThat(told()).containsExactly("a/m STARTED", "a/m ANSWERED");
    }

    private static DeploymentHealth.Builder probing(@Nullable String worker, long millis) {
        return DeploymentHealth.newBuilder().setDeployment("a/m").setState(DeploymentState.PROBING).setSinceMillis(NOW)
                .setVersion(2).setReason("as the test says").setWindowSeconds(60).setAnswered(0).setFailed(0)
                .setProbingWorker(worker).setProbingUntilMillis(worker == null ? null : (Long) (NOW + millis));
    }

    private void tell(DeploymentHealth.Builder health) {
        permits.told(TestConfiguration.deployment("a").name(),
                FleetView.of(health.setAsOfMillis(NOW + ++told).build(), "w", NOW, nanos.get()));
    }

    private void awaitClaim() {
        Awaitility.await().pollDelay(Duration.ZERO).pollInterval(Duration.ofMillis(2))
                .until(() -> told().contains("a/m CLAIMED"));
    }

    private static void ends(Thread request) throws InterruptedException {
        request.join();
    }

    private Thread served() {
        RecordEncoder encoder = new RecordEncoder(
                Map.of("schema.registry.url", "http://127.0.0.1:" + registry.getAddress().getPort()));
        RenewableProducer renewable = new RenewableProducer("test", () -> producer);
        ReplyPublisher publisher = TestPublishers.publisher(producer, timer, () -> NOW);
        WorkerMetrics metrics = new WorkerMetrics(new SimpleMeterRegistry());
        WorkerIdentity identity = new WorkerIdentity("w", 1);
        AttemptRecorder recorder = new AttemptRecorder(
                new AttemptJournal(encoder, renewable, renewable, new BrokerClock()), metrics,
                new Pricing(configuration.prices()), "test", identity, () -> NOW);
        OneVisit pause = (visit, asked, left) -> Optional.empty();
        Visit visit = new Visit(new Attempt.Stages(permits, this::call, publisher, recorder, identity, () -> NOW,
                nanos::get), new Hedge(permits, timer, outcome -> {
                }), pause);
        RequestFlow flow = new RequestFlow(TestPlans.of(configuration, permits), TestBodies.NONE, permits, visit,
                pause, new ReplyWriter("1", () -> 0), metrics,
                (served, reply) -> published++, () -> NOW, nanos::get, Telemetry.OFF, TestRequests::neverCancelled,
                TestRequests.NEVER_LATER);
        return Thread.startVirtualThread(() -> TestRequests.serveWaiting(flow,
                TestRequests.request("r1", false, StreamPolicy.RESTART, NOW + 60_000), nanos::addAndGet));
    }

    private interface OneVisit extends RetryPause {
        @Override
        default Optional<Duration> before(int attempt, Optional<Duration> asked, long leftMillis) {
            return Optional.of(Duration.ofMillis(1));
        }
    }

    private AttemptOutcome call(VendorClient.Call call, TokenSink sink) {
        called.add(call.deployment().name().place());
        return outage.get()
                ? new AttemptOutcome.Failed(new AttemptFailure(FailureClass.TIMEOUT, OptionalInt.empty(), "it failed",
                        Optional.empty()), Optional.empty(), Optional.empty(), TIMES)
                : new AttemptOutcome.Answered("{\"text\":\"hello\"}".getBytes(StandardCharsets.UTF_8),
                        Optional.of("stop"), Optional.of("vendor-m"),
                        Optional.of(TokenUsage.newBuilder().setInputTokens(10L).setOutputTokens(20L).build()),
                        List.of(), TIMES);
    }

    /** What was told of each call: where, and what. */
    private List<String> told() throws IOException {
        SpecificDatumReader<AttemptEvent> reader = new SpecificDatumReader<>(AttemptEvent.class);
        List<String> events = new CopyOnWriteArrayList<>();
        for (var record : producer.history()) {
            if (record.topic().equals(Topics.ATTEMPTS)) {
                ByteBuffer value = ByteBuffer.wrap(record.value());
                byte[] avro = new byte[value.position(1 + Integer.BYTES).remaining()];
                value.get(avro);
                AttemptEvent event = reader.read(null, DecoderFactory.get().binaryDecoder(avro, null));
                events.add(event.getDeployment() + " "
                        + Optional.ofNullable(event.getOutcome()).orElse(event.getPhase().name()));
            }
        }
        return events;
    }
}
