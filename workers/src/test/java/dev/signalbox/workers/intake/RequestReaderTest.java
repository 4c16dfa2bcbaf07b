package dev.signalbox.workers.intake;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.Pool;
import dev.signalbox.config.PriceTable;
import dev.signalbox.config.TopicSettings;
import dev.signalbox.config.WorkerSettings;
import dev.signalbox.schemas.Headers;
import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.RequestHash;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.serde.DecodedRequest;
import dev.signalbox.schemas.serde.SchemaRegistryException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-2")
@Tag("issue-7")
class RequestReaderTest {
    private static final Lane LANE = new Lane(new PoolName("else"), Priority.STANDARD);
    private static final byte[] VALUE = "value".getBytes(StandardCharsets.UTF_8);
    private static final Ticket TICKET = new Ticket(new TopicPartition(LANE.requestTopic(), 0), 3, 9);

    private static Pool pool(String name, String useCase) {
        return new Pool(new PoolName(name), Set.of(useCase), Map.of(Priority.STANDARD, new Pool.PriorityShare(1, 0)),
                List.of(), false, 0);
    }

    private static RequestReader reader(RequestReader.Decoder decoder) {
        Configuration configuration = new Configuration("test", Map.of(), Map.of(),
                List.of(pool("chat", "chatting"), pool("else", Pool.OTHERWISE)), Map.of(),
                new PriceTable("1", "USD", List.of()), TopicSettings.DEFAULT, WorkerSettings.DEFAULT);
        return new RequestReader(LANE, decoder, configuration);
    }

    private static LlmRequest.Builder request() {
        return LlmRequest.newBuilder().setId("id-1").setModel("m").setUseCase("anything")
                .setBody(ByteBuffer.wrap(VALUE));
    }

    private static ConsumerRecord<byte[], byte[]> source(String... headers) {
        RecordHeaders all = new RecordHeaders();
        for (int i = 0; i < headers.length; i += 2) {
            all.add(headers[i], headers[i + 1].getBytes(StandardCharsets.UTF_8));
        }
        return new ConsumerRecord<>(LANE.requestTopic(), 0, 9, 50_000, TimestampType.LOG_APPEND_TIME, 3, VALUE.length,
                "key".getBytes(StandardCharsets.UTF_8), VALUE, all, Optional.empty());
    }

    private static InboundRequest served(RecordReader.Reading reading) {
        assertThat(reading).isInstanceOf(RecordReader.Reading.Request.class);
        return ((RecordReader.Reading.Request) reading).request();
    }

    private static UnservableRecord unservable(RecordReader.Reading reading) {
        assertThat(reading).isInstanceOf(RecordReader.Reading.Unservable.class);
        return ((RecordReader.Reading.Unservable) reading).unservable();
    }

    @Test
    void time_to_live_counts_from_the_first_record_on_the_brokers_clock() {
        RequestReader own = reader((topic, headers, value) -> new DecodedRequest.Valid(
                request().setTimeToLiveMillis(1_000L).build()));
        InboundRequest first = served(own.read(source(), TICKET));
        assertThat(first.expiresAtMillis()).isEqualTo(51_000);
        assertThat(first.requestHash()).isEqualTo(RequestHash.of(VALUE));
        assertThat(first.ticket()).isEqualTo(TICKET);
        InboundRequest again = served(
                own.read(source(Headers.FIRST_ENQUEUED, "20000", Headers.HOP, "2"), TICKET));
        assertThat(again.expiresAtMillis()).isEqualTo(21_000);
        assertThat(again.hop()).isEqualTo(2);
        InboundRequest forged = served(
                own.read(source(Headers.FIRST_ENQUEUED, "99999999", Headers.HOP, "-1"), TICKET));
        assertThat(forged.expiresAtMillis()).isEqualTo(51_000);
        assertThat(forged.hop()).isZero();
    }

    @Test
    void without_a_time_to_live_the_prioritys_default_counts() {
        RequestReader own = reader((topic, headers, value) -> new DecodedRequest.Valid(request().build()));
        assertThat(served(own.read(source(), TICKET)).expiresAtMillis()).isEqualTo(50_000 + 15 * 60_000);
    }

    @Test
    @Tag("issue-6")
    void a_use_case_of_another_pool_and_a_forbidden_topic_are_answered() {
        assertThat(unservable(reader((topic, headers, value) -> new DecodedRequest.Valid(
                request().setUseCase("chatting").build())).read(source(), TICKET)).reason())
                .isEqualTo(RequestReader.WRONG_POOL);
        UnservableRecord forbidden = unservable(reader((topic, headers, value) -> new DecodedRequest.Valid(
                request().setReplyTopic("payments").build())).read(source(), TICKET));
        assertThat(forbidden.reason()).isEqualTo(RequestReader.TOPIC_NOT_ALLOWED);
        assertThat(forbidden.address().orElseThrow().replyTopic()).isEqualTo("llm.replies");
        assertThat(forbidden.requestId()).contains("id-1");
    }

    @Test
    void what_cannot_be_read_is_answered_by_its_key_and_what_cannot_be_read_now_waits() {
        UnservableRecord broken = unservable(reader((topic, headers, value) -> new DecodedRequest.Unreadable("broken"))
                .read(source(), TICKET));
        assertThat(broken.requestId()).contains("key");
        assertThat(broken.address()).isPresent();
        assertThat(reader((topic, headers, value) -> {
            throw new SchemaRegistryException(0, 0, "away");
        }).read(source(), TICKET)).isEqualTo(new RecordReader.Reading.Later("away"));
        ConsumerRecord<byte[], byte[]> bare = new ConsumerRecord<>(LANE.requestTopic(), 0, 9, null, VALUE);
        UnservableRecord nobody = unservable(
                reader((topic, headers, value) -> new DecodedRequest.Unreadable("broken")).read(bare, TICKET));
        assertThat(nobody.address()).isEmpty();
    }
}
