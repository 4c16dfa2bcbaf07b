package dev.signalbox.workers.intake;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.WorkerSettings;
import dev.signalbox.schemas.Headers;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.LogTruncationException;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A log that lost its beginning or its end, or has offsets that never come. */
@Tag("issue-4")
class LogThatChangedTest {
    private final ScriptedIntake lane = new ScriptedIntake(new WorkerSettings(20, 20, 1 << 20));
    private final ScriptedConsumer kafka = lane.kafka;
    private final TopicPartition partition = kafka.partition(0);

    @Test
    void offsets_that_retention_took_are_a_dead_letter_before_they_are_passed() {
        kafka.broker.put(partition, new OffsetAndMetadata(10));
        kafka.updateBeginningOffsets(Map.of(partition, 25L));
        kafka.assign(0);
        kafka.records(0, 25, 26);
        lane.steps(4);
        kafka.records(0, 25, 26);
        lane.steps(2);
        assertThat(lane.offered).extracting(Ticket::offset).containsExactly(25L);
        assertThat(lane.rejected).hasSize(1);
        UnservableRecord loss = lane.rejected.getFirst();
        assertThat(loss.reason()).isEqualTo("LOST_TO_RETENTION");
        assertThat(loss.message())
                .isEqualTo("Retention took offsets 10 to 24 before they were served: at most 15 requests.");
        assertThat(loss.source().offset()).isEqualTo(10);
        assertThat(loss.source().headers().lastHeader(Headers.DEAD_LETTER_END_OFFSET).value())
                .isEqualTo("25".getBytes(StandardCharsets.UTF_8));
        assertThat(lane.committed(0).offset()).as("until the loss is written down").isEqualTo(10);
        lane.intake.complete(loss.ticket());
        lane.steps(1);
        assertThat(lane.committed(0).offset()).isEqualTo(25);
        assertThat(lane.status().lostRanges()).isEqualTo(1);
        assertThat(lane.status().lostOffsets()).isEqualTo(15);
    }

    @Test
    void a_log_that_retention_emptied_is_noticed_without_a_new_record() {
        kafka.broker.put(partition, new OffsetAndMetadata(10));
        kafka.assign(0);
        lane.steps(2);
        kafka.updateBeginningOffsets(Map.of(partition, 1_000L));
        kafka.setPollException(new OffsetOutOfRangeException(Map.of(partition, 10L)));
        lane.steps(1);
        assertThat(lane.rejected).extracting(UnservableRecord::ticket).extracting(Ticket::offset).containsExactly(10L);
        assertThat(kafka.position(partition)).isEqualTo(1_000);
        lane.intake.complete(lane.rejected.getFirst().ticket());
        lane.steps(1);
        assertThat(lane.committed(0).offset()).isEqualTo(1_000);
    }

    @Test
    void what_an_earlier_assignment_did_is_not_lost() {
        OffsetRuns done = new OffsetRuns();
        done.add(12, 20);
        done.add(22, 40);
        kafka.broker.put(partition,
                new OffsetAndMetadata(10, LedgerMetadata.encode(3, 10, done, Suspicion.RELEASED).text()));
        kafka.assign(0);
        lane.steps(2);
        kafka.updateBeginningOffsets(Map.of(partition, 30L));
        kafka.setPollException(new OffsetOutOfRangeException(Map.of(partition, 10L)));
        lane.steps(1);
        assertThat(lane.status().lostOffsets()).isZero();
        lane.steps(1);
        assertThat(lane.status().lostOffsets()).as("10, 11, 20, 21").isEqualTo(4);
        lane.intake.complete(lane.rejected.getFirst().ticket());
        lane.steps(1);
        assertThat(lane.committed(0).offset()).isEqualTo(40);
    }

    @Test
    void records_that_took_the_place_of_done_ones_while_nobody_looked_are_served() {
        OffsetRuns done = new OffsetRuns();
        done.add(12, 15);
        kafka.broker.put(partition,
                new OffsetAndMetadata(10, Optional.of(4),
                        LedgerMetadata.encode(3, 10, done, Suspicion.RELEASED).text()));
        kafka.assign(0);
        kafka.recordUnder(4, 0, 10);
        kafka.recordUnder(4, 0, 11);
        kafka.recordUnder(4, 0, 12);
        kafka.recordUnder(5, 0, 13);
        kafka.recordUnder(5, 0, 14);
        lane.steps(3);
        assertThat(lane.offered).extracting(Ticket::offset)
                .as("12 is done, 13 and 14 are others than those that were").containsExactly(10L, 11L, 13L, 14L);
        lane.intake.complete(lane.offered.getFirst());
        lane.intake.complete(lane.offered.get(1));
        lane.steps(1);
        assertThat(lane.committed(0).offset()).isEqualTo(13);
        assertThat(lane.committed(0).leaderEpoch()).as("for the next owner").contains(5);
    }

    @Test
    void what_was_done_above_the_position_does_not_count_once_its_place_is_taken() {
        OffsetRuns done = new OffsetRuns();
        done.add(11, 15);
        kafka.broker.put(partition,
                new OffsetAndMetadata(10, Optional.of(4),
                        LedgerMetadata.encode(3, 10, done, Suspicion.RELEASED).text()));
        kafka.assign(0);
        kafka.recordUnder(4, 0, 10);
        lane.steps(2);
        lane.intake.complete(lane.offered.getFirst());
        lane.steps(1);
        assertThat(lane.committed(0).offset()).as("as far as is known").isEqualTo(15);
        kafka.recordUnder(5, 0, 12);
        lane.steps(2);
        assertThat(lane.committed(0).offset()).isEqualTo(12);
    }

    @Test
    void a_commit_without_leader_epoch_counts_as_it_is() {
        OffsetRuns done = new OffsetRuns();
        done.add(12, 15);
        kafka.broker.put(partition,
                new OffsetAndMetadata(10, LedgerMetadata.encode(3, 10, done, Suspicion.RELEASED).text()));
        kafka.assign(0);
        kafka.recordUnder(4, 0, 10);
        kafka.recordUnder(5, 0, 13);
        lane.steps(3);
        assertThat(lane.offered).extracting(Ticket::offset).containsExactly(10L);
        assertThat(lane.committed(0).leaderEpoch()).as("14 may have come under a higher one").isEmpty();
        kafka.recordUnder(5, 0, 15);
        lane.steps(2);
        lane.intake.complete(lane.offered.getFirst());
        lane.steps(1);
        assertThat(lane.committed(0).leaderEpoch()).contains(5);
    }

    @Test
    void a_range_that_was_wholly_done_is_passed_without_a_word() {
        OffsetRuns done = new OffsetRuns();
        done.add(11, 40);
        kafka.broker.put(partition,
                new OffsetAndMetadata(10, LedgerMetadata.encode(3, 10, done, Suspicion.RELEASED).text()));
        kafka.assign(0);
        kafka.records(0, 10, 11);
        lane.steps(2);
        kafka.updateBeginningOffsets(Map.of(partition, 30L));
        kafka.setPollException(new OffsetOutOfRangeException(Map.of(partition, 11L)));
        lane.steps(2);
        assertThat(kafka.position(partition)).isEqualTo(30);
        assertThat(lane.rejected).isEmpty();
        assertThat(lane.status().lostRanges()).isZero();
    }

    @Test
    void a_loss_that_was_not_written_down_is_found_again_by_the_next_owner() {
        kafka.broker.put(partition, new OffsetAndMetadata(10));
        kafka.updateBeginningOffsets(Map.of(partition, 25L));
        kafka.assign(0);
        kafka.records(0, 25, 26);
        lane.steps(3);
        kafka.assign();
        kafka.assign(0);
        kafka.records(0, 25, 26);
        lane.steps(3);
        assertThat(lane.rejected).extracting(UnservableRecord::ticket).extracting(Ticket::offset)
                .containsExactly(10L, 10L);
    }

    @Test
    void where_the_log_begins_is_asked_again_until_it_is_known() {
        kafka.broker.put(partition, new OffsetAndMetadata(10));
        kafka.assign(0);
        lane.steps(2);
        kafka.updateBeginningOffsets(Map.of(partition, 25L));
        kafka.setOffsetsException(new TimeoutException("scripted"));
        kafka.setPollException(new OffsetOutOfRangeException(Map.of(partition, 10L)));
        lane.steps(1);
        assertThat(lane.rejected).isEmpty();
        assertThat(kafka.position(partition)).isEqualTo(10);
        kafka.setPollException(new OffsetOutOfRangeException(Map.of(partition, 10L)));
        lane.steps(1);
        assertThat(lane.rejected).hasSize(1);
    }

    @Test
    void records_that_replaced_others_are_served_under_a_new_epoch() {
        kafka.assign(0);
        kafka.records(0, 0, 4);
        lane.steps(2);
        lane.offered.forEach(lane.intake::complete);
        lane.steps(1);
        assertThat(lane.committed(0).offset()).isEqualTo(4);
        kafka.setPollException(new LogTruncationException(Map.of(partition, 4L),
                Map.of(partition, new OffsetAndMetadata(2))));
        lane.steps(1);
        assertThat(lane.forgotten).containsExactly("0@1");
        kafka.records(0, 2, 4);
        lane.steps(3);
        assertThat(lane.offered.subList(4, lane.offered.size())).isEqualTo(
                List.of(new Ticket(partition, 2, 2), new Ticket(partition, 2, 3)));
        assertThat(lane.committed(0).offset()).isEqualTo(2);
    }

    @Test
    void a_topic_made_anew_is_read_from_its_beginning_under_a_new_epoch() {
        kafka.broker.put(partition, new OffsetAndMetadata(100));
        kafka.assign(0);
        lane.steps(2);
        kafka.setPollException(new OffsetOutOfRangeException(Map.of(partition, 100L)));
        lane.steps(1);
        kafka.records(0, 0, 2);
        lane.steps(3);
        assertThat(lane.offered).containsExactly(new Ticket(partition, 2, 0), new Ticket(partition, 2, 1));
        assertThat(lane.status().lostOffsets()).isZero();
    }

    @Test
    void a_truncation_without_a_known_end_is_read_again_from_the_beginning() {
        kafka.broker.put(partition, new OffsetAndMetadata(7));
        kafka.assign(0);
        lane.steps(2);
        kafka.setPollException(new LogTruncationException(Map.of(partition, 7L), Map.of()));
        lane.steps(2);
        assertThat(kafka.position(partition)).isZero();
        assertThat(lane.committed(0).offset()).isZero();
    }

    @Test
    void gaps_between_records_and_markers_behind_the_last_one_count_as_done() {
        kafka.assign(0);
        lane.steps(1);
        kafka.record(0, 3, "");
        kafka.record(0, 7, "");
        kafka.positionAfterPoll.put(partition, 9L);
        lane.steps(1);
        lane.offered.forEach(lane.intake::complete);
        lane.steps(1);
        assertThat(lane.offered).extracting(Ticket::offset).containsExactly(3L, 7L);
        assertThat(lane.committed(0).offset()).isEqualTo(9);
    }
}
