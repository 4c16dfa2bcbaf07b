package dev.signalbox.workers;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.WorkerSettings;
import dev.signalbox.schemas.Headers;
import dev.signalbox.schemas.avro.RequestHistory;
import dev.signalbox.schemas.avro.StreamPolicy;
import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.intake.IntakeStatus;
import dev.signalbox.workers.intake.LaneBounds;
import dev.signalbox.workers.intake.ParkedLines;
import dev.signalbox.workers.reply.RenewableProducer;
import dev.signalbox.workers.reply.RetryTopic;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Where a pause between visits is spent. */
@Tag("issue-7")
class LaterVisitsTest {
    private static final long NOW = 50_000;
    private static final LaneBounds BOUNDS = LaneBounds.of(new WorkerSettings(100, 300, 1 << 20));
    private static final RequestHistory HISTORY = new RequestHistory(2, List.of(), "0.5", "STRATEGY", false, List.of(),
            1);
    private static final Duration LONG = Duration.ofSeconds(20);

    private final MockProducer<byte[], byte[]> kafka = new MockProducer<>(true, null, new ByteArraySerializer(),
            new ByteArraySerializer());
    private final List<InboundRequest> done = new ArrayList<>();
    private final List<Long> expected = new ArrayList<>();

    private final RetryTopic retries = new RetryTopic("llm.retry.main.standard",
            new RenewableProducer("test", () -> kafka));

    private boolean takes(Duration pause, int waitingRecords, long waitingBytes, boolean crowded) {
        InboundRequest plain = TestRequests.request("r-1", false, StreamPolicy.RESTART, 900_000);
        InboundRequest request = new InboundRequest(plain.lane(), plain.ticket(), plain.request(), plain.requestHash(),
                0, 1_234, plain.expiresAtMillis(), plain.address(), plain.sizeBytes(),
                new ConsumerRecord<>(plain.lane().requestTopic(), 0, 42, 0, TimestampType.LOG_APPEND_TIME, 0, 0, null,
                        new byte[]{7}, new RecordHeaders(), Optional.empty()));
        IntakeStatus status = new IntakeStatus(plain.lane(), 1, 1, 0, 0, waitingRecords, waitingBytes, 0, 0, crowded, 0,
                0, false, 0,
                Map.of(), 0, 0, 0, 0, 0, 0, 0, Optional.empty());
        return new LaterVisits(retries, done::add,
                again -> {
                    throw new AssertionError("it was written");
                }, () -> status, BOUNDS, expected::add, () -> NOW).takes(request, "main", pause, () -> HISTORY);
    }

    @Test
    void a_pause_of_a_second_is_spent_on_the_retry_topic_with_what_the_request_has_been_through() throws Exception {
        assertThat(takes(Duration.ofMillis(999), 0, 0, false)).as("it is not worth a record").isFalse();
        assertThat(takes(LONG, 0, 0, false)).isTrue();
        Awaitility.await().until(() -> done.size() == 1 && expected.size() == 1);
        assertThat(kafka.history()).hasSize(1);
        ProducerRecord<byte[], byte[]> record = kafka.history().getFirst();
        assertThat(record.headers().lastHeader(Headers.DELAY).value()).asString().isEqualTo("20000");
        assertThat(RequestHistory.getDecoder().decode(record.headers().lastHeader(Headers.HISTORY).value())).isEqualTo(
                HISTORY);
        assertThat(expected).as("when it must be read").containsExactly(NOW + 20_000);
    }

    @Test
    void who_has_older_ones_of_its_line_parked_goes_there_when_its_pause_is_over() {
        assertThat(takes(Duration.ZERO, 0, 0, false)).as("nobody is parked").isFalse();
        String tenant = TestRequests.request("r-1", false, StreamPolicy.RESTART, 900_000).request().getTenant();
        retries.lines().hold(ParkedLines.line("main", tenant), 1_235);
        assertThat(takes(Duration.ZERO, 0, 0, true)).as("a younger one is").isFalse();
        retries.lines().hold(ParkedLines.line("main", tenant), 1_233);
        assertThat(takes(Duration.ofMillis(999), 0, 0, false)).as("until then it pauses here").isFalse();
        assertThat(takes(Duration.ZERO, 0, 0, true)).isTrue();
        assertThat(kafka.history()).singleElement().satisfies(record -> {
            assertThat(record.headers().lastHeader(Headers.LINE).value()).asString().isEqualTo("main " + tenant);
            assertThat(record.headers().lastHeader(Headers.PARKED_ROUTE)).isNull();
        });
    }

    @Test
    void where_it_would_stand_behind_a_crowd_it_is_spent_here_while_there_is_plenty_of_room() {
        int records = BOUNDS.pauseRecords() / 8;
        long bytes = BOUNDS.pauseBytes() / 8;
        assertThat(takes(LONG, records - 1, bytes - 1, true)).isFalse();
        assertThat(kafka.history()).isEmpty();
        assertThat(takes(LONG, records, 0, true)).as("others want the room").isTrue();
        assertThat(takes(LONG, 0, bytes, true)).as("or its bytes").isTrue();
        assertThat(takes(LONG, 0, 0, false)).as("nobody stands before it there").isTrue();
    }
}
