package dev.signalbox.workers.reply;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.WorkerSettings;
import dev.signalbox.schemas.Headers;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.serde.JsonRecords;
import dev.signalbox.workers.TestRequests;
import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.intake.ReplyAddress;
import dev.signalbox.workers.intake.RequestSink;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Two records of one id in one partition, as their callers see it. */
@Tag("issue-4")
class JoinedRepliesTest {
    private static final TopicPartition PARTITION = new TopicPartition(TestRequests.LANE.requestTopic(), 0);

    private final MockProducer<byte[], byte[]> broker = new MockProducer<>(false, null, new ByteArraySerializer(),
            new ByteArraySerializer());
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    private final List<Long> served = new ArrayList<>();
    private final List<Long> done = new ArrayList<>();
    private final List<Long> ended = new ArrayList<>();
    private final AtomicLong nanos = new AtomicLong();
    private final JoinedReplies joined = new JoinedReplies(WorkerSettings.DEFAULT, new RequestSink() {
        @Override
        public void offer(InboundRequest request) {
            served.add(request.ticket().offset());
        }

        @Override
        public void forget(TopicPartition partition, int epoch) {
        }
    }, TestPublishers.publisher(broker, timer, () -> 0), request -> done.add(request.ticket().offset()),
            (request, reply) -> ended.add(request.ticket().offset()), nanos::get);

    @AfterEach
    void stop() {
        timer.shutdownNow();
    }

    @Test
    void oneCallAnswersBothEachUnderItsOwnCorrelationIdAndAddress() {
        InboundRequest first = record(1, "h", "llm.replies", "one");
        joined.offer(first);
        joined.offer(record(2, "h", "llm.replies.mine", "two"));
        assertThat(served).as("served for both").containsExactly(1L);

        joined.publish(first, DuplicatesTest.reply(10, "h"));

        sent(2);
        assertThat(broker.history()).extracting(sent -> sent.topic() + " " + correlation(sent))
                .containsExactlyInAnyOrder("llm.replies one", "llm.replies.mine two");
        assertThat(broker.history().get(1).value()).isEqualTo(broker.history().get(0).value());
        assertThat(joined.joined()).isEqualTo(1);
    }

    @Test
    void aJoinedRecordIsDoneOnlyWhenItsOwnReplyIsAcknowledged() {
        InboundRequest first = record(1, "h", "llm.replies", "one");
        joined.offer(first);
        joined.offer(record(2, "h", "llm.replies", "two"));
        joined.publish(first, DuplicatesTest.reply(10, "h"));
        sent(2);

        broker.completeNext();
        assertThat(done).as("one is acknowledged").hasSize(1);
        assertThat(correlation(broker.history().getFirst())).isEqualTo(done.getFirst() == 1 ? "one" : "two");
        broker.completeNext();
        assertThat(done).containsExactlyInAnyOrder(1L, 2L);
        assertThat(ended).as("the request ended once").containsExactly(1L);
    }

    @Test
    void aRecordAfterTheEndGetsTheSameReplyWithoutACall() {
        InboundRequest first = record(1, "h", "llm.replies", "one");
        joined.offer(first);
        joined.publish(first, DuplicatesTest.reply(10, "h"));
        joined.offer(record(2, "h", "llm.replies", "two"));

        assertThat(served).containsExactly(1L);
        sent(2);
        assertThat(broker.history().get(1).value()).isEqualTo(broker.history().get(0).value());
        assertThat(joined.repeated()).isEqualTo(1);
    }

    @Test
    void anotherPayloadUnderTheIdIsRejectedUnderItsOwnHashAndCorrelationId() {
        joined.offer(record(1, "h", "llm.replies", "one"));
        joined.offer(record(2, "other", "llm.replies", "two"));

        assertThat(served).containsExactly(1L);
        sent(1);
        LlmReply reply = new JsonRecords().parseReply(broker.history().getFirst().value());
        assertThat(reply.getStatus().name()).isEqualTo("REJECTED");
        assertThat(reply.getError().getCode()).isEqualTo("DUPLICATE_ID");
        assertThat(reply.getRequestHash()).isEqualTo("other");
        assertThat(correlation(broker.history().getFirst())).isEqualTo("two");
        assertThat(done).isEmpty();
        broker.completeNext();
        assertThat(done).containsExactly(2L);
    }

    private void sent(int records) {
        Awaitility.await().until(() -> broker.history().size() == records);
    }

    private static String correlation(ProducerRecord<byte[], byte[]> sent) {
        return new String(sent.headers().lastHeader(Headers.CORRELATION_ID).value(), StandardCharsets.UTF_8);
    }

    private static InboundRequest record(long offset, String hash, String replyTopic, String correlation) {
        InboundRequest plain = DuplicatesTest.record(PARTITION, offset, "a", hash);
        ReplyAddress address = new ReplyAddress(replyTopic, OptionalInt.empty(), "llm.tokens", ReplyAddress.Form.JSON,
                List.of(new RecordHeader(Headers.CORRELATION_ID, correlation.getBytes(StandardCharsets.UTF_8))),
                List.of());
        return new InboundRequest(plain.lane(), plain.ticket(), plain.request(), hash, 0, 0, Long.MAX_VALUE, address,
                100);
    }
}
