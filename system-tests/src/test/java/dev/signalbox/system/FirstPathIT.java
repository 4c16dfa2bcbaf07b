package dev.signalbox.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.schemas.Headers;
import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.Topics;
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
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** Requests through Kafka to simulated vendors and back, as their callers see it. */
@Tag("issue-2")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FirstPathIT {
    private static final Lane LANE = new Lane(new PoolName("main"), Priority.STANDARD);

    private Installation installation;
    private RequestProducer producer;
    private ReplyReader reader;
    private final Map<String, List<ReplyEvent>> events = new ConcurrentHashMap<>();

    @BeforeAll
    void start(@TempDir Path folder) throws Exception {
        ModelProfile fast = ModelProfile.paced(60, 2);
        installation = Installation.start(folder,
                SimulatorOptions.of(VendorProfile.of("good", fast), VendorProfile.of("spare", fast)),
                simulator -> """
                        environment: test
                        vendors:
                          good: { family: openai, base_url: "%s" }
                          spare: { family: openai, base_url: "%s" }
                        deployments:
                          good/fine: { vendor: good, model_id: gpt-fine, limits: { concurrency: 100, requests_per_minute: 10000 } }
                          good/down: { vendor: good, model_id: "gpt@fault=status:503" }
                          spare/down: { vendor: spare, model_id: gpt-spare }
                          good/cut: { vendor: good, model_id: "gpt@fault=cut:20" }
                          spare/cut: { vendor: spare, model_id: gpt-spare }
                        pools:
                          main: { use_cases: [otherwise], priorities: [interactive, standard] }
                        routes:
                          fine: { test: { otherwise: { sequence: [good] } } }
                          down: { test: { otherwise: { sequence: [good, spare] } } }
                          cut: { test: { otherwise: { sequence: [good, spare] } } }
                        topics: { partitions: 4 }
                        """.formatted(simulator.baseUrl("good"), simulator.baseUrl("spare")));
        reader = ReplyReader.open(installation.callerProperties(), ReplyReaderOptions.latest(),
                event -> events.computeIfAbsent(event.requestId(), id -> new ArrayList<>()).add(event));
        producer = RequestProducer.open(installation.callerProperties(), RequestProducerOptions.DEFAULT,
                (request, error) -> {
                    throw new AssertionError(request, error);
                });
    }

    @AfterAll
    void stop() {
        if (installation != null) {
            producer.close();
            reader.close();
            installation.close();
        }
    }

    @Test
    void everyRequestIsAnsweredOnceStreamedOrNot() throws Exception {
        List<CompletableFuture<LlmReply>> replies = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            replies.add(ask(request("many-" + i, "fine", i % 2 == 0, StreamPolicy.RESTART)));
        }
        Set<String> ids = new HashSet<>();
        for (CompletableFuture<LlmReply> reply : replies) {
            LlmReply got = reply.get(60, TimeUnit.SECONDS);
            assertThat(got.getStatus()).as(got.toString()).isEqualTo(ReplyStatus.COMPLETED);
            assertThat(got.getUsage().getOutputTokens()).isPositive();
            ids.add(got.getRequestId());
        }
        assertThat(ids).hasSize(300);
    }

    @Test
    void aStreamsPreviewIsTheWholeAnswer() throws Exception {
        LlmReply reply = ask(request("stream-1", "fine", true, StreamPolicy.RESTART)).get(30, TimeUnit.SECONDS);

        assertThat(text("stream-1")).isNotEmpty();
        assertThat(body(reply)).contains(text("stream-1").substring(0, 40));
        assertThat(events.get("stream-1").getLast()).isInstanceOfSatisfying(ReplyEvent.Ended.class,
                ended -> assertThat(ended.textReplaced()).isFalse());
        assertThat(reply.getTimings().getTimeToFirstTokenMillis()).isNotNull();
    }

    @Test
    void aDeploymentThatIsDownIsFailedOverFrom() throws Exception {
        LlmReply reply = ask(request("over-1", "down", false, StreamPolicy.RESTART)).get(30, TimeUnit.SECONDS);

        assertThat(reply.getStatus()).isEqualTo(ReplyStatus.COMPLETED);
        assertThat(reply.getServedBy().getDeployment()).isEqualTo("spare/down");
        assertThat(reply.getAttempts().getFirst().getOutcome()).isEqualTo("OVERLOADED");
        assertThat(reply.getAttempts().getFirst().getDeployment()).isEqualTo("good/down");
    }

    @Test
    void aCutStreamStartsAgainOrFailsHonestlyAsTheRequestSays() throws Exception {
        LlmReply whole = ask(request("cut-1", "cut", true, StreamPolicy.RESTART)).get(30, TimeUnit.SECONDS);
        LlmReply failed = ask(request("cut-2", "cut", true, StreamPolicy.FAIL)).get(30, TimeUnit.SECONDS);

        assertThat(whole.getStatus()).isEqualTo(ReplyStatus.COMPLETED);
        assertThat(whole.getServedBy().getDeployment()).isEqualTo("spare/cut");
        assertThat(events.get("cut-1")).hasAtLeastOneElementOfType(ReplyEvent.Restarted.class);
        assertThat(body(whole)).contains(text("cut-1").substring(0, 40));
        assertThat(failed.getStatus()).isEqualTo(ReplyStatus.FAILED);
        assertThat(failed.getError().getCode()).isIn("TRUNCATED", "CONNECTION_LOST");
    }

    @Test
    void aModelWithoutARouteIsAnsweredWithTheReason() throws Exception {
        LlmReply reply = ask(request("lost-1", "unheard-of", false, StreamPolicy.RESTART)).get(30, TimeUnit.SECONDS);

        assertThat(reply.getStatus()).isEqualTo(ReplyStatus.FAILED);
        assertThat(reply.getError().getCode()).isEqualTo("NO_ROUTE");
        assertThat(reply.getError().getMessage()).contains("unheard-of");
    }

    @Test
    void aJsonRequestIsAnsweredInJsonWithItsCorrelationId() throws Exception {
        byte[] value = """
                {"id": "json-1", "model": "fine", "body": {"model": "fine", "messages": [{"role": "user", "content": "hi"}]}}
                """.getBytes(StandardCharsets.UTF_8);
        try (var raw = new KafkaProducer<>(installation.clientProperties(), new ByteArraySerializer(),
                new ByteArraySerializer())) {
            var record = new ProducerRecord<>(LANE.requestTopic(), "json-1".getBytes(StandardCharsets.UTF_8), value);
            record.headers().add(Headers.CONTENT_TYPE, Headers.CONTENT_TYPE_JSON.getBytes(StandardCharsets.UTF_8));
            record.headers().add(Headers.SPRING_CORRELATION_ID, new byte[]{1, 2, 3});
            raw.send(record).get();
        }
        ConsumerRecord<byte[], byte[]> reply = find(Topics.REPLIES, "json-1");

        assertThat(new String(reply.value(), StandardCharsets.UTF_8)).contains("\"status\":\"COMPLETED\"")
                .contains("\"choices\"");
        assertThat(reply.headers().lastHeader(Headers.SPRING_CORRELATION_ID).value()).containsExactly(1, 2, 3);
    }

    @Test
    void whatCannotBeReadIsRejectedOrADeadLetterAndStopsNobody() throws Exception {
        try (var raw = new KafkaProducer<>(installation.clientProperties(), new ByteArraySerializer(),
                new ByteArraySerializer())) {
            raw.send(new ProducerRecord<>(LANE.requestTopic(), null, new byte[]{9, 9, 9})).get();
            raw.send(new ProducerRecord<>(LANE.requestTopic(), "bad-1".getBytes(StandardCharsets.UTF_8), new byte[0]))
                    .get();
        }

        assertThat(find(Topics.DEAD_LETTERS, null).value()).containsExactly(9, 9, 9);
        assertThat(new String(find(Topics.REPLIES, "bad-1").headers().lastHeader(Headers.STATUS).value(),
                StandardCharsets.UTF_8)).isEqualTo("REJECTED");
        assertThat(ask(request("after-bad", "fine", false, StreamPolicy.RESTART)).get(30, TimeUnit.SECONDS).getStatus())
                .isEqualTo(ReplyStatus.COMPLETED);
    }

    @Test
    void healthAndMetricsAreServed() throws Exception {
        ask(request("metric-1", "fine", true, StreamPolicy.RESTART)).get(30, TimeUnit.SECONDS);

        assertThat(get("/livez")).isEqualTo("live\n");
        assertThat(get("/readyz")).isEqualTo("ready\n");
        assertThat(get("/metrics")).contains("gen_ai_client_operation_duration_seconds_bucket", "jvm_memory_used_bytes",
                "kafka_consumer_", "gen_ai_client_operation_time_to_first_chunk_seconds_count",
                "gen_ai_client_token_usage_total", "signalbox_requests_seconds_count", "signalbox_intake_pending")
                .doesNotContain("metric-1");
        assertThat(DocumentedMetrics.ofWorkers()).isNotEmpty()
                .allSatisfy(name -> assertThat(get("/metrics")).contains(name));
    }

    private String get(String path) throws Exception {
        try (HttpClient http = HttpClient.newHttpClient()) {
            return http.send(HttpRequest
                    .newBuilder(URI.create("http://127.0.0.1:" + installation.worker().adminPort() + path)).build(),
                    HttpResponse.BodyHandlers.ofString()).body();
        }
    }

    private CompletableFuture<LlmReply> ask(LlmRequest request) {
        var prepared = producer.prepare(LANE, request, List.of());
        CompletableFuture<LlmReply> reply = reader.expect(new Expectation(prepared.requestId(), prepared.requestHash(),
                Duration.ofMinutes(5),
                request.getStreamTokens() ? Expectation.Preview.TOKENS : Expectation.Preview.NONE));
        producer.send(prepared).join();
        return reply;
    }

    private static LlmRequest request(String id, String model, boolean stream, StreamPolicy policy) {
        String body = "{\"model\":\"" + model
                + "\",\"messages\":[{\"role\":\"user\",\"content\":\"Where is my parcel?\"}]}";
        return LlmRequest.newBuilder().setId(id).setModel(model).setUseCase("support").setTenant("acme")
                .setBody(ByteBuffer.wrap(body.getBytes(StandardCharsets.UTF_8))).setStreamTokens(stream)
                .setStreamPolicy(policy).build();
    }

    /** What the reader showed last: the deltas since the last restart. */
    private String text(String id) {
        StringBuilder text = new StringBuilder();
        for (ReplyEvent event : events.getOrDefault(id, List.of())) {
            switch (event) {
                case ReplyEvent.TextAppended appended -> text.append(appended.chunk().getDelta());
                case ReplyEvent.Restarted restarted -> text.setLength(0);
                case ReplyEvent.Ended ended -> {
                }
                case ReplyEvent.Abandoned abandoned -> throw new AssertionError(id);
            }
        }
        return text.toString();
    }

    private static String body(LlmReply reply) {
        return StandardCharsets.UTF_8.decode(reply.getBody().duplicate()).toString();
    }

    private ConsumerRecord<byte[], byte[]> find(String topic, String key) {
        try (var consumer = new KafkaConsumer<>(installation.clientProperties(), new ByteArrayDeserializer(),
                new ByteArrayDeserializer())) {
            var partitions = consumer.partitionsFor(topic).stream()
                    .map(info -> new TopicPartition(topic, info.partition())).toList();
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
            while (System.nanoTime() < end) {
                for (var record : consumer.poll(Duration.ofMillis(100))) {
                    if (key == null
                            ? record.key() == null
                            : record.key() != null && key.equals(new String(record.key(), StandardCharsets.UTF_8))) {
                        return record;
                    }
                }
            }
        }
        throw new AssertionError("no record " + key + " on " + topic + " within 30 s");
    }
}
