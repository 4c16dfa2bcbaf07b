package dev.signalbox.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.WorkerSettings;
import dev.signalbox.embedded.EmbeddedOptions;
import dev.signalbox.embedded.EmbeddedStack;
import dev.signalbox.schemas.Headers;
import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.workers.intake.Admission;
import dev.signalbox.workers.intake.Handover;
import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.intake.LaneBounds;
import dev.signalbox.workers.intake.LaneConsumer;
import dev.signalbox.workers.intake.LaneConsumerProperties;
import dev.signalbox.workers.intake.Onward;
import dev.signalbox.workers.intake.RecordReader;
import dev.signalbox.workers.intake.ReplyAddress;
import dev.signalbox.workers.intake.RequestSink;
import dev.signalbox.workers.intake.Ticket;
import dev.signalbox.workers.intake.TrialTurn;
import dev.signalbox.workers.intake.UnservableRecord;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** What a scripted consumer cannot show: the ledger over a log of a real broker. */
@Tag("issue-4")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class LedgerOnKafkaIT {
    private static final LaneBounds BOUNDS = LaneBounds.of(new WorkerSettings(1_000, 1_000, 16 << 20));

    private EmbeddedStack stack;
    private Admin admin;

    /** An intake that ends each request as soon as it has it, and keeps what cannot be served. */
    private final class Taker implements RequestSink, AutoCloseable {
        private final Set<Long> taken = ConcurrentHashMap.newKeySet();
        private final List<UnservableRecord> rejected = new CopyOnWriteArrayList<>();
        private final LaneConsumer intake;

        Taker(Lane lane) {
            Handover handover = new Handover();
            var properties = LaneConsumerProperties.of(lane, "test", clientProperties(), BOUNDS, handover);
            intake = new LaneConsumer(lane, BOUNDS, () -> new KafkaConsumer<>(properties), Admission.ALL,
                    (source, ticket) -> new RecordReader.Reading.Request(request(lane, ticket)), this, rejected::add,
                    handover, new TrialTurn(), System::currentTimeMillis, route -> false, Onward.NOWHERE);
            intake.start();
        }

        @Override
        public void offer(InboundRequest request) {
            taken.add(request.ticket().offset());
            intake.complete(request.ticket());
        }

        @Override
        public void forget(TopicPartition partition, int epoch) {
            // Nothing waits here.
        }

        @Override
        public void close() {
            assertThat(intake.close(Duration.ofSeconds(10))).isTrue();
        }
    }

    @BeforeAll
    void start(@TempDir Path folder) throws Exception {
        stack = EmbeddedStack.start(folder, EmbeddedOptions.defaults());
        admin = Admin.create(clientProperties());
    }

    @AfterAll
    void stop() {
        admin.close();
        stack.close();
    }

    @Test
    void markers_and_aborted_transactions_are_passed_to_the_end_of_the_log() throws Exception {
        Lane lane = lane("markers", 1);
        send(lane, 3);
        try (KafkaProducer<byte[], byte[]> producer = producer(Map.of("transactional.id", "tx"))) {
            producer.initTransactions();
            producer.beginTransaction();
            producer.send(record(lane, 3)).get();
            producer.commitTransaction();
            producer.beginTransaction();
            producer.send(record(lane, 5)).get();
            producer.abortTransaction();
        }
        try (Taker taker = new Taker(lane)) {
            // 0 1 2 plain, 3 committed, 4 its marker, 5 aborted, 6 its marker
            awaitCommitted(lane, 7);
            assertThat(taker.taken).containsExactlyInAnyOrder(0L, 1L, 2L, 3L);
        }
    }

    @Test
    void what_retention_took_is_reported_before_it_is_passed() throws Exception {
        Lane lane = lane("retention", 1);
        send(lane, 2);
        try (Taker _ = new Taker(lane)) {
            awaitCommitted(lane, 2);
        }
        send(lane, 5);
        admin.deleteRecords(Map.of(partition(lane), RecordsToDelete.beforeOffset(5))).all().get();
        try (Taker taker = new Taker(lane)) {
            Awaitility.await().until(() -> taker.rejected.size() == 1 && taker.taken.containsAll(Set.of(5L, 6L)));
            UnservableRecord loss = taker.rejected.getFirst();
            assertThat(loss.reason()).isEqualTo("LOST_TO_RETENTION");
            assertThat(loss.source().offset()).isEqualTo(2);
            assertThat(new String(loss.source().headers().lastHeader(Headers.DEAD_LETTER_END_OFFSET).value(),
                    StandardCharsets.UTF_8)).isEqualTo("5");
            assertThat(committed(lane)).map(OffsetAndMetadata::offset).contains(2L);
            taker.intake.complete(loss.ticket());
            awaitCommitted(lane, 7);
            Awaitility.await().until(() -> taker.intake.status().lostOffsets() == 3);
        }
    }

    @Test
    void metadata_of_another_tool_is_no_obstacle() throws Exception {
        Lane lane = lane("foreign", 1);
        send(lane, 4);
        admin.alterConsumerGroupOffsets(lane.consumerGroup(),
                Map.of(partition(lane), new OffsetAndMetadata(2, "set by hand, see ticket 4711"))).all().get();
        try (Taker taker = new Taker(lane)) {
            awaitCommitted(lane, 4);
            assertThat(taker.taken).containsExactlyInAnyOrder(2L, 3L);
        }
    }

    @Test
    void partitions_move_to_a_second_worker_and_back_and_every_record_is_served() throws Exception {
        Lane lane = lane("moves", 4);
        try (Taker first = new Taker(lane)) {
            Awaitility.await().until(() -> first.intake.status().claimedPartitions() == 4);
            try (Taker second = new Taker(lane)) {
                Awaitility.await().atMost(Duration.ofSeconds(30))
                        .until(() -> first.intake.status().claimedPartitions() == 2
                                && second.intake.status().claimedPartitions() == 2);
                send(lane, 400);
                Awaitility.await().until(() -> committedSum(lane) == 400);
            }
            Awaitility.await().atMost(Duration.ofSeconds(30))
                    .until(() -> first.intake.status().claimedPartitions() == 4);
            send(lane, 400);
            Awaitility.await().until(() -> committedSum(lane) == 800);
        }
    }

    private Lane lane(String pool, int partitions) throws Exception {
        Lane lane = new Lane(new PoolName(pool), Priority.STANDARD);
        admin.createTopics(List.of(new NewTopic(lane.requestTopic(), partitions, (short) 1))).all().get();
        return lane;
    }

    private void send(Lane lane, int count) throws Exception {
        try (KafkaProducer<byte[], byte[]> producer = producer(Map.of())) {
            for (int i = 0; i < count; i++) {
                producer.send(record(lane, i));
            }
            producer.flush();
        }
    }

    private static ProducerRecord<byte[], byte[]> record(Lane lane, int number) {
        return new ProducerRecord<>(lane.requestTopic(), ("r" + number).getBytes(StandardCharsets.UTF_8), new byte[9]);
    }

    private KafkaProducer<byte[], byte[]> producer(Map<String, Object> more) {
        Map<String, Object> properties = new HashMap<>(clientProperties());
        properties.putAll(more);
        return new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer());
    }

    private Map<String, Object> clientProperties() {
        return Map.of("bootstrap.servers", stack.bootstrapServers());
    }

    private static TopicPartition partition(Lane lane) {
        return new TopicPartition(lane.requestTopic(), 0);
    }

    private void awaitCommitted(Lane lane, long offset) {
        Awaitility.await().atMost(Duration.ofSeconds(30))
                .untilAsserted(() -> assertThat(committed(lane)).map(OffsetAndMetadata::offset).contains(offset));
    }

    private Optional<OffsetAndMetadata> committed(Lane lane) throws Exception {
        return Optional.ofNullable(offsets(lane).get(partition(lane)));
    }

    private long committedSum(Lane lane) throws Exception {
        return offsets(lane).values().stream().mapToLong(OffsetAndMetadata::offset).sum();
    }

    private Map<TopicPartition, OffsetAndMetadata> offsets(Lane lane) throws Exception {
        return admin.listConsumerGroupOffsets(lane.consumerGroup()).partitionsToOffsetAndMetadata().get();
    }

    private static InboundRequest request(Lane lane, Ticket ticket) {
        LlmRequest request = LlmRequest.newBuilder().setId("r").setModel("m").setBody(ByteBuffer.allocate(0)).build();
        return new InboundRequest(lane, ticket, request, "h", 0, 0, 0,
                new ReplyAddress("llm.replies", OptionalInt.empty(), "llm.tokens", ReplyAddress.Form.AVRO, List.of(),
                        List.of()),
                9);
    }
}
