package dev.signalbox.workers.reply;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.AttemptId;
import dev.signalbox.schemas.avro.BodyFormat;
import dev.signalbox.schemas.avro.ChunkEndStatus;
import dev.signalbox.schemas.avro.ChunkKind;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.schemas.avro.ReplyTimings;
import dev.signalbox.schemas.avro.StreamPolicy;
import dev.signalbox.schemas.serde.JsonRecords;
import dev.signalbox.workers.TestRequests;
import dev.signalbox.workers.intake.InboundRequest;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** All chunks acknowledged, then the reply; the reply acknowledged, then the offset is done. */
@Tag("issue-2")
@Tag("issue-4")
class OrderOfEffectsTest {
    private final MockProducer<byte[], byte[]> broker = new MockProducer<>(false, null, new ByteArraySerializer(),
            new ByteArraySerializer());
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    private final AtomicLong nowMillis = new AtomicLong();
    private final ReplyPublisher publisher = TestPublishers.publisher(broker, timer, nowMillis::get);
    private final InboundRequest request = TestRequests.request("r1", true, StreamPolicy.RESTART, Long.MAX_VALUE);
    private final AtomicInteger done = new AtomicInteger();

    @AfterEach
    void stop() {
        timer.shutdownNow();
    }

    @Test
    void the_offset_is_done_only_when_the_reply_is_acknowledged() {
        publisher.publish(request, reply(), done::incrementAndGet);

        sent(1);
        assertThat(done).as("done before the broker had the reply").hasValue(0);
        assertThat(publisher.unpublished()).isEqualTo(1);
        broker.completeNext();
        assertThat(done).hasValue(1);
        assertThat(publisher.unpublished()).isZero();
    }

    @Test
    void a_reply_that_was_not_written_is_sent_until_it_is_and_done_once() {
        publisher.publish(request, reply(), done::incrementAndGet);
        sent(1);
        broker.errorNext(new TopicAuthorizationException(Topics.REPLIES));

        assertThat(done).hasValue(0);
        sent(2);
        assertThat(broker.history().get(1).value()).isEqualTo(broker.history().getFirst().value());
        broker.completeNext();
        assertThat(done).hasValue(1);
    }

    @Test
    void an_attempt_ends_only_when_all_its_chunks_are_acknowledged() throws Exception {
        AnswerChannel channel = publisher.open(request, new AttemptId(0, 1, 1, 1L));
        channel.token(ChunkKind.TEXT, 0, "hello", null);
        Thread attempt = Thread.ofVirtual().start(() -> channel.end(ChunkEndStatus.COMPLETE));
        Awaitility.await("END is sent").until(() -> broker.history().size() == 2);

        assertThat(attempt.join(Duration.ofMillis(50))).as("ended with chunks unacknowledged").isFalse();
        broker.completeNext();
        broker.completeNext();
        assertThat(attempt.join(Duration.ofSeconds(5))).isTrue();
    }

    @Test
    void no_chunk_overtakes_another_by_a_producer_that_replaced_the_first() {
        List<MockProducer<byte[], byte[]>> made = new ArrayList<>();
        RenewableProducer producer = new RenewableProducer("test", () -> {
            made.add(new MockProducer<>(false, null, new ByteArraySerializer(), new ByteArraySerializer()));
            return made.getLast();
        });
        ReplyPublisher twoProducers = TestPublishers.publisher(producer, new ReplyRoom(TestPublishers.NOWHERE),
                ReplyClaims.NONE, timer, nowMillis::get);
        producer.send(new ProducerRecord<>("another", new byte[1]), (metadata, error) -> {
        });
        AnswerChannel channel = twoProducers.open(request, new AttemptId(0, 1, 1, 1L));
        channel.token(ChunkKind.TEXT, 0, "hello", null);
        made.getFirst().errorNext(new TimeoutException("expired"));
        channel.token(ChunkKind.TEXT, 1, "again", null);
        Thread attempt = Thread.ofVirtual().start(() -> channel.end(ChunkEndStatus.COMPLETE));
        Awaitility.await("the old one is closed").until(() -> made.getFirst().closed());
        Awaitility.await("the first chunk's outcome is open").until(() -> made.getFirst().errorNext(
                new TimeoutException("expired")) || !attempt.isAlive());

        Awaitility.await().until(() -> !attempt.isAlive());
        assertThat(made).hasSize(2);
        assertThat(made.get(1).history()).as("chunks that came after a lost one").isEmpty();
    }

    @Test
    void a_reply_that_nobody_awaits_any_more_becomes_a_dead_letter_and_is_done() {
        publisher.publish(TestRequests.request("r1", false, StreamPolicy.RESTART, 1_000), reply(),
                done::incrementAndGet);
        sent(1);
        nowMillis.set(1_000 + ReplyPublisher.GRACE.toMillis());
        broker.errorNext(new TopicAuthorizationException(Topics.REPLIES));

        sent(2);
        assertThat(broker.history().get(1).topic()).isEqualTo(Topics.DEAD_LETTERS);
        assertThat(broker.history().get(1).value()).isEqualTo(broker.history().getFirst().value());
        assertThat(done).hasValue(0);
        broker.completeNext();
        assertThat(done).hasValue(1);
        assertThat(publisher.unpublished()).isZero();
    }

    @Test
    void closing_sends_what_was_published() {
        for (int i = 0; i < 50; i++) {
            publisher.publish(request, reply(), done::incrementAndGet);
        }
        publisher.close();
        assertThat(broker.history()).hasSize(50);
    }

    @Test
    void an_answer_that_its_form_cannot_hold_is_an_honest_failure() {
        LlmReply broken = reply();
        broken.setBody(ByteBuffer.wrap("no JSON".getBytes(StandardCharsets.UTF_8)));
        publisher.publish(request, broken, done::incrementAndGet);

        sent(1);
        LlmReply sent = new JsonRecords().parseReply(broker.history().getFirst().value());
        assertThat(sent.getStatus()).isEqualTo(ReplyStatus.FAILED);
        assertThat(sent.getError().getCode()).isEqualTo("UNWRITABLE_ANSWER");
    }

    private void sent(int records) {
        Awaitility.await(records + " sends").until(() -> broker.history().size() == records);
    }

    private static LlmReply reply() {
        LlmReply reply = new LlmReply();
        reply.setRequestId("r1");
        reply.setStatus(ReplyStatus.COMPLETED);
        reply.setRequestHash("h");
        reply.setBodyFormat(BodyFormat.OPENAI_CHAT_COMPLETIONS);
        reply.setAttempts(List.of());
        reply.setTimings(new ReplyTimings(0L, null, 0L));
        reply.setWarnings(List.of());
        return reply;
    }
}
