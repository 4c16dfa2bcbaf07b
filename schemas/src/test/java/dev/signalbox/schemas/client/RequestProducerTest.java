package dev.signalbox.schemas.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.signalbox.schemas.Headers;
import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.RequestHash;
import dev.signalbox.schemas.SampleRecords;
import dev.signalbox.schemas.avro.ClaimReference;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.claim.ClaimStores;
import dev.signalbox.schemas.claim.FolderClaimStore;
import dev.signalbox.schemas.serde.JsonRecords;
import dev.signalbox.schemas.serde.RequestValidation;
import dev.signalbox.schemas.serde.ValueForm;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("issue-2")
class RequestProducerTest {
    private static final Lane LANE = new Lane(new PoolName("everything-else"), Priority.BATCH);
    private final List<MockProducer<byte[], byte[]>> producers = new ArrayList<>();
    private final List<String> failed = new ArrayList<>();
    private final RequestProducer producer = new RequestProducer(new Sender(() -> {
        MockProducer<byte[], byte[]> mock = new MockProducer<>(false, null, new ByteArraySerializer(),
                new ByteArraySerializer());
        producers.add(mock);
        return mock;
    }, (id, cause) -> failed.add(id)), new TwelvePartitions(), (topic, request) -> new byte[0],
            RequestProducerOptions.DEFAULT.withForm(ValueForm.JSON), ClaimStores.NONE, 1 << 20);

    /** Knows one topic. */
    private static final class TwelvePartitions implements TopicDirectory {
        @Override
        public int partitions(String topic) {
            if (!topic.equals(LANE.requestTopic())) {
                throw new UnknownTopicOrPartitionException(topic);
            }
            return 12;
        }

        @Override
        public void close() {
            // Nothing is open.
        }
    }

    @Test
    void sendsTheRequestToItsTopicShardAndHash() throws Exception {
        LlmRequest request = SampleRecords.request("r-1");
        CompletableFuture<SentRequest> sent = producer.send(LANE, request, List.of());
        ProducerRecord<byte[], byte[]> message = producers.get(0).history().get(0);
        assertThat(message.topic()).isEqualTo("llm.requests.everything-else.batch");
        assertThat(message.key()).asString().isEqualTo("r-1");
        assertThat(new JsonRecords().parseRequest(message.value())).isEqualTo(request);
        assertThat(message.headers().lastHeader(Headers.CONTENT_TYPE).value()).asString().isEqualTo("application/json");
        assertThat(sent).isNotDone();
        producers.get(0).completeNext();
        assertThat(sent.get().requestHash()).isEqualTo(RequestHash.of(message.value()));
        assertThat(TenantShard.shardOf("tenant-a", 12, 4)).contains(message.partition());
        assertThat(failed).isEmpty();
    }

    @Test
    void tellsAllFaultsBeforeAnythingIsSent() {
        LlmRequest bad = LlmRequest.newBuilder(SampleRecords.request("ä b")).setModel(" ").setTimeToLiveMillis(0L)
                .setReplyTopic("no/slash").setBody(SampleRecords.utf8("[1]")).build();
        for (int i = 0; i < 17; i++) {
            bad.getLabels().put("l" + i, "x");
        }
        InvalidRequestException refused = catchThrowableOfType(InvalidRequestException.class,
                () -> producer.send(LANE, bad, List.of()));
        assertThat(refused.faults()).extracting(fault -> fault.substring(0, fault.indexOf(':'))).containsExactly("id",
                "model", "replyTopic", "timeToLiveMillis", "labels", "body");
        assertThat(producers.get(0).history()).isEmpty();
    }

    @Test
    void aBodyThatIsTooLargeForARecordIsRefusedOrPutIntoTheStore(@TempDir Path folder) throws Exception {
        LlmRequest large = LlmRequest.newBuilder(SampleRecords.request("r-1"))
                .setBody(SampleRecords.utf8("{\"text\":\"" + "x".repeat(2 << 20) + "\"}")).build();
        assertThatThrownBy(() -> producer.prepare(LANE, large, List.of())).isInstanceOf(InvalidRequestException.class)
                .hasMessageContaining("claim store").hasMessageContaining("max.request.size");

        ClaimStores claims = new ClaimStores(Map.of("big", new FolderClaimStore(folder)), Optional.of("big"), 1 << 20,
                4 << 20);
        RequestProducer storing = new RequestProducer(new Sender(() -> producers.get(0), FailedSendListener.NONE),
                new TwelvePartitions(), (topic, request) -> new byte[0],
                RequestProducerOptions.DEFAULT.withForm(ValueForm.JSON), claims, 1 << 20);
        PreparedRequest prepared = storing.prepare(LANE, large, List.of());
        LlmRequest sent = new JsonRecords().parseRequest(prepared.value());
        assertThat(sent.getBody()).isEqualTo(SampleRecords.utf8("{}"));
        assertThat(ByteBuffer.wrap(claims.get(sent.getBodyClaim()))).isEqualTo(large.getBody());
        assertThat(prepared.requestHash()).isEqualTo(RequestHash.of(prepared.value()));
        assertThat(RequestValidation.faults(sent)).isEmpty();
    }

    @Test
    void aReferenceIsCheckedLikeTheRest() {
        LlmRequest bad = LlmRequest.newBuilder(SampleRecords.request("r-1"))
                .setBodyClaim(new ClaimReference(" ", "../x", 1L, "AB")).build();
        assertThat(RequestValidation.faults(bad)).extracting(fault -> fault.substring(0, fault.indexOf(':')))
                .containsExactly("bodyClaim.store", "bodyClaim.key", "bodyClaim.bytes", "bodyClaim.sha256", "body");
    }

    @Test
    void aMissingTopicIsToldBeforeAnythingIsSent() {
        Lane other = new Lane(new PoolName("nowhere"), Priority.BATCH);
        assertThatThrownBy(() -> producer.send(other, SampleRecords.request("r"), List.of()))
                .isInstanceOf(UnknownTopicOrPartitionException.class);
        assertThat(producers.get(0).history()).isEmpty();
    }

    @Test
    void everyFailedSendIsReportedTwice() {
        CompletableFuture<SentRequest> called = producer.send(LANE, SampleRecords.request("a"), List.of());
        producers.get(0).errorNext(new RecordTooLargeException("too large"));
        assertThat(called).isCompletedExceptionally();
        producers.get(0).sendException = new IllegalStateException("thrown");
        assertThat(producer.send(LANE, SampleRecords.request("b"), List.of())).isCompletedExceptionally();
        assertThat(failed).containsExactly("a", "b");
        assertThat(producers).as("none of these leaves anything open").hasSize(1);
    }

    @Test
    void aTimeoutReplacesTheProducer() throws Exception {
        producer.send(LANE, SampleRecords.request("a"), List.of());
        producers.get(0).errorNext(new TimeoutException("120 s have passed"));
        CompletableFuture<SentRequest> next = producer.send(LANE, SampleRecords.request("b"), List.of());
        assertThat(producers).hasSize(2);
        producers.get(1).completeNext();
        assertThat(next.get().requestId()).isEqualTo("b");
        assertThat(failed).containsExactly("a");
    }

    @Test
    void flushWaitsForWhatIsInFlightUpToItsLimit() throws Exception {
        producer.send(LANE, SampleRecords.request("a"), List.of());
        assertThat(producer.flush(Duration.ofMillis(10))).isFalse();
        producers.get(0).completeNext();
        assertThat(producer.flush(Duration.ofMillis(10))).isTrue();
        producer.close();
        assertThat(producer.send(LANE, SampleRecords.request("b"), List.of())).isCompletedExceptionally();
        assertThat(failed).containsExactly("b");
    }

    @Test
    void aTenantStaysInItsShardAndFillsIt() {
        TenantShard shard = new TenantShard(4);
        Set<Set<Integer>> shards = new HashSet<>();
        for (String tenant : List.of("a", "b", "c", "d")) {
            Set<Integer> used = new HashSet<>();
            for (int i = 0; i < 200; i++) {
                used.add(shard.partition(tenant, "request-" + i, 12));
            }
            assertThat(used).hasSize(4).allMatch(partition -> partition >= 0 && partition < 12);
            shards.add(used);
        }
        assertThat(shards).as("tenants differ").hasSizeGreaterThan(1);
        assertThat(shard.partition("a", "r", 1)).isZero();
        assertThat(TenantShard.shardOf("a", 3, 4)).containsExactlyInAnyOrder(0, 1, 2);
    }

    @Test
    void durabilityCannotBeWeakened() {
        assertThat(
                ClientConfig.forProducer(Map.of("bootstrap.servers", "x", "group.id", "g", "schema.registry.url", "u",
                        "sasl.jaas.config", "j", "my.callback", "c")))
                .containsEntry("acks", "all").containsEntry("compression.type", "lz4")
                .containsEntry("my.callback", "c").containsKey("sasl.jaas.config")
                .doesNotContainKeys("group.id", "schema.registry.url");
        assertThatThrownBy(() -> ClientConfig.forProducer(Map.of("acks", "1"))).isInstanceOf(ConfigException.class);
        assertThatThrownBy(() -> ClientConfig.forProducer(Map.of("enable.idempotence", false)))
                .isInstanceOf(ConfigException.class);
    }
}
