package dev.signalbox.workers;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.WorkerSettings;
import dev.signalbox.schemas.Headers;
import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.avro.StreamPolicy;
import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.intake.LaneBounds;
import dev.signalbox.workers.intake.RequestSink;
import dev.signalbox.workers.intake.Ticket;
import dev.signalbox.workers.reply.OverflowTopic;
import dev.signalbox.workers.reply.RenewableProducer;
import dev.signalbox.workers.scheduler.Crowd;
import dev.signalbox.workers.scheduler.Diversions;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongPredicate;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What comes of a noisy tenant is published to the overflow topic, and done when that is acknowledged. */
@Tag("issue-6")
class OverflowTest {
    private static final LaneBounds BOUNDS = LaneBounds.of(new WorkerSettings(100, 1_000, 64L << 20));
    private static final long EXPIRES = 900_000;

    private final MockProducer<byte[], byte[]> kafka = new MockProducer<>(false, null, new ByteArraySerializer(),
            new ByteArraySerializer());
    private final Lane lane = TestRequests.request("r", false, StreamPolicy.RESTART, EXPIRES).lane();
    private final List<String> stays = new ArrayList<>();
    private final List<String> done = new ArrayList<>();
    private final Map<Integer, LongPredicate> committed = new java.util.HashMap<>();
    private long now = 10_000;
    private final Overflow overflow = new Overflow(lane, new RequestSink() {
        @Override
        public void offer(InboundRequest request) {
            stays.add(request.id());
        }

        @Override
        public void forget(TopicPartition partition, int epoch) {
        }
    }, new Diversions(BOUNDS), tenant -> tenant.equals("noisy") ? crowded() : new Crowd(0, 0, 0, 0),
            new OverflowTopic(lane.overflowTopic(), new RenewableProducer("test", () -> kafka)),
            (Set<Integer> partitions) -> committed, request -> done.add(request.id()), () -> now, Runnable::run);

    private static Crowd crowded() {
        return new Crowd(BOUNDS.pauseRecords(), 0, BOUNDS.pauseRecords(), 0);
    }

    private InboundRequest request(String id, String tenant, String topic, long offset) {
        InboundRequest plain = TestRequests.request(id, false, StreamPolicy.RESTART, EXPIRES);
        plain.request().setTenant(tenant);
        RecordHeaders headers = new RecordHeaders();
        headers.add("traceparent", "kept".getBytes(StandardCharsets.UTF_8));
        headers.add(Headers.DELAY, "7".getBytes(StandardCharsets.UTF_8));
        return new InboundRequest(plain.lane(), new Ticket(new TopicPartition(topic, 2), 1, offset), plain.request(),
                plain.requestHash(), 0, 1_234, plain.expiresAtMillis(), plain.address(), plain.sizeBytes(),
                new ConsumerRecord<>(topic, 2, offset, 5_000, TimestampType.LOG_APPEND_TIME, 0, 0,
                        id.getBytes(StandardCharsets.UTF_8), new byte[]{7}, headers, Optional.empty()));
    }

    private void offer(String id, String tenant) {
        overflow.offer(request(id, tenant, lane.requestTopic(), 1));
    }

    private static String header(ProducerRecord<byte[], byte[]> record, String name) {
        return new String(record.headers().lastHeader(name).value(), StandardCharsets.UTF_8);
    }

    @Test
    void it_is_published_as_it_came_one_hop_on_and_done_when_that_is_acknowledged() {
        offer("other", "modest");
        offer("r-1", "noisy");
        assertThat(stays).containsExactly("other");
        ProducerRecord<byte[], byte[]> record = kafka.history().getFirst();
        assertThat(record.topic()).isEqualTo(lane.overflowTopic());
        assertThat(record.partition()).isEqualTo(2);
        assertThat(record.key()).isEqualTo("r-1".getBytes(StandardCharsets.UTF_8));
        assertThat(record.value()).containsExactly(7);
        assertThat(header(record, Headers.HOP)).isEqualTo("1");
        assertThat(header(record, Headers.FIRST_ENQUEUED)).isEqualTo("1234");
        assertThat(header(record, "traceparent")).isEqualTo("kept");
        assertThat(record.headers().lastHeader(Headers.DELAY)).isNull();
        assertThat(done).isEmpty();
        kafka.completeNext();
        assertThat(done).containsExactly("r-1");
        assertThat(overflow.requests()).isEqualTo(1);
        assertThat(overflow.diverted()).containsExactly(new Diversions.Diverted("noisy", 10_000));
    }

    @Test
    void what_cannot_be_written_waits_here() {
        offer("other", "modest");
        offer("r-1", "noisy");
        kafka.errorNext(new RecordTooLargeException("large"));
        offer("r-2", "noisy");
        assertThat(stays).containsExactly("other", "r-1", "r-2");
        assertThat(done).isEmpty();
    }

    @Test
    void what_comes_from_elsewhere_or_has_no_time_left_is_not_diverted() {
        offer("other", "modest");
        offer("r-1", "noisy");
        overflow.offer(request("back", "noisy", lane.overflowTopic(), 0));
        overflow.offer(request("retry", "noisy", lane.retryTopic(), 0));
        now = EXPIRES - 100;
        offer("late", "noisy");
        assertThat(stays).containsExactly("other", "back", "retry", "late");
    }

    @Test
    void he_is_back_when_his_last_is_committed() {
        offer("other", "modest");
        offer("r-1", "noisy");
        kafka.completeNext();
        overflow.turn();
        assertThat(overflow.diverted()).hasSize(1);
        // The mock says 0 of each partition.
        committed.put(0, OverflowCommits.done(new OffsetAndMetadata(1)));
        overflow.turn();
        assertThat(overflow.diverted()).isEmpty();
    }
}
