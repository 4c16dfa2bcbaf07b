package dev.signalbox.workers.intake;

import dev.signalbox.config.WorkerSettings;
import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.avro.LlmRequest;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;

/** A lane's intake on a scripted consumer, moved on by the test's thread, a quarter of a second at a time. */
final class ScriptedIntake {
    static final Lane LANE = new Lane(new PoolName("p"), Priority.STANDARD);

    final ScriptedConsumer kafka = new ScriptedConsumer(LANE, 4);
    final List<Ticket> offered = new ArrayList<>();
    final List<String> forgotten = new ArrayList<>();
    final List<UnservableRecord> rejected = new ArrayList<>();
    final LaneConsumer intake;
    private final PollLoop loop;
    private long nanos;

    ScriptedIntake(WorkerSettings settings) {
        RequestSink sink = new RequestSink() {
            @Override
            public void offer(InboundRequest request) {
                offered.add(request.ticket());
            }

            @Override
            public void forget(TopicPartition partition, int epoch) {
                forgotten.add(partition.partition() + "@" + epoch);
            }
        };
        intake = new LaneConsumer(LANE, LaneBounds.of(settings), () -> kafka, ScriptedIntake::owner,
                (source, ticket) -> request(ticket), sink, rejected::add, new Handover(), new TrialTurn(),
                Runnable::run, () -> nanos);
        loop = intake.loop(kafka);
    }

    private static Admission.Verdict owner(Headers headers) {
        Header owner = headers.lastHeader("owner");
        return owner == null
                ? Admission.Verdict.ADMIT
                : new Admission.Verdict.Hold(new String(owner.value(), StandardCharsets.UTF_8));
    }

    static RecordReader.Reading request(Ticket ticket) {
        LlmRequest request = LlmRequest.newBuilder().setId("r").setModel("m").setBody(ByteBuffer.allocate(0)).build();
        return new RecordReader.Reading.Request(new InboundRequest(LANE, ticket, request, "h", 0, 0, 0,
                new ReplyAddress("llm.replies", OptionalInt.empty(), "llm.tokens", ReplyAddress.Form.AVRO, List.of(),
                        List.of()),
                10));
    }

    void steps(int count) {
        for (int i = 0; i < count; i++) {
            nanos += TimeUnit.MILLISECONDS.toNanos(250);
            intake.step(loop);
        }
    }

    void close() {
        loop.close();
    }

    OffsetAndMetadata committed(int partition) {
        return Optional.ofNullable(kafka.broker.get(kafka.partition(partition))).orElseThrow();
    }

    LedgerMetadata.Decoded decoded(int partition) {
        return LedgerMetadata.decode(committed(partition).offset(), committed(partition).metadata()).orElseThrow();
    }

    IntakeStatus status() {
        return intake.status();
    }
}
