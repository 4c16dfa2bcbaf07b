package dev.signalbox.schemas.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.signalbox.schemas.Headers;
import dev.signalbox.schemas.SampleRecords;
import dev.signalbox.schemas.avro.ChunkEndStatus;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.TokenChunk;
import dev.signalbox.schemas.claim.ClaimException;
import dev.signalbox.schemas.claim.ClaimStore;
import dev.signalbox.schemas.claim.ClaimStores;
import dev.signalbox.schemas.serde.AvroSerializer;
import dev.signalbox.schemas.serde.JsonRecords;
import dev.signalbox.schemas.serde.SchemaRegistryClient;
import dev.signalbox.schemas.serde.TestRegistry;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.SaslAuthenticationException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-2")
class ReplyReaderTest {
    private static final TopicPartition REPLIES = new TopicPartition("llm.replies", 0);
    private static final TopicPartition TOKENS = new TopicPartition("llm.tokens", 0);

    private final TestRegistry registry = new TestRegistry();
    private final Map<String, Object> config = Map.of("schema.registry.url", registry.url());
    private final MockConsumer<byte[], byte[]> consumer = new MockConsumer<>("earliest");
    private final List<ReplyEvent> events = new CopyOnWriteArrayList<>();
    private final List<String> unreadable = new CopyOnWriteArrayList<>();
    private final Map<String, byte[]> stored = new ConcurrentHashMap<>();
    private final ClaimStores claims = new ClaimStores(Map.of("big", new ClaimStore() {
        @Override
        public void put(String key, byte[] body) {
            stored.put(key, body);
        }

        @Override
        public Optional<byte[]> get(String key, int limitBytes) {
            return Optional.ofNullable(stored.get(key));
        }
    }), Optional.of("big"), 0, 1_000);
    private final ReplyReader reader = reader(new ReplyListener() {
        @Override
        public void onEvent(ReplyEvent event) {
            events.add(event);
        }

        @Override
        public void onUnreadable(TopicPartition partition, long offset, String reason) {
            unreadable.add(partition + "@" + offset);
        }
    });

    private ReplyReader reader(ReplyListener listener) {
        for (TopicPartition partition : List.of(REPLIES, TOKENS)) {
            consumer.updatePartitions(partition.topic(),
                    List.of(new PartitionInfo(partition.topic(), 0, Node.noNode(), new Node[0], new Node[0])));
            consumer.updateEndOffsets(Map.of(partition, 100L));
            consumer.updateBeginningOffsets(Map.of(partition, 0L));
        }
        ReplyReader made = new ReplyReader(consumer, ReplyReaderOptions.latest(), listener, ReplyDecoder.of(config),
                claims, () -> TimeUnit.NANOSECONDS.toMillis(System.nanoTime()));
        made.start();
        return made;
    }

    @AfterEach
    void stop() {
        reader.close();
        registry.close();
    }

    private void arrives(TopicPartition partition, long offset, byte[] value, boolean json) {
        ConsumerRecord<byte[], byte[]> message = new ConsumerRecord<>(partition.topic(), 0, offset, null, value);
        if (json) {
            message.headers().add(Headers.CONTENT_TYPE, "application/json".getBytes(StandardCharsets.UTF_8));
        }
        consumer.schedulePollTask(() -> consumer.addRecord(message));
    }

    private CompletableFuture<LlmReply> expect() {
        return reader.expect(new Expectation("r", "h", Duration.ofMinutes(1), Expectation.Preview.TOKENS));
    }

    @Test
    void readsAvroAndJsonFromTheEndOn() throws Exception {
        CompletableFuture<LlmReply> awaited = expect();
        TokenChunk first = ReplyAssemblerTest.chunk("r", SampleRecords.attempt(1), 0, "Hel");
        TokenChunk second = ReplyAssemblerTest.chunk("r", SampleRecords.attempt(1), 1, "lo");
        LlmReply reply = ReplyAssemblerTest.reply("r", "h", SampleRecords.attempt(1), "Hello");
        JsonRecords json = new JsonRecords();
        try (AvroSerializer<TokenChunk> avro = new AvroSerializer<>(SchemaRegistryClient.of(config), config)) {
            arrives(TOKENS, 100, avro.serialize("llm.tokens", first), false);
            arrives(REPLIES, 100, new byte[]{1, 2, 3}, false);
            arrives(REPLIES, 101, json.write(reply), true);
            arrives(TOKENS, 101, json.write(second), true);
            arrives(TOKENS, 102, avro.serialize("llm.tokens",
                    ReplyAssemblerTest.end("r", SampleRecords.attempt(1), 2, "Hello", ChunkEndStatus.COMPLETE)), false);
        }
        assertThat(awaited.get(10, TimeUnit.SECONDS)).isEqualTo(reply);
        assertThat(events).containsExactly(new ReplyEvent.TextAppended(first), new ReplyEvent.TextAppended(second),
                new ReplyEvent.Ended(reply, false));
        assertThat(unreadable).containsExactly("llm.replies-0@100");
    }

    @Test
    void aBodyInAStoreIsFetchedBeforeTheReplyIsHandedOver() throws Exception {
        CompletableFuture<LlmReply> awaited = expect();
        LlmReply whole = LlmReply.newBuilder(ReplyAssemblerTest.reply("r", "h", SampleRecords.attempt(1), "Hello"))
                .setAnsweredBy(null).build();
        byte[] body = StandardCharsets.UTF_8.decode(whole.getBody().duplicate()).toString()
                .getBytes(StandardCharsets.UTF_8);
        LlmReply claimed = LlmReply.newBuilder(whole).setBody(null)
                .setBodyClaim(claims.put(ClaimStores.Kind.REPLIES, body)).build();
        arrives(REPLIES, 100, new JsonRecords().write(claimed), true);

        LlmReply got = awaited.get(10, TimeUnit.SECONDS);
        assertThat(got.getBody()).isEqualTo(whole.getBody());
        assertThat(events).containsExactly(new ReplyEvent.Ended(got, true));
    }

    @Test
    void aBodyThatItsStoreDoesNotHaveFailsTheFutureAndShowsTheReference() throws Exception {
        CompletableFuture<LlmReply> awaited = expect();
        LlmReply claimed = LlmReply.newBuilder(ReplyAssemblerTest.reply("r", "h", SampleRecords.attempt(1), "Hello"))
                .setAnsweredBy(null).setBody(null)
                .setBodyClaim(claims.put(ClaimStores.Kind.REPLIES, new byte[]{'{', '}'})).build();
        stored.clear();
        arrives(REPLIES, 100, new JsonRecords().write(claimed), true);

        assertThatThrownBy(() -> awaited.get(10, TimeUnit.SECONDS)).hasCauseInstanceOf(ClaimException.class);
        assertThat(events).containsExactly(new ReplyEvent.Ended(claimed, true));
    }

    @Test
    void aRegistryThatIsAwayIsWaitedFor() throws Exception {
        CompletableFuture<LlmReply> awaited = expect();
        LlmReply reply = LlmReply.newBuilder(ReplyAssemblerTest.reply("r", "h", SampleRecords.attempt(1), "x"))
                .setAnsweredBy(null).build();
        byte[] value;
        try (AvroSerializer<LlmReply> avro = new AvroSerializer<>(SchemaRegistryClient.of(config), config)) {
            value = avro.serialize("llm.replies", reply);
        }
        registry.fault = 503;
        int before = registry.calls.size();
        arrives(REPLIES, 100, value, false);
        await().atMost(Duration.ofSeconds(10)).until(() -> registry.calls.size() > before);
        registry.fault = 0;
        arrives(REPLIES, 100, value, false);
        assertThat(awaited.get(10, TimeUnit.SECONDS)).isEqualTo(reply);
        assertThat(unreadable).isEmpty();
    }

    @Test
    void whatIsAwaitedFailsWhenTheReaderEnds() {
        CompletableFuture<LlmReply> awaited = expect();
        assertThat(expect()).as("the same id again").isCompletedExceptionally();
        consumer.schedulePollTask(() -> consumer.setPollException(new SaslAuthenticationException("wrong password")));
        assertThatThrownBy(() -> awaited.get(10, TimeUnit.SECONDS))
                .hasRootCauseInstanceOf(SaslAuthenticationException.class);
        assertThatThrownBy(() -> reader.await("later").get(10, TimeUnit.SECONDS)).hasRootCauseMessage("wrong password");
    }

    @Test
    void closingFailsWhatIsAwaited() {
        CompletableFuture<LlmReply> awaited = expect();
        reader.close();
        assertThatThrownBy(() -> awaited.get(10, TimeUnit.SECONDS)).hasMessageContaining("closed");
    }
}
