package dev.signalbox.workers.reply;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.AttemptEvent;
import dev.signalbox.schemas.avro.AttemptId;
import dev.signalbox.schemas.avro.AttemptPhase;
import dev.signalbox.workers.intake.BrokerClock;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What a call waits for before it is made. */
@Tag("issue-5")
class AttemptJournalTest {
    private static final Duration LONG = Duration.ofSeconds(10);

    private final MockProducer<byte[], byte[]> announcing = producer();
    private final MockProducer<byte[], byte[]> control = producer();
    private HttpServer registry;
    private AttemptJournal journal;

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
        journal = journal("http://127.0.0.1:" + registry.getAddress().getPort());
        // Not measured here: what the first use of Avro, registry and classes takes.
        journal.append(event());
    }

    @AfterEach
    void stop() {
        registry.stop(0);
    }

    @Test
    void aCallIsMadeOnceItIsKnownOf() {
        Thread call = announced();
        Awaitility.await().atMost(LONG).until(() -> announcing.history().size() == 1);
        assertThat(call.isAlive()).isTrue();

        announcing.completeNext();
        ends(call);

        assertThat(announcing.history().getFirst().topic()).isEqualTo(Topics.ATTEMPTS);
        assertThat(journal.unannounced()).isZero();
    }

    @Test
    void aClaimIsSentAtOnceAndWaitsForNothing() {
        journal.claim(event());

        assertThat(announcing.history()).hasSize(1);
        assertThat(journal.unannounced()).isZero();
    }

    @Test
    void noCallWaitsForKafkaThatDoesNotAnswer() {
        ends(announced());
        assertThat(journal.unannounced()).isEqualTo(1);

        long begun = System.nanoTime();
        for (int i = 0; i < 1_000; i++) {
            journal.announce(event());
        }
        assertThat(Duration.ofNanos(System.nanoTime() - begun)).as("a thousand more that do not wait")
                .isLessThan(Duration.ofMillis(100L * AttemptJournal.PATIENCE_MILLIS));
        assertThat(journal.unannounced()).isEqualTo(1_001);
    }

    @Test
    void callsWaitAgainOnceKafkaAnswers() {
        ends(announced());
        announcing.completeNext();

        Thread call = announced();
        Awaitility.await().atMost(LONG).until(() -> announcing.history().size() == 2);
        announcing.completeNext();
        ends(call);

        assertThat(journal.unannounced()).isEqualTo(1);
    }

    @Test
    void whatIsRefusedIsSentAgainAndThenGoneOnWithout() {
        Thread call = announced();
        for (int tries = 1; tries <= 3; tries++) {
            int sent = tries;
            Awaitility.await().atMost(LONG).until(() -> announcing.history().size() == sent);
            announcing.errorNext(new TopicAuthorizationException("no"));
        }
        ends(call);

        assertThat(journal.unannounced()).isEqualTo(1);
        assertThat(journal.dropped()).isEqualTo(1);
    }

    @Test
    void noCallWaitsForARegistryThatIsAway() {
        AttemptJournal away = journal("http://127.0.0.1:1");
        away.announce(event());

        assertThat(away.unannounced()).isEqualTo(1);
        assertThat(away.dropped()).isEqualTo(1);
        assertThat(announcing.history()).isEmpty();
    }

    @Test
    void whoIsInterruptedGoesOnAndStaysInterrupted() throws InterruptedException {
        boolean[] interrupted = new boolean[1];
        Thread call = Thread.ofVirtual().start(() -> {
            journal.announce(event());
            interrupted[0] = Thread.currentThread().isInterrupted();
        });
        Awaitility.await().atMost(LONG).until(() -> announcing.history().size() == 1);
        call.interrupt();
        call.join(LONG);

        assertThat(interrupted[0]).isTrue();
    }

    private Thread announced() {
        return Thread.ofVirtual().start(() -> journal.announce(event()));
    }

    private static void ends(Thread call) {
        Awaitility.await().atMost(LONG).until(() -> !call.isAlive());
    }

    private AttemptJournal journal(String registryUrl) {
        return new AttemptJournal(new RecordEncoder(Map.of("schema.registry.url", registryUrl)),
                new RenewableProducer("announcing", () -> announcing), new RenewableProducer("control", () -> control),
                new BrokerClock());
    }

    private static AttemptEvent event() {
        AttemptEvent event = new AttemptEvent();
        event.setRequestId("r");
        event.setAttempt(new AttemptId(0, 0, 1, 1L));
        event.setPhase(AttemptPhase.STARTED);
        event.setDeployment("a/m");
        event.setVendor("a");
        event.setModel("m");
        event.setRequestedModel("m");
        event.setPool("main");
        event.setPriority("standard");
        event.setUseCase("u");
        event.setTenant("t");
        event.setEnvironment("test");
        event.setWorker("w");
        return event;
    }

    private static MockProducer<byte[], byte[]> producer() {
        return new MockProducer<>(false, null, new ByteArraySerializer(), new ByteArraySerializer());
    }
}
