package dev.signalbox.workers.intake;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.WorkerSettings;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.AttemptId;
import dev.signalbox.schemas.avro.BodyFormat;
import dev.signalbox.schemas.avro.ChunkEndStatus;
import dev.signalbox.schemas.avro.ChunkKind;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.schemas.avro.ReplyTimings;
import dev.signalbox.schemas.avro.StreamPolicy;
import dev.signalbox.workers.TestRequests;
import dev.signalbox.workers.reply.AnswerChannel;
import dev.signalbox.workers.reply.ReplyPublisher;
import dev.signalbox.workers.reply.TestPublishers;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The order of effects from the first chunk to the commit, step by step. */
@Tag("issue-4")
class EffectsToCommitTest {
    private final MockProducer<byte[], byte[]> broker = new MockProducer<>(false, null, new ByteArraySerializer(),
            new ByteArraySerializer());
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    private final ReplyPublisher publisher = TestPublishers.publisher(broker, timer, () -> 0);
    private final ScriptedConsumer kafka = new ScriptedConsumer(TestRequests.LANE, 1);
    private long nanos;
    private final LaneConsumer intake = new LaneConsumer(TestRequests.LANE,
            LaneBounds.of(new WorkerSettings(20, 20, 1 << 20)), () -> kafka, headers -> Admission.Verdict.ADMIT,
            EffectsToCommitTest::request, new RequestSink() {
                @Override
                public void offer(InboundRequest request) {
                    Thread.ofVirtual().start(() -> serve(request));
                }

                @Override
                public void forget(TopicPartition partition, int epoch) {
                }
            }, record -> {
            }, new Handover(), new TrialTurn(), Runnable::run, () -> nanos);

    @AfterEach
    void stop() {
        timer.shutdownNow();
    }

    @Test
    void chunks_then_reply_then_offset_then_commit() {
        PollLoop loop = intake.loop(kafka);
        kafka.assign(0);
        kafka.records(0, 0, 1);
        steps(loop, 3);

        Awaitility.await("chunk and END").until(() -> topics().equals(List.of(Topics.TOKENS, Topics.TOKENS)));
        broker.completeNext();
        steps(loop, 2);
        assertThat(topics()).as("a reply before the last chunk is acknowledged").hasSize(2);
        broker.completeNext();
        Awaitility.await("the reply").until(() -> topics().size() == 3);
        assertThat(topics().getLast()).isEqualTo(Topics.REPLIES);
        steps(loop, 2);
        assertThat(committed()).as("committed before the reply is acknowledged").isZero();
        broker.completeNext();
        assertThat(committed()).isZero();
        steps(loop, 2);
        assertThat(committed()).isEqualTo(1);
    }

    private void serve(InboundRequest request) {
        AnswerChannel channel = publisher.open(request, new AttemptId(0, 1, 1, 1L));
        channel.token(ChunkKind.TEXT, 0, "hello", null);
        channel.end(ChunkEndStatus.COMPLETE);
        LlmReply reply = new LlmReply();
        reply.setRequestId(request.id());
        reply.setStatus(ReplyStatus.COMPLETED);
        reply.setRequestHash("h");
        reply.setBodyFormat(BodyFormat.OPENAI_CHAT_COMPLETIONS);
        reply.setAttempts(List.of());
        reply.setTimings(new ReplyTimings(0L, null, 0L));
        reply.setWarnings(List.of());
        publisher.publish(request, reply, () -> intake.complete(request.ticket()));
    }

    private static RecordReader.Reading request(Object source, Ticket ticket) {
        InboundRequest plain = TestRequests.request("r1", true, StreamPolicy.RESTART, Long.MAX_VALUE);
        return new RecordReader.Reading.Request(new InboundRequest(plain.lane(), ticket, plain.request(), "h", 0, 0,
                Long.MAX_VALUE, plain.address(), 100));
    }

    private List<String> topics() {
        return broker.history().stream().map(ProducerRecord::topic).toList();
    }

    private void steps(PollLoop loop, int count) {
        for (int i = 0; i < count; i++) {
            nanos += TimeUnit.MILLISECONDS.toNanos(250);
            intake.step(loop);
        }
    }

    private long committed() {
        OffsetAndMetadata answer = kafka.broker.get(kafka.partition(0));
        return answer == null ? 0 : answer.offset();
    }
}
