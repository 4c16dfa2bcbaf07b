package dev.signalbox.workers.reply;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.schemas.Headers;
import dev.signalbox.schemas.avro.StreamPolicy;
import dev.signalbox.workers.TestRequests;
import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.intake.ParkedLines;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.NotLeaderOrFollowerException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A request that is to come later is published as it came, with what it has been through. */
@Tag("issue-7")
class RetryTopicTest {
    private static final String EXPIRES = Long.toString(
            TestRequests.request("r-1", false, StreamPolicy.RESTART, 90_000).expiresAtMillis());

    private final MockProducer<byte[], byte[]> kafka = new MockProducer<>(false, null, new ByteArraySerializer(),
            new ByteArraySerializer());
    private final RetryTopic retries = new RetryTopic("llm.retry.main.standard",
            new RenewableProducer("test", () -> kafka));
    private final List<InboundRequest> written = new ArrayList<>();
    private final List<InboundRequest> failed = new ArrayList<>();

    private static InboundRequest request(byte[] key, int hop, Map<String, String> headers) {
        RecordHeaders all = new RecordHeaders();
        headers.forEach((name, value) -> all.add(name, value.getBytes(StandardCharsets.UTF_8)));
        InboundRequest plain = TestRequests.request("r-1", false, StreamPolicy.RESTART, 90_000);
        return new InboundRequest(plain.lane(), plain.ticket(), plain.request(), plain.requestHash(), hop, 1_234,
                plain.expiresAtMillis(), plain.address(), plain.sizeBytes(),
                new ConsumerRecord<>(plain.lane().requestTopic(), 0, 42, 5_000, TimestampType.LOG_APPEND_TIME, 0, 0,
                        key,
                        new byte[]{7, 7}, all, Optional.empty()));
    }

    private void publish(InboundRequest request, Optional<String> route) {
        retries.publish(request, new RetryTopic.Later(Duration.ofSeconds(3), route, Optional.empty(), Optional.empty()),
                written::add,
                failed::add);
    }

    private static Map<String, String> headers(ProducerRecord<byte[], byte[]> record) {
        Map<String, String> headers = new HashMap<>();
        for (Header header : record.headers()) {
            assertThat(headers.put(header.key(), new String(header.value(), StandardCharsets.UTF_8)))
                    .as("%s once", header.key()).isNull();
        }
        return headers;
    }

    @Test
    void key_value_and_headers_stay_and_its_first_place_in_line_goes_with_it() {
        publish(request("k".getBytes(StandardCharsets.UTF_8), 0, Map.of("correlationId", "c", "traceparent", "t")),
                Optional.of("gpt"));
        ProducerRecord<byte[], byte[]> record = kafka.history().getFirst();
        assertThat(record.topic()).isEqualTo("llm.retry.main.standard");
        assertThat(record.key()).isEqualTo("k".getBytes(StandardCharsets.UTF_8));
        assertThat(record.value()).containsExactly(7, 7);
        assertThat(headers(record)).isEqualTo(Map.of("correlationId", "c", "traceparent", "t", Headers.HOP, "1",
                Headers.FIRST_ENQUEUED, "1234", Headers.DELAY, "3000", Headers.EXPIRES, EXPIRES,
                Headers.PARKED_ROUTE, "gpt"));
    }

    @Test
    void a_further_hop_replaces_what_the_last_one_wrote() {
        publish(request(null, 4, Map.of(Headers.HOP, "4", Headers.FIRST_ENQUEUED, "1234", Headers.DELAY, "60000",
                Headers.PARKED_ROUTE, "old")), Optional.empty());
        ProducerRecord<byte[], byte[]> record = kafka.history().getFirst();
        assertThat(record.key()).as("without a key, by its id").isEqualTo("r-1".getBytes(StandardCharsets.UTF_8));
        assertThat(headers(record)).isEqualTo(
                Map.of(Headers.HOP, "5", Headers.FIRST_ENQUEUED, "1234", Headers.DELAY, "3000", Headers.EXPIRES,
                        EXPIRES));
    }

    @Test
    void who_is_parked_stands_in_its_line_from_then_on() {
        String line = ParkedLines.line("gpt", "acme");
        retries.publish(request(null, 0, Map.of()), new RetryTopic.Later(Duration.ofSeconds(3), Optional.of("gpt"),
                Optional.of(line), Optional.empty()), written::add, failed::add);
        assertThat(headers(kafka.history().getFirst())).containsEntry(Headers.LINE, "gpt acme");
        assertThat(retries.lines().isBehind(line, 1_235)).as("on its way").isTrue();
        kafka.errorNext(new NotLeaderOrFollowerException("scripted"));
        assertThat(retries.lines().isBehind(line, 1_235)).as("it stayed here").isFalse();
    }

    @Test
    void a_line_goes_with_it_until_it_stands_in_another() {
        InboundRequest request = request(null, 1, Map.of(Headers.LINE, "gpt acme", Headers.HOP, "1"));
        publish(request, Optional.empty());
        assertThat(headers(kafka.history().getFirst())).containsEntry(Headers.LINE, "gpt acme");
        retries.publish(request, new RetryTopic.Later(Duration.ofSeconds(3), Optional.empty(),
                Optional.of("claude acme"), Optional.empty()), written::add, failed::add);
        assertThat(headers(kafka.history().getLast())).containsEntry(Headers.LINE, "claude acme");
    }

    @Test
    void strikes_go_with_it() {
        publish(request(null, 1, Map.of(Headers.HOP, "1", Headers.FIRST_ENQUEUED, "1234", Headers.STRIKES, "1")),
                Optional.empty());
        assertThat(headers(kafka.history().getFirst())).containsEntry(Headers.STRIKES, "1")
                .containsEntry(Headers.HOP, "2");
    }

    @Test
    void it_is_done_when_acknowledged_and_goes_on_waiting_when_not() {
        publish(request(null, 0, Map.of()), Optional.empty());
        assertThat(written).isEmpty();
        kafka.completeNext();
        assertThat(written).hasSize(1);
        publish(request(null, 0, Map.of()), Optional.empty());
        kafka.errorNext(new NotLeaderOrFollowerException("scripted"));
        assertThat(written).hasSize(1);
        assertThat(failed).hasSize(1);
    }
}
