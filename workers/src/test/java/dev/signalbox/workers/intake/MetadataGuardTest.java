package dev.signalbox.workers.intake;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.WorkerSettings;
import java.util.List;
import java.util.SplittableRandom;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Completions so scattered that the commit metadata fills. */
@Tag("issue-4")
class MetadataGuardTest {
    private static final int RECORDS = 30_000;

    private final ScriptedIntake lane = new ScriptedIntake(new WorkerSettings(100_000, 100_000, 64 << 20));
    private final ScriptedConsumer kafka = lane.kafka;

    @Test
    void three_quarters_full_stops_that_partition_alone_and_it_takes_on_when_there_is_room_again() {
        kafka.assign(0, 1);
        kafka.records(0, 0, RECORDS);
        lane.steps(2);
        List<Ticket> all = List.copyOf(lane.offered);
        assertThat(all).hasSize(RECORDS);
        SplittableRandom random = new SplittableRandom(4);
        List<Ticket> slow = all.stream().filter(ticket -> {
            boolean isSlow = ticket.offset() == 0 || random.nextBoolean();
            if (!isSlow) {
                lane.intake.complete(ticket);
            }
            return isSlow;
        }).toList();
        lane.steps(1);
        assertThat(kafka.paused()).as("it is full").containsExactly(kafka.partition(0));
        assertThat(lane.status().guardedPartitions()).isEqualTo(1);
        assertThat(lane.status().metadataFill()).isGreaterThanOrEqualTo(LedgerMetadata.GUARD);
        assertThat(lane.committed(0).metadata().length()).isLessThanOrEqualTo(LedgerMetadata.MAX_CHARS);

        kafka.records(0, RECORDS, RECORDS + 10);
        kafka.records(1, 0, 10);
        lane.steps(2);
        assertThat(lane.offered.subList(RECORDS, lane.offered.size()))
                .as("the other partition goes on").hasSize(10).allMatch(ticket -> ticket.partition().partition() == 1);

        int at = 0;
        while (lane.status().guardedPartitions() > 0) {
            assertThat(kafka.paused()).contains(kafka.partition(0));
            slow.subList(at, at + 100).forEach(lane.intake::complete);
            at += 100;
            lane.steps(1);
        }
        assertThat(lane.status().metadataFill()).isLessThanOrEqualTo(0.6);
        assertThat(slow.size() - at).as("well before all is done").isGreaterThan(1_000);
        lane.steps(2);
        assertThat(kafka.paused()).isEmpty();
        assertThat(lane.offered.getLast().offset()).isEqualTo(RECORDS + 9);
    }

    @Test
    void a_partition_that_comes_with_full_metadata_is_read_on() {
        OffsetRuns done = new OffsetRuns();
        SplittableRandom random = new SplittableRandom(6);
        for (long offset = 1; offset < 23_000; offset++) {
            if (random.nextBoolean()) {
                done.add(offset, offset + 1);
            }
        }
        LedgerMetadata.Encoded full = LedgerMetadata.encode(3, 0, done);
        assertThat(full.whole() && full.mustStopAdmitting()).isTrue();
        kafka.broker.put(kafka.partition(0), new OffsetAndMetadata(0, full.text()));
        kafka.assign(0);
        kafka.setMaxPollRecords(500);
        kafka.records(0, 0, 23_000);
        lane.steps(50);
        assertThat(lane.offered).hasSize((int) done.missing(0, 23_000));
        lane.offered.forEach(lane.intake::complete);
        lane.steps(1);
        assertThat(lane.committed(0).offset()).isEqualTo(23_000);
    }

    @Test
    void nothing_pending_is_nothing_to_wait_for() {
        kafka.assign(0);
        lane.steps(1);
        SplittableRandom random = new SplittableRandom(7);
        for (int offset = 0; offset < 40_000; offset++) {
            kafka.record(0, offset, random.nextBoolean() ? "another batch" : "");
        }
        for (int i = 0; i < 4; i++) {
            lane.steps(1);
            lane.offered.forEach(lane.intake::complete);
        }
        assertThat(lane.status().guardedPartitions()).isEqualTo(1);
        assertThat(kafka.paused()).as("held records alone stop no partition").isEmpty();
        kafka.record(0, 40_000, "");
        lane.steps(1);
        assertThat(lane.offered.getLast().offset()).isEqualTo(40_000);
    }

    @Test
    void what_did_not_fit_is_served_again_and_nothing_is_skipped() {
        kafka.assign(0);
        kafka.records(0, 0, 99_000);
        lane.steps(2);
        SplittableRandom random = new SplittableRandom(5);
        boolean[] done = new boolean[99_000];
        for (Ticket ticket : List.copyOf(lane.offered)) {
            if (ticket.offset() > 0 && random.nextBoolean()) {
                done[(int) ticket.offset()] = true;
                lane.intake.complete(ticket);
            }
        }
        lane.steps(1);
        int before = lane.offered.size();
        kafka.assign();
        kafka.assign(0);
        kafka.records(0, 0, 99_000);
        lane.steps(2);
        boolean[] again = new boolean[99_000];
        lane.offered.subList(before, lane.offered.size()).forEach(ticket -> again[(int) ticket.offset()] = true);
        int repeated = 0;
        for (int offset = 0; offset < done.length; offset++) {
            assertThat(again[offset] || done[offset]).as("offset %d", offset).isTrue();
            repeated += again[offset] && done[offset] ? 1 : 0;
        }
        assertThat(repeated).isBetween(1, 45_000);
    }
}
