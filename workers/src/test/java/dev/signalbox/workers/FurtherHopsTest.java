package dev.signalbox.workers;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.schemas.Headers;
import dev.signalbox.schemas.avro.StreamPolicy;
import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.intake.RequestSink;
import dev.signalbox.workers.reply.RenewableProducer;
import dev.signalbox.workers.reply.RetryTopic;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A pause that is longer than a hop of the retry topic is spent in several, each a record of its own. */
@Tag("issue-7")
class FurtherHopsTest {
    private static final long APPENDED = 5_000;
    private static final long EXPIRES = 900_000;

    private final MockProducer<byte[], byte[]> kafka = new MockProducer<>(true, null, new ByteArraySerializer(),
            new ByteArraySerializer());
    private final RetryTopic retries = new RetryTopic("llm.retry.main.standard",
            new RenewableProducer("test", () -> kafka));
    private final List<InboundRequest> served = new ArrayList<>();
    private final List<InboundRequest> done = new ArrayList<>();
    private final List<Long> expected = new ArrayList<>();
    private boolean cancelled;

    private void offer(InboundRequest request, long nowMillis) {
        new FurtherHops(new RequestSink() {
            @Override
            public void offer(InboundRequest each) {
                served.add(each);
            }

            @Override
            public void forget(TopicPartition partition, int epoch) {
            }
        }, retries, done::add, id -> cancelled, expected::add, () -> nowMillis).offer(request);
    }

    private static InboundRequest request(int hop, Map<String, String> headers) {
        RecordHeaders all = new RecordHeaders();
        headers.forEach((name, value) -> all.add(name, value.getBytes(StandardCharsets.UTF_8)));
        InboundRequest plain = TestRequests.request("r-1", false, StreamPolicy.RESTART, EXPIRES);
        return new InboundRequest(plain.lane(), plain.ticket(), plain.request(), plain.requestHash(), hop, 1_234,
                plain.expiresAtMillis(), plain.address(), plain.sizeBytes(),
                new ConsumerRecord<>(plain.lane().retryTopic(), 0, 42, APPENDED, TimestampType.LOG_APPEND_TIME, 0, 0,
                        null, new byte[]{7}, all, Optional.empty()));
    }

    private static InboundRequest paused(Duration pause) {
        return request(1, Map.of(Headers.HOP, "1", Headers.DELAY, Long.toString(pause.toMillis()), Headers.HISTORY,
                "been through"));
    }

    private static String header(ProducerRecord<byte[], byte[]> record, String name) {
        return new String(record.headers().lastHeader(name).value(), StandardCharsets.UTF_8);
    }

    @Test
    void at_the_end_of_a_hop_what_is_left_of_the_pause_is_the_next_one() {
        offer(paused(Duration.ofSeconds(150)), APPENDED + 60_000);
        assertThat(served).isEmpty();
        assertThat(done).hasSize(1);
        ProducerRecord<byte[], byte[]> record = kafka.history().getFirst();
        assertThat(header(record, Headers.DELAY)).isEqualTo("90000");
        assertThat(expected).as("it may be served from then on").containsExactly(APPENDED + 150_000);
        assertThat(header(record, Headers.HOP)).isEqualTo("2");
        assertThat(header(record, Headers.FIRST_ENQUEUED)).isEqualTo("1234");
        assertThat(header(record, Headers.HISTORY)).isEqualTo("been through");
    }

    @Test
    void the_last_hop_ends_with_being_served() {
        offer(paused(Duration.ofSeconds(60)), APPENDED + 60_000);
        offer(request(0, Map.of()), APPENDED);
        assertThat(served).hasSize(2);
        assertThat(kafka.history()).isEmpty();
    }

    @Test
    void whose_time_is_up_and_who_was_cancelled_goes_on_at_once() {
        offer(paused(Duration.ofSeconds(150)), EXPIRES);
        cancelled = true;
        offer(paused(Duration.ofSeconds(150)), APPENDED);
        assertThat(served).hasSize(2);
    }

    @Test
    void a_header_of_a_new_request_counts_for_nothing() {
        offer(request(0, Map.of(Headers.DELAY, "150000")), APPENDED);
        assertThat(served).hasSize(1);
    }

    @Test
    void what_cannot_be_written_goes_on_here() {
        kafka.close();
        offer(paused(Duration.ofSeconds(150)), APPENDED + 60_000);
        Awaitility.await().until(() -> !served.isEmpty());
        assertThat(done).isEmpty();
    }
}
