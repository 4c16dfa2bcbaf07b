package dev.signalbox.system;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.read.ListAppender;
import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.schemas.avro.StreamPolicy;
import dev.signalbox.schemas.client.Expectation;
import dev.signalbox.schemas.client.ReplyEvent;
import dev.signalbox.schemas.client.ReplyReader;
import dev.signalbox.schemas.client.ReplyReaderOptions;
import dev.signalbox.schemas.client.RequestProducer;
import dev.signalbox.schemas.client.RequestProducerOptions;
import dev.signalbox.simulator.SimulatorOptions;
import dev.signalbox.simulator.profile.ModelProfile;
import dev.signalbox.simulator.profile.VendorProfile;
import dev.signalbox.system.guarantee.Guarantees;
import dev.signalbox.system.guarantee.RunEvent;
import dev.signalbox.system.guarantee.TopicReplay;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/**
 * One run with everything in it that goes wrong without a process being killed: a vendor that is down, one that cuts its
 * streams, requests whose time is up, records that nobody can read, a worker that is replaced in the middle. All watchers
 * watch.
 */
@Tag("issue-2")
class GuaranteesIT {
    private static final Lane LANE = new Lane(new PoolName("main"), Priority.STANDARD);
    private static final String KEY = "canary-key-8fe2b1c0";
    private static final String PROMPT = "canary-prompt-51d7";
    private static final int REQUESTS = 400;

    private final ConcurrentLinkedQueue<RunEvent> shown = new ConcurrentLinkedQueue<>();

    @Test
    void allAreKeptThroughFailuresAndAChangeOfWorkers(@TempDir Path folder) throws Exception {
        ListAppender<ILoggingEvent> log = new ListAppender<>();
        Logger ours = (Logger) LoggerFactory.getLogger("dev.signalbox");
        Level before = ours.getEffectiveLevel();
        ours.setLevel(Level.TRACE);
        ours.setAdditive(false);
        ours.addAppender(log);
        log.start();
        Guarantees guarantees = Guarantees.all(1_000, List.of(KEY, PROMPT));
        try {
            run(folder, guarantees);
        } finally {
            ours.detachAppender(log);
            ours.setAdditive(true);
            ours.setLevel(before);
        }
        for (ILoggingEvent event : List.copyOf(log.list)) {
            guarantees.saw(new RunEvent.Printed("log of " + event.getLoggerName(), event.getFormattedMessage() + " "
                    + (event.getThrowableProxy() == null
                            ? ""
                            : ThrowableProxyUtil.asString(event.getThrowableProxy()))));
        }

        assertThat(log.list).as("the log was captured").isNotEmpty();
        assertThat(guarantees.violations()).isEmpty();
    }

    private void run(Path folder, Guarantees guarantees) throws Exception {
        Path key = Files.writeString(folder.resolve("vendor.key"), KEY);
        ModelProfile fast = ModelProfile.paced(20, 2);
        try (Installation installation = Installation.start(folder.resolve("data"),
                SimulatorOptions.of(VendorProfile.of("good", fast), VendorProfile.of("spare", fast)),
                simulator -> """
                        environment: test
                        vendors:
                          good: { family: openai, base_url: "%1$s" }
                          spare: { family: openai, base_url: "%2$s" }
                        deployments:
                          good/fine: { vendor: good, model_id: gpt-fine, credential: "${file:%3$s}" }
                          good/down: { vendor: good, model_id: "gpt@fault=status:503", credential: "${file:%3$s}" }
                          spare/down: { vendor: spare, model_id: gpt-spare, credential: "${file:%3$s}" }
                          good/cut: { vendor: good, model_id: "gpt@fault=cut:5", credential: "${file:%3$s}" }
                          spare/cut: { vendor: spare, model_id: gpt-spare, credential: "${file:%3$s}" }
                        pools:
                          main: { use_cases: [otherwise], priorities: [standard] }
                        routes:
                          fine: { test: { otherwise: { sequence: [good] } } }
                          down: { test: { otherwise: { sequence: [good, spare] } } }
                          cut: { test: { otherwise: { sequence: [good, spare] } } }
                        topics: { partitions: 4 }
                        """.formatted(simulator.baseUrl("good"), simulator.baseUrl("spare"), key));
                ReplyReader reader = ReplyReader.open(installation.callerProperties(), ReplyReaderOptions.latest(),
                        event -> shown.add(new RunEvent.Shown("caller", event)));
                RequestProducer producer = RequestProducer.open(installation.callerProperties(),
                        RequestProducerOptions.DEFAULT, (request, error) -> {
                            throw new AssertionError(request, error);
                        })) {
            Map<ReplyStatus, Integer> statuses = exchange(installation, producer, reader);
            new TopicReplay(installation.callerProperties(), LANE).tell(guarantees);
            shown.forEach(guarantees::saw);
            guarantees.saw(new RunEvent.Printed("metrics", get(installation, "/metrics")));
            guarantees.saw(new RunEvent.Printed("readyz", get(installation, "/readyz")));
            assertThat(shown).extracting(event -> ((RunEvent.Shown) event).event().getClass().getSimpleName())
                    .contains(ReplyEvent.Restarted.class.getSimpleName());
            assertThat(statuses).containsKeys(ReplyStatus.COMPLETED, ReplyStatus.FAILED, ReplyStatus.EXPIRED);
        }
    }

    private static Map<ReplyStatus, Integer> exchange(Installation installation, RequestProducer producer,
            ReplyReader reader) throws Exception {
        List<CompletableFuture<LlmReply>> replies = new ArrayList<>();
        try (var raw = new KafkaProducer<>(installation.clientProperties(), new ByteArraySerializer(),
                new ByteArraySerializer())) {
            for (int i = 0; i < REQUESTS; i++) {
                if (i % 40 == 7) {
                    raw.send(new ProducerRecord<>(LANE.requestTopic(), null, new byte[]{9, (byte) i})).get();
                }
                if (i == REQUESTS / 2) {
                    installation.restartWorker();
                }
                replies.add(ask(producer, reader, request(i)));
            }
        }
        Map<ReplyStatus, Integer> statuses = new EnumMap<>(ReplyStatus.class);
        for (CompletableFuture<LlmReply> reply : replies) {
            statuses.merge(reply.get(60, TimeUnit.SECONDS).getStatus(), 1, Integer::sum);
        }
        return statuses;
    }

    private static LlmRequest request(int i) {
        String model = List.of("fine", "down", "cut", "fine", "unheard-of").get(i % 5);
        String body = "{\"model\":\"" + model + "\",\"messages\":[{\"role\":\"user\",\"content\":\"" + PROMPT + " " + i
                + "\"}]}";
        return LlmRequest.newBuilder().setId("r-" + i).setModel(model).setUseCase("support").setTenant("t" + i % 3)
                .setBody(ByteBuffer.wrap(body.getBytes(StandardCharsets.UTF_8))).setStreamTokens(i % 2 == 0)
                .setStreamPolicy(i % 4 == 0 ? StreamPolicy.RESTART : StreamPolicy.FAIL)
                .setTimeToLiveMillis(i % 25 == 3 ? 1L : 60_000L).build();
    }

    private static CompletableFuture<LlmReply> ask(RequestProducer producer, ReplyReader reader, LlmRequest request) {
        var prepared = producer.prepare(LANE, request, List.of());
        CompletableFuture<LlmReply> reply = reader.expect(new Expectation(prepared.requestId(), prepared.requestHash(),
                Duration.ofMinutes(5),
                request.getStreamTokens() ? Expectation.Preview.TOKENS : Expectation.Preview.NONE));
        var _ = producer.send(prepared);
        return reply;
    }

    private static String get(Installation installation, String path) throws Exception {
        try (HttpClient http = HttpClient.newHttpClient()) {
            return http.send(HttpRequest
                    .newBuilder(URI.create("http://127.0.0.1:" + installation.worker().adminPort() + path)).build(),
                    HttpResponse.BodyHandlers.ofString()).body();
        }
    }
}
