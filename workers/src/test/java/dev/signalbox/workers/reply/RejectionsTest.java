package dev.signalbox.workers.reply;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.schemas.DeadLetter;
import dev.signalbox.schemas.Headers;
import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.schemas.avro.ReplyTimings;
import dev.signalbox.workers.intake.ReplyAddress;
import dev.signalbox.workers.intake.Ticket;
import dev.signalbox.workers.intake.UnservableRecord;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.Cluster;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-4")
@Tag("issue-7")
class RejectionsTest {
    private static final byte[] VALUE = {9, 9, 9, 9};
    private static final Ticket TICKET = new Ticket(new TopicPartition("llm.requests.p.standard", 3), 7, 100);

    private final MockProducer<byte[], byte[]> broker = new MockProducer<>(false, null, new ByteArraySerializer(),
            new ByteArraySerializer());
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    private final RenewableProducer producer = new RenewableProducer("test", () -> broker);
    private final List<Ticket> done = new CopyOnWriteArrayList<>();
    private final List<String> reasons = new CopyOnWriteArrayList<>();
    private final Rejections rejections = new Rejections(TestPublishers.publisher(broker, timer, () -> 0),
            new DeadLetters(producer, timer, reasons::add), done::add);

    @AfterEach
    void stop() {
        timer.shutdownNow();
    }

    @Test
    void a_lost_range_is_a_dead_letter_without_bytes_and_passed_only_when_that_is_acknowledged() {
        ConsumerRecord<byte[], byte[]> nothing = new ConsumerRecord<>(TICKET.partition().topic(), 3, 100, null, null);
        nothing.headers().add(Headers.DEAD_LETTER_END_OFFSET, "250".getBytes(StandardCharsets.UTF_8));
        rejections.reject(new UnservableRecord(new Lane(new PoolName("p"), Priority.STANDARD), TICKET, nothing,
                Optional.empty(), Optional.empty(), "hash", "LOST_TO_RETENTION", "Gone."));

        broker.errorNext(new TopicAuthorizationException(Topics.DEAD_LETTERS));
        Awaitility.await("the second send").until(() -> broker.history().size() == 2);
        assertThat(done).as("passed before it was written").isEmpty();
        assertThat(reasons).as("counted before it was written").isEmpty();
        ProducerRecord<byte[], byte[]> letter = broker.history().getLast();
        assertThat(letter.topic()).isEqualTo(Topics.DEAD_LETTERS);
        assertThat(letter.key()).isNull();
        assertThat(letter.value()).isNull();
        DeadLetter why = DeadLetter.of(letter.headers()).orElseThrow();
        assertThat(why.reason()).isEqualTo("LOST_TO_RETENTION");
        assertThat(why.topic()).isEqualTo("llm.requests.p.standard");
        assertThat(why.partition()).isEqualTo(3);
        assertThat(why.offset()).isEqualTo(100);
        assertThat(why.end()).hasValue(250);
        broker.completeNext();
        assertThat(done).containsExactly(TICKET);
        assertThat(reasons).containsExactly("LOST_TO_RETENTION");
    }

    @Test
    void poison_is_kept_first_then_its_caller_is_told_and_it_is_passed_when_both_are_acknowledged() {
        rejections.reject(unservable("UNREADABLE", Optional.of("id-1")));

        assertThat(broker.history()).extracting(ProducerRecord::topic).containsExactly(Topics.DEAD_LETTERS);
        assertThat(broker.history().getFirst().value()).containsExactly(VALUE);
        assertThat(text(broker.history().getFirst(), "own")).isEqualTo("of the caller");
        broker.completeNext();
        Awaitility.await("the reply").until(() -> broker.history().size() == 2);
        assertThat(done).as("passed before its caller was told").isEmpty();
        ProducerRecord<byte[], byte[]> reply = broker.history().getLast();
        assertThat(reply.topic()).isEqualTo(Topics.REPLIES);
        assertThat(text(reply, Headers.STATUS)).isEqualTo("REJECTED");
        assertThat(new String(reply.value(), StandardCharsets.UTF_8)).contains("\"UNREADABLE\"", "\"id-1\"");
        broker.completeNext();
        assertThat(done).containsExactly(TICKET);
    }

    /** It would be tried until nobody awaits it, and fill the room that all callers of the topic share. */
    @Test
    void a_reply_partition_that_is_not_there_is_not_waited_for() {
        List<PartitionInfo> two = List.of(new PartitionInfo(Topics.REPLIES, 0, Node.noNode(), null, null),
                new PartitionInfo(Topics.REPLIES, 1, Node.noNode(), null, null));
        MockProducer<byte[], byte[]> known = new MockProducer<>(
                new Cluster("c", List.of(), two, Set.of(), Set.of()), true, null, new ByteArraySerializer(),
                new ByteArraySerializer());
        ReplyPublisher publisher = TestPublishers.publisher(known, timer, () -> 0);
        for (int asked : new int[]{1, 2}) {
            LlmReply reply = LlmReply.newBuilder().setRequestId("id-" + asked).setStatus(ReplyStatus.REJECTED)
                    .setRequestHash("hash").setAttempts(List.of()).setWarnings(List.of())
                    .setTimings(new ReplyTimings(0L, null, 0L)).build();
            publisher.publishTo(new ReplyAddress(Topics.REPLIES, OptionalInt.of(asked), Topics.TOKENS,
                    ReplyAddress.Form.JSON, List.of(), List.of()), reply, 1_000, () -> done.add(TICKET));
        }

        Awaitility.await("both").until(() -> done.size() == 2);
        assertThat(known.history()).extracting(ProducerRecord::partition).containsExactlyInAnyOrder(1, null);
    }

    @Test
    void what_is_only_in_the_wrong_place_is_answered_and_kept_nowhere() {
        rejections.reject(unservable("WRONG_POOL", Optional.of("id-1")));

        Awaitility.await("the reply").until(() -> !broker.history().isEmpty());
        assertThat(broker.history()).extracting(ProducerRecord::topic).containsExactly(Topics.REPLIES);
        broker.completeNext();
        assertThat(done).containsExactly(TICKET);
    }

    @Test
    void a_value_that_no_topic_takes_whole_is_kept_by_half_and_says_so() {
        rejections.reject(unservable("UNREADABLE", Optional.empty()));
        broker.errorNext(new RecordTooLargeException("for a test"));
        Awaitility.await("the half").until(() -> broker.history().size() == 2);
        broker.errorNext(new RecordTooLargeException("for a test"));
        Awaitility.await("the quarter").until(() -> broker.history().size() == 3);

        ProducerRecord<byte[], byte[]> letter = broker.history().getLast();
        assertThat(letter.value()).containsExactly(9);
        assertThat(DeadLetter.of(letter.headers()).orElseThrow().message())
                .isEqualTo("Only the first 1 bytes of it are kept. Bad.");
        broker.completeNext();
        assertThat(done).containsExactly(TICKET);
    }

    /** Who knows Spring's or Connect's dead letters reads ours; what an original says of itself does not change what we say. */
    @Test
    void headers_are_those_that_spring_and_connect_write() {
        rejections.reject(unservable("UNREADABLE", Optional.empty()));

        Told headers = new Told(broker.history().getFirst());
        assertThat(headers.bytes("kafka_dlt-original-topic")).asString().isEqualTo("llm.requests.p.standard");
        assertThat(headers.bytes("kafka_dlt-original-partition")).isEqualTo(new byte[]{0, 0, 0, 3});
        assertThat(headers.bytes("kafka_dlt-original-offset")).isEqualTo(new byte[]{0, 0, 0, 0, 0, 0, 0, 100});
        assertThat(headers.bytes("kafka_dlt-original-timestamp")).isEqualTo(new byte[]{0, 0, 0, 0, 0, 0, 0, 77});
        assertThat(headers.bytes("kafka_dlt-original-consumer-group")).asString().isEqualTo("signalbox.p.standard");
        assertThat(headers.bytes("kafka_dlt-exception-message")).asString().isEqualTo("UNREADABLE: Bad.");
        assertThat(headers.bytes("__connect.errors.topic")).asString().isEqualTo("llm.requests.p.standard");
        assertThat(headers.bytes("__connect.errors.partition")).asString().isEqualTo("3");
        assertThat(headers.bytes("__connect.errors.offset")).asString().isEqualTo("100");
        assertThat(headers.bytes("__connect.errors.exception.message")).asString().isEqualTo("UNREADABLE: Bad.");
        assertThat(headers.bytes("signalbox-dead-letter-reason")).asString().isEqualTo("UNREADABLE");
        assertThat(DeadLetter.originals(broker.history().getFirst().headers())).extracting(Header::key)
                .containsExactly("own");
    }

    private record Told(ProducerRecord<byte[], byte[]> record) {
        byte[] bytes(String name) {
            return record.headers().lastHeader(name).value();
        }
    }

    private static UnservableRecord unservable(String reason, Optional<String> id) {
        ConsumerRecord<byte[], byte[]> source = new ConsumerRecord<>(TICKET.partition().topic(), 3, 100, 77,
                TimestampType.LOG_APPEND_TIME, 0, VALUE.length, null, VALUE, new RecordHeaders(), Optional.empty());
        source.headers().add("own", "of the caller".getBytes(StandardCharsets.UTF_8));
        source.headers().add(Headers.DEAD_LETTER_REASON, "FORGED".getBytes(StandardCharsets.UTF_8));
        ReplyAddress address = new ReplyAddress(Topics.REPLIES, OptionalInt.empty(), Topics.TOKENS,
                ReplyAddress.Form.JSON, List.of(), List.of());
        return new UnservableRecord(new Lane(new PoolName("p"), Priority.STANDARD), TICKET, source, id,
                id.map(any -> address), "hash", reason, "Bad.");
    }

    private static String text(ProducerRecord<byte[], byte[]> record, String header) {
        return new String(record.headers().lastHeader(header).value(), StandardCharsets.UTF_8);
    }
}
