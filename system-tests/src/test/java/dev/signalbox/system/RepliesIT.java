package dev.signalbox.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.ClaimSettings;
import dev.signalbox.schemas.Headers;
import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.schemas.claim.ClaimStores;
import dev.signalbox.schemas.client.Expectation;
import dev.signalbox.schemas.client.FailedSendListener;
import dev.signalbox.schemas.client.PreparedRequest;
import dev.signalbox.schemas.client.ReplyReader;
import dev.signalbox.schemas.client.ReplyReaderOptions;
import dev.signalbox.schemas.client.RequestProducer;
import dev.signalbox.schemas.client.RequestProducerOptions;
import dev.signalbox.schemas.serde.JsonRecords;
import dev.signalbox.simulator.SimulatorOptions;
import dev.signalbox.simulator.profile.ModelProfile;
import dev.signalbox.simulator.profile.VendorProfile;
import dev.signalbox.workers.claim.ConfiguredClaims;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
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

/** What becomes of replies: repeated ids, topics that are not there, bodies that are too large for a record. */
@Tag("issue-4")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RepliesIT {
    private static final Lane LANE = new Lane(new PoolName("main"), Priority.STANDARD);

    private Installation installation;
    private ClaimStores claims;
    private RequestProducer producer;
    private KafkaProducer<byte[], byte[]> raw;
    private ReplyReader reader;
    private Path bodies;

    @BeforeAll
    void start(@TempDir Path folder) throws Exception {
        bodies = folder.resolve("bodies");
        installation = Installation.start(folder.resolve("broker"),
                SimulatorOptions.of(VendorProfile.of("good", ModelProfile.paced(60, 2))), simulator -> """
                        environment: test
                        vendors:
                          good: { family: openai, base_url: "%s" }
                        deployments:
                          good/fine: { vendor: good, model_id: gpt-fine }
                        pools:
                          main: { use_cases: [otherwise], priorities: [standard] }
                        routes:
                          fine: { test: { otherwise: { sequence: [good] } } }
                        topics: { partitions: 2, max_message_size: 64KB }
                        worker: { max_in_flight: 4 }
                        claim_check: { store: shared, above: 32KB, stores: { shared: { folder: "%s" } } }
                        """.formatted(simulator.baseUrl("good"), bodies));
        ClaimSettings settings = installation.configuration().claims();
        claims = ConfiguredClaims.open(settings);
        raw = new KafkaProducer<>(installation.clientProperties(), new ByteArraySerializer(),
                new ByteArraySerializer());
        reader = ReplyReader.open(installation.callerProperties(), ReplyReaderOptions.latest(), event -> {
        }, claims);
        producer = RequestProducer.open(installation.callerProperties(), RequestProducerOptions.DEFAULT,
                FailedSendListener.NONE, claims);
    }

    @AfterAll
    void stop() {
        producer.close();
        raw.close();
        reader.close();
        claims.close();
        installation.close();
    }

    @Test
    void recordsOfOneIdAreServedByOneCallEachUnderItsOwnCorrelationId() throws Exception {
        byte[] value = json("twice-1", "Where is my parcel?");
        send("twice-1", value, "one");
        send("twice-1", value, "two");
        send("twice-1", json("twice-1", "Where is my other parcel?"), "three");

        Map<String, LlmReply> replies = replies(Topics.REPLIES, "twice-1", 3);
        assertThat(replies).containsOnlyKeys("one", "two", "three");
        assertThat(replies.get("one").getStatus()).isEqualTo(ReplyStatus.COMPLETED);
        assertThat(replies.get("two")).isEqualTo(replies.get("one"));
        assertThat(replies.get("three").getStatus()).isEqualTo(ReplyStatus.REJECTED);
        assertThat(replies.get("three").getError().getCode()).isEqualTo("DUPLICATE_ID");

        send("twice-1", value, "four");
        assertThat(replies(Topics.REPLIES, "twice-1", 4).get("four")).isEqualTo(replies.get("one"));
        assertThat(installation.worker().metrics()).containsPattern("signalbox_duplicates_total\\{.*rejected.*} 1\\.0");
    }

    @Test
    void aReplyTopicThatIsNotThereStopsOnlyItsOwnCallers() throws Exception {
        String missing = "llm.replies.later";
        for (int i = 0; i < 30; i++) {
            send("dead-" + i, json("dead-" + i, "Hello?"), "c" + i,
                    Map.of(Headers.REPLY_TO, missing.getBytes(StandardCharsets.UTF_8)));
        }
        List<CompletableFuture<LlmReply>> others = new ArrayList<>();
        for (int i = 0; i < 30; i++) {
            others.add(ask(request("alive-" + i, "Hello?")));
        }
        for (CompletableFuture<LlmReply> other : others) {
            assertThat(other.get(8, TimeUnit.SECONDS).getStatus()).isEqualTo(ReplyStatus.COMPLETED);
        }

        try (Admin admin = Admin.create(installation.clientProperties())) {
            admin.createTopics(List.of(new NewTopic(missing, 1, (short) 1))).all().get(10, TimeUnit.SECONDS);
        }
        assertThat(replies(missing, null, 30)).as("nothing is lost").hasSize(30);
    }

    @Test
    void bodiesThatAreTooLargeForARecordGoThroughTheStoreBothWays() throws Exception {
        LlmReply reply = ask(request("large-1", "Say it again: " + "x".repeat(200_000))).get(30, TimeUnit.SECONDS);
        assertThat(reply.getStatus()).as(String.valueOf(reply.getError())).isEqualTo(ReplyStatus.COMPLETED);
        assertThat(reply.getUsage().getInputTokens()).as("the vendor saw the whole body").isGreaterThan(10_000);
        try (Stream<Path> files = Files.walk(bodies.resolve("requests"))) {
            assertThat(files.filter(Files::isRegularFile)).hasSize(1);
        }
    }

    @Test
    void aReferenceThatLeadsNowhereIsRejected() throws Exception {
        byte[] value = ("{\"id\":\"lost-1\",\"model\":\"fine\",\"body\":{},\"bodyClaim\":{\"store\":\"shared\","
                + "\"key\":\"requests/none\",\"bytes\":10,\"sha256\":\"" + "0".repeat(64) + "\"}}")
                .getBytes(StandardCharsets.UTF_8);
        send("lost-1", value, "one");
        LlmReply reply = Optional.ofNullable(replies(Topics.REPLIES, "lost-1", 1).get("one")).orElseThrow();
        assertThat(reply.getStatus()).isEqualTo(ReplyStatus.REJECTED);
        assertThat(reply.getError().getCode()).isEqualTo("CLAIM_NOT_FOUND");
    }

    private CompletableFuture<LlmReply> ask(LlmRequest request) {
        PreparedRequest prepared = producer.prepare(LANE, request, List.of());
        CompletableFuture<LlmReply> reply = reader.expect(new Expectation(prepared.requestId(), prepared.requestHash(),
                Duration.ofMinutes(5), Expectation.Preview.NONE));
        producer.send(prepared).join();
        return reply;
    }

    private static LlmRequest request(String id, String text) {
        return LlmRequest.newBuilder().setId(id).setModel("fine")
                .setBody(ByteBuffer.wrap(body(text).getBytes(StandardCharsets.UTF_8))).build();
    }

    private static String body(String text) {
        return "{\"model\":\"fine\",\"messages\":[{\"role\":\"user\",\"content\":\"" + text + "\"}]}";
    }

    private static byte[] json(String id, String text) {
        return ("{\"id\":\"" + id + "\",\"model\":\"fine\",\"body\":" + body(text) + "}")
                .getBytes(StandardCharsets.UTF_8);
    }

    private void send(String id, byte[] value, String correlation) throws Exception {
        send(id, value, correlation, Map.of());
    }

    private void send(String id, byte[] value, String correlation, Map<String, byte[]> headers) throws Exception {
        var record = new ProducerRecord<>(LANE.requestTopic(), id.getBytes(StandardCharsets.UTF_8), value);
        record.headers().add(Headers.CONTENT_TYPE, Headers.CONTENT_TYPE_JSON.getBytes(StandardCharsets.UTF_8))
                .add(Headers.CORRELATION_ID, correlation.getBytes(StandardCharsets.UTF_8));
        headers.forEach(record.headers()::add);
        raw.send(record).get(10, TimeUnit.SECONDS);
    }

    /** By correlation id; all of the topic where no key is given. */
    private Map<String, LlmReply> replies(String topic, String key, int count) {
        Map<String, LlmReply> found = new HashMap<>();
        try (var consumer = new KafkaConsumer<>(installation.clientProperties(), new ByteArrayDeserializer(),
                new ByteArrayDeserializer())) {
            var partitions = consumer.partitionsFor(topic).stream()
                    .map(info -> new TopicPartition(topic, info.partition())).toList();
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
            while (found.size() < count && System.nanoTime() < end) {
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(100))) {
                    if (key == null || key.equals(new String(record.key(), StandardCharsets.UTF_8))) {
                        found.put(new String(record.headers().lastHeader(Headers.CORRELATION_ID).value(),
                                StandardCharsets.UTF_8), new JsonRecords().parseReply(record.value()));
                    }
                }
            }
        }
        return found;
    }
}
