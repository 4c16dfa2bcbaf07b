package dev.signalbox.workers;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.schemas.Headers;
import dev.signalbox.schemas.avro.StreamPolicy;
import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.intake.ParkedLines;
import dev.signalbox.workers.intake.RequestSink;
import dev.signalbox.workers.intake.Ticket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** No retry goes on while an older request of its line is parked. */
@Tag("issue-7")
class NextInLineTest {
    private static final String LINE = ParkedLines.line("gpt", "acme");
    private static final String RETRY = Headers.HISTORY;

    private final List<String> went = new ArrayList<>();
    private final List<String> parked = new ArrayList<>();
    private final Set<String> over = new HashSet<>();
    private final ParkedLines lines = new ParkedLines();
    private boolean full;
    private final NextInLine next = new NextInLine(new RequestSink() {
        @Override
        public void offer(InboundRequest request) {
            went.add(request.id());
        }

        @Override
        public void forget(TopicPartition partition, int epoch) {
            went.add("forgets " + epoch);
        }
    }, lines, request -> over.contains(request.id()), () -> full, request -> parked.add(request.id()), Runnable::run);

    private static InboundRequest request(String id, long enqueuedMillis, String... headers) {
        InboundRequest plain = TestRequests.request(id, false, StreamPolicy.RESTART, 900_000);
        RecordHeaders all = new RecordHeaders();
        all.add(Headers.LINE, LINE.getBytes(StandardCharsets.UTF_8));
        for (String header : headers) {
            all.add(header, new byte[]{1});
        }
        TopicPartition partition = new TopicPartition(plain.lane().retryTopic(), 0);
        return new InboundRequest(plain.lane(), new Ticket(partition, 3, enqueuedMillis), plain.request(),
                plain.requestHash(), 1, enqueuedMillis, plain.expiresAtMillis(), plain.address(), plain.sizeBytes(),
                new ConsumerRecord<>(partition.topic(), 0, enqueuedMillis, 0, TimestampType.LOG_APPEND_TIME, 0, 0, null,
                        new byte[]{7}, all, Optional.empty()));
    }

    @Test
    void retries_wait_for_older_ones_that_are_parked_and_then_go_oldest_first() {
        lines.hold(LINE, 100);
        next.offer(request("younger", 300, RETRY));
        next.offer(request("retry", 200, RETRY));
        next.offer(request("older", 50, RETRY));
        next.offer(request("untried", 400));
        next.turn();
        assertThat(went).containsExactly("older", "untried");
        lines.release(LINE, 100);
        next.offer(request("parked", 100));
        assertThat(went).as("at once, as it comes").containsExactly("older", "untried", "parked", "retry", "younger");
    }

    @Test
    void none_passes_one_that_waits_here() {
        lines.hold(LINE, 100);
        next.offer(request("first", 200, RETRY));
        lines.release(LINE, 100);
        next.offer(request("second", 300, RETRY));
        assertThat(went).isEmpty();
        next.turn();
        assertThat(went).containsExactly("first", "second");
    }

    @Test
    void who_is_cancelled_or_whose_time_is_up_goes_at_once() {
        lines.hold(LINE, 100);
        over.add("was over");
        next.offer(request("was over", 200, RETRY));
        next.offer(request("is over", 300, RETRY));
        next.offer(request("waits", 400, RETRY));
        over.add("is over");
        next.turn();
        assertThat(went).containsExactly("was over", "is over");
    }

    @Test
    void in_a_lane_that_is_nearly_full_they_are_parked() {
        lines.hold(LINE, 100);
        next.offer(request("a", 200, RETRY));
        next.turn();
        assertThat(parked).isEmpty();
        full = true;
        next.turn();
        assertThat(parked).containsExactly("a");
        next.turn();
        assertThat(parked).hasSize(1);
        assertThat(went).isEmpty();
    }

    @Test
    void what_another_worker_has_now_is_forgotten() {
        lines.hold(LINE, 100);
        next.offer(request("a", 200, RETRY));
        TopicPartition partition = request("a", 200).ticket().partition();
        next.forget(partition, 2);
        next.forget(new TopicPartition(partition.topic(), 1), 3);
        next.forget(partition, 3);
        lines.release(LINE, 100);
        next.turn();
        assertThat(went).containsExactly("forgets 2", "forgets 3", "forgets 3");
    }
}
