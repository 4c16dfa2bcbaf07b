package dev.signalbox.workers.intake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.signalbox.config.WorkerSettings;
import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.avro.LlmRequest;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.RetriableCommitFailedException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RebalanceInProgressException;
import org.apache.kafka.common.header.Header;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-2")
@Tag("issue-4")
class LaneConsumerTest {
    private static final Lane LANE = new Lane(new PoolName("p"), Priority.STANDARD);
    private static final LaneBounds BOUNDS = LaneBounds.of(new WorkerSettings(20, 20, 1 << 20));

    private final ScriptedConsumer kafka = new ScriptedConsumer(LANE, 4);
    private final List<Ticket> offered = new ArrayList<>();
    private final List<String> forgotten = new ArrayList<>();
    private final List<UnservableRecord> rejected = new ArrayList<>();
    private final Map<Long, RecordReader.Reading> readings = new HashMap<>();
    private long nanos;

    private final RequestSink sink = new RequestSink() {
        @Override
        public void offer(InboundRequest request) {
            offered.add(request.ticket());
        }

        @Override
        public void forget(TopicPartition partition, int epoch) {
            forgotten.add(partition.partition() + "@" + epoch);
        }
    };
    private final Handover handover = new Handover();
    private final LaneConsumer intake = new LaneConsumer(LANE, BOUNDS, () -> kafka, LaneConsumerTest::owner,
            (source, ticket) -> readings.getOrDefault(source.offset(), request(ticket)), sink, rejected::add,
            handover, new TrialTurn(), Runnable::run, () -> nanos);
    private final PollLoop loop = intake.loop(kafka);

    private static Admission.Verdict owner(org.apache.kafka.common.header.Headers headers) {
        Header owner = headers.lastHeader("owner");
        return owner == null
                ? Admission.Verdict.ADMIT
                : new Admission.Verdict.Hold(new String(owner.value(), StandardCharsets.UTF_8));
    }

    private static RecordReader.Reading request(Ticket ticket) {
        LlmRequest request = LlmRequest.newBuilder().setId("r").setModel("m").setBody(ByteBuffer.allocate(0)).build();
        return new RecordReader.Reading.Request(new InboundRequest(LANE, ticket, request, "h", 0, 0, 0,
                new ReplyAddress("llm.replies", OptionalInt.empty(), "llm.tokens", ReplyAddress.Form.AVRO, List.of(),
                        List.of()),
                10));
    }

    private void steps(int count) {
        for (int i = 0; i < count; i++) {
            nanos += TimeUnit.MILLISECONDS.toNanos(250);
            intake.step(loop);
        }
    }

    private OffsetAndMetadata committed(int partition) {
        return Optional.ofNullable(kafka.broker.get(kafka.partition(partition))).orElseThrow();
    }

    private LedgerMetadata.Decoded decoded(int partition) {
        return LedgerMetadata.decode(committed(partition).offset(), committed(partition).metadata()).orElseThrow();
    }

    @Test
    void a_partition_delivers_only_after_its_new_epoch_is_committed() {
        kafka.generation = 5;
        kafka.holdAnswers = true;
        kafka.assign(0);
        kafka.records(0, 0, 3);
        steps(3);
        assertThat(offered).isEmpty();
        assertThat(kafka.paused()).containsExactly(kafka.partition(0));
        kafka.answers.remove().run();
        steps(2);
        assertThat(offered).containsExactly(new Ticket(kafka.partition(0), 5, 0), new Ticket(kafka.partition(0), 5, 1),
                new Ticket(kafka.partition(0), 5, 2));
        assertThat(decoded(0).epoch()).isEqualTo(5);
    }

    @Test
    void the_committed_answer_is_read_once_for_all_and_done_records_are_skipped() {
        OffsetRuns done = new OffsetRuns();
        done.add(12, 14);
        kafka.broker.put(kafka.partition(1),
                new OffsetAndMetadata(10, LedgerMetadata.encode(9, 10, done, Suspicion.RELEASED).text()));
        kafka.broker.put(kafka.partition(2), new OffsetAndMetadata(4, "someone else's"));
        kafka.assign(0, 1, 2);
        assertThat(kafka.calls).containsExactly("committed 3");
        kafka.records(1, 10, 16);
        kafka.records(2, 4, 5);
        steps(3);
        assertThat(offered).filteredOn(ticket -> ticket.partition().partition() == 1).extracting(Ticket::offset)
                .containsExactly(10L, 11L, 14L, 15L);
        assertThat(offered).filteredOn(ticket -> ticket.partition().partition() == 1).extracting(Ticket::epoch)
                .containsOnly(10);
        assertThat(offered).contains(new Ticket(kafka.partition(2), 1, 4));
    }

    @Test
    void completions_out_of_order_are_committed_with_what_is_done_above() {
        kafka.assign(0);
        kafka.records(0, 0, 5);
        steps(2);
        intake.complete(offered.get(3));
        intake.complete(offered.get(0));
        steps(1);
        assertThat(committed(0).offset()).isEqualTo(1);
        assertThat(decoded(0).done().contains(3)).isTrue();
        assertThat(intake.status().pendingRecords()).isEqualTo(3);
        offered.forEach(intake::complete);
        steps(1);
        assertThat(committed(0).offset()).isEqualTo(5);
        int calls = kafka.calls.size();
        steps(5);
        assertThat(kafka.calls).as("nothing changed, nothing committed").hasSize(calls);
        assertThat(intake.status().pendingRecords()).isZero();
        assertThat(intake.status().pendingBytes()).isZero();
    }

    @Test
    void a_completion_of_a_lost_epoch_changes_nothing() {
        kafka.assign(0);
        kafka.records(0, 0, 2);
        steps(2);
        Ticket old = offered.getFirst();
        kafka.assign();
        kafka.generation = 2;
        kafka.assign(0);
        kafka.records(0, 0, 2);
        steps(2);
        intake.complete(old);
        steps(2);
        assertThat(committed(0).offset()).isZero();
        assertThat(intake.status().staleCompletions()).isEqualTo(1);
        intake.complete(offered.get(2));
        steps(1);
        assertThat(committed(0).offset()).isEqualTo(1);
    }

    @Test
    void a_revoked_partition_is_forgotten_and_its_last_completions_committed() {
        kafka.assign(0, 1);
        kafka.records(0, 0, 3);
        steps(2);
        intake.complete(offered.get(0));
        intake.complete(offered.get(2));
        kafka.assign(1);
        assertThat(forgotten).containsExactly("0@1");
        assertThat(kafka.calls).last().isEqualTo("commit 1");
        assertThat(committed(0).offset()).isEqualTo(1);
        assertThat(decoded(0).done().contains(2)).isTrue();
        steps(1);
        assertThat(intake.status().partitions()).isEqualTo(1);
        assertThat(intake.status().pendingRecords()).isZero();
    }

    @Test
    void a_commit_lost_on_revocation_returns_and_repeats_at_most_its_records() {
        kafka.assign(0);
        kafka.records(0, 0, 2);
        steps(2);
        intake.complete(offered.getFirst());
        kafka.failCommits.add(new RebalanceInProgressException());
        kafka.assign();
        kafka.assign(0);
        kafka.records(0, 0, 2);
        steps(2);
        assertThat(offered).hasSize(4);
        assertThat(offered.get(2).epoch()).isEqualTo(2);
    }

    @Test
    void an_epoch_is_not_used_twice_even_if_its_claim_was_never_committed() {
        kafka.holdAnswers = true;
        kafka.failCommits.add(new RebalanceInProgressException());
        kafka.failCommits.add(new RebalanceInProgressException());
        kafka.assign(0);
        steps(1);
        kafka.assign();
        kafka.holdAnswers = false;
        kafka.assign(0);
        kafka.records(0, 0, 1);
        kafka.answers.remove().run();
        steps(3);
        assertThat(forgotten).containsExactly("0@1");
        assertThat(offered).containsExactly(new Ticket(kafka.partition(0), 2, 0));
    }

    @Test
    void rebalance_in_progress_and_other_failures_to_commit_are_repeated() {
        kafka.assign(0);
        kafka.failCommits.add(new RebalanceInProgressException());
        kafka.failCommits.add(new RetriableCommitFailedException("coordinator moved"));
        kafka.records(0, 0, 1);
        steps(4);
        assertThat(offered).hasSize(1);
        assertThat(intake.status().failedCommits()).isEqualTo(2);
    }

    @Test
    void unknown_committed_offsets_are_asked_for_again_and_nothing_is_read_before() {
        kafka.failCommitted = 2;
        kafka.assign(0);
        kafka.records(0, 0, 1);
        assertThat(kafka.paused()).containsExactly(kafka.partition(0));
        steps(3);
        assertThat(offered).isEmpty();
        steps(8);
        assertThat(offered).hasSize(1);
        assertThat(kafka.calls).filteredOn(call -> call.startsWith("committed")).hasSize(3);
    }

    @Test
    void fetching_stops_at_the_bounds_and_resumes_when_an_eighth_is_free() {
        kafka.assign(0, 1);
        steps(1);
        kafka.records(0, 0, BOUNDS.pauseRecords());
        steps(2);
        assertThat(kafka.paused()).hasSize(2);
        kafka.generation = 2;
        kafka.assign(0, 1, 2);
        steps(1);
        assertThat(kafka.paused()).as("gained ones come unpaused").hasSize(3);
        int free = BOUNDS.pauseRecords() - BOUNDS.resumeRecords();
        offered.subList(0, free - 1).forEach(intake::complete);
        steps(2);
        assertThat(kafka.paused()).hasSize(3);
        intake.complete(offered.get(free - 1));
        steps(1);
        assertThat(kafka.paused()).isEmpty();
        assertThat(intake.status().claimedPartitions()).isEqualTo(3);
    }

    @Test
    void held_records_stay_incomplete_take_no_room_and_are_counted_by_owner() {
        kafka.assign(0);
        steps(1);
        for (long offset = 0; offset < 300; offset++) {
            kafka.record(0, offset, offset < 200 ? "batch-a" : "batch-b");
        }
        kafka.record(0, 300, "");
        steps(2);
        assertThat(offered).extracting(Ticket::offset).containsExactly(300L);
        assertThat(intake.status().heldRecords()).isEqualTo(Map.of("batch-a", 200L, "batch-b", 100L));
        assertThat(intake.status().pendingRecords()).isEqualTo(1);
        intake.complete(offered.getFirst());
        steps(1);
        assertThat(committed(0).offset()).isZero();
        assertThat(decoded(0).done().contains(300)).isTrue();
        assertThat(kafka.paused()).isEmpty();
    }

    @Test
    void what_is_no_request_is_rejected_and_what_cannot_be_read_now_is_read_again() {
        kafka.assign(0);
        steps(1);
        readings.put(0L, new RecordReader.Reading.Unservable(new UnservableRecord(LANE,
                new Ticket(kafka.partition(0), 1, 0), new org.apache.kafka.clients.consumer.ConsumerRecord<>("t", 0, 0,
                        new byte[0], new byte[0]),
                Optional.empty(), Optional.empty(), "h", "UNREADABLE", "bad")));
        int[] tries = new int[1];
        RecordDecoding decoding = new RecordDecoding(LANE, (source, ticket) -> tries[0]++ < 2
                ? new RecordReader.Reading.Later("registry away")
                : request(ticket), sink, rejected::add, Runnable::run);
        decoding.assigned(kafka.partition(1), 7);
        decoding.decode(List.of(new RecordDecoding.Admitted(
                new org.apache.kafka.clients.consumer.ConsumerRecord<>("t", 1, 3, new byte[0], new byte[0]),
                new Ticket(kafka.partition(1), 7, 3))));
        assertThat(tries[0]).isEqualTo(3);
        assertThat(offered).containsExactly(new Ticket(kafka.partition(1), 7, 3));
        kafka.records(0, 0, 2);
        steps(1);
        assertThat(rejected).extracting(UnservableRecord::reason).containsExactly("UNREADABLE");
        assertThat(offered).last().isEqualTo(new Ticket(kafka.partition(0), 1, 1));
    }

    @Test
    void a_reader_with_a_defect_stops_no_partition() {
        RecordDecoding decoding = new RecordDecoding(LANE, (source, ticket) -> {
            throw new IllegalStateException("defect");
        }, sink, rejected::add, Runnable::run);
        decoding.assigned(kafka.partition(1), 7);
        decoding.decode(List.of(new RecordDecoding.Admitted(
                new org.apache.kafka.clients.consumer.ConsumerRecord<>("t", 1, 3, new byte[0], new byte[0]),
                new Ticket(kafka.partition(1), 7, 3))));
        assertThat(rejected).hasSize(1);
    }

    @Test
    void draining_takes_nothing_new_but_commits_what_completes() {
        kafka.assign(0);
        kafka.records(0, 0, 2);
        steps(2);
        intake.stopAdmitting();
        steps(1);
        kafka.records(0, 2, 4);
        steps(2);
        assertThat(offered).hasSize(2);
        offered.forEach(intake::complete);
        loop.close();
        assertThat(committed(0).offset()).isEqualTo(2);
        assertThat(kafka.closed()).isTrue();
        assertThat(forgotten).containsExactly("0@1");
    }

    @Test
    void a_partition_that_is_to_move_is_released_once_all_of_it_is_answered_and_committed() {
        kafka.assign(0, 1);
        kafka.records(0, 0, 2);
        steps(2);
        handover.ask(Set.of(kafka.partition(0)));
        steps(1);
        kafka.records(0, 2, 3);
        kafka.records(1, 0, 1);
        steps(2);
        assertThat(offered).as("the other partition goes on").extracting(Ticket::partition)
                .containsExactly(kafka.partition(0), kafka.partition(0), kafka.partition(1));
        intake.complete(offered.get(0));
        steps(2);
        assertThat(handover.released()).isEmpty();
        assertThat(kafka.shouldRebalance()).isFalse();
        kafka.holdAnswers = true;
        intake.complete(offered.get(1));
        steps(2);
        assertThat(handover.released()).as("not committed yet").isEmpty();
        kafka.answers.remove().run();
        steps(1);
        assertThat(handover.released()).containsExactly(kafka.partition(0));
        assertThat(kafka.shouldRebalance()).isTrue();
        kafka.assign(1);
        assertThat(handover.released()).isEmpty();
        assertThat(committed(0).offset()).isEqualTo(2);
    }

    @Test
    void what_was_released_while_the_group_rebalanced_is_said_again_when_the_leader_asks_for_it() {
        kafka.assign(0, 1);
        handover.ask(Set.of(kafka.partition(0)));
        steps(1);
        assertThat(kafka.shouldRebalance()).isTrue();
        kafka.resetShouldRebalance();
        steps(1);
        assertThat(kafka.shouldRebalance()).as("said once").isFalse();
        handover.ask(Set.of(kafka.partition(0)));
        steps(1);
        assertThat(kafka.shouldRebalance()).as("the group has not heard it").isTrue();
        kafka.resetShouldRebalance();
        steps(1);
        assertThat(kafka.shouldRebalance()).isFalse();
    }

    @Test
    void what_still_runs_after_twenty_seconds_does_not_hold_a_partition_that_is_to_move() {
        kafka.assign(0);
        kafka.records(0, 0, 1);
        steps(2);
        handover.ask(Set.of(kafka.partition(0)));
        steps(1);
        steps((int) (PartitionReleases.LIMIT_NANOS / TimeUnit.MILLISECONDS.toNanos(250)) - 1);
        assertThat(handover.released()).isEmpty();
        steps(1);
        assertThat(handover.released()).containsExactly(kafka.partition(0));
    }

    @Test
    void a_partition_that_is_no_longer_asked_for_goes_on_as_before() {
        kafka.assign(0);
        kafka.records(0, 0, 1);
        steps(2);
        handover.ask(Set.of(kafka.partition(0)));
        steps(1);
        assertThat(kafka.paused()).containsExactly(kafka.partition(0));
        handover.ask(Set.of());
        kafka.records(0, 1, 2);
        steps(2);
        assertThat(offered).hasSize(2);
        intake.complete(offered.get(0));
        steps(1);
        assertThat(committed(0).offset()).isEqualTo(1);
    }

    @Test
    void after_a_standstill_nothing_is_taken_in_before_the_coordinator_answers() {
        kafka.assign(0);
        kafka.records(0, 0, 1);
        steps(2);
        kafka.holdAnswers = true;
        intake.complete(offered.get(0));
        steps(1);
        kafka.records(0, 1, 3);
        kafka.schedulePollTask(() -> nanos += TimeUnit.SECONDS.toNanos(8));
        steps(1);
        kafka.answers.remove().run();
        steps(1);
        assertThat(offered).as("the answer to a commit from before proves nothing").hasSize(1);
        kafka.answers.remove().run();
        kafka.records(0, 1, 3);
        steps(2);
        assertThat(offered).extracting(Ticket::offset).containsExactly(0L, 1L, 2L);
    }

    @Test
    void its_thread_starts_serves_and_ends() {
        ScriptedConsumer own = new ScriptedConsumer(LANE, 1);
        LaneConsumer running = new LaneConsumer(LANE, BOUNDS, () -> own, Admission.ALL,
                (source, ticket) -> request(ticket), sink, rejected::add, new Handover(), new TrialTurn(), () -> 0,
                route -> false, Onward.NOWHERE);
        own.schedulePollTask(() -> own.assign(0));
        running.start();
        Awaitility.await().until(() -> running.status().claimedPartitions() == 1);
        assertThat(running.close(Duration.ofSeconds(5))).isTrue();
        assertThat(running.status().failure()).isEmpty();
        assertThat(own.closed()).isTrue();
    }

    @Test
    void a_consumer_that_cannot_be_made_is_reported_as_failure() {
        LaneConsumer broken = new LaneConsumer(LANE, BOUNDS, () -> {
            throw new IllegalStateException("no broker");
        }, Admission.ALL, (source, ticket) -> request(ticket), sink, rejected::add, new Handover(), new TrialTurn(),
                () -> 0,
                route -> false, Onward.NOWHERE);
        broken.start();
        Awaitility.await().until(() -> broken.status().failure().isPresent());
        assertThat(broken.close(Duration.ofSeconds(5))).isTrue();
    }

    @Test
    void static_members_are_refused_and_the_ledgers_settings_win() {
        assertThatThrownBy(
                () -> LaneConsumerProperties.of(LANE, "w", Map.of("group.instance.id", "x"), BOUNDS, handover))
                .hasMessageContaining("group.instance.id");
        Map<String, Object> properties = LaneConsumerProperties.of(LANE, "w",
                Map.of("bootstrap.servers", "localhost:1", "enable.auto.commit", "true", "session.timeout.ms", "6000",
                        "group.protocol", "consumer"),
                BOUNDS, handover);
        assertThat(properties).containsEntry("session.timeout.ms", "6000").containsEntry("enable.auto.commit", false)
                .containsEntry("group.protocol", "classic");
        assertThat(new ConsumerConfig(properties)).isNotNull();
    }

    @Test
    void what_is_fetched_and_what_is_pending_fit_the_buffers_together() {
        for (int records : new int[]{1, 10, 5_000, 100_000}) {
            for (long bytes : new long[]{1 << 20, 128L << 20, 4L << 30}) {
                LaneBounds bounds = LaneBounds.of(new WorkerSettings(2_000, records, bytes));
                assertThat(bounds.pauseRecords() + bounds.maxPollRecords() + bounds.retryRecords()
                        + bounds.overflowRecords()).isLessThanOrEqualTo(2_000 + records);
                assertThat(bounds.pauseBytes() + bounds.fetchBytes() + bounds.retryBytes() + bounds.overflowBytes())
                        .isLessThanOrEqualTo(bytes);
                assertThat(bounds.resumeRecords()).isLessThan(bounds.pauseRecords());
                assertThat(bounds.resumeBytes()).isLessThan(bounds.pauseBytes());
                assertThat(bounds.partitionFetchBytes()).isLessThanOrEqualTo(bounds.fetchBytes());
            }
        }
    }
}
