package dev.signalbox.workers.intake;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.WorkerSettings;
import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Records of a retry topic: each waits for its time, or for its route's next chance, in little room of its own. */
@Tag("issue-7")
class PostponedRecordsTest {
    private static final Lane LANE = new Lane(new PoolName("p"), Priority.STANDARD);
    private static final LaneBounds BOUNDS = LaneBounds.of(new WorkerSettings(100, 300, 1 << 20));
    private static final int ROOM = BOUNDS.pauseRecords() / 8;

    private final ScriptedConsumer kafka = new ScriptedConsumer(LANE, 2);
    private final List<Ticket> offered = new ArrayList<>();
    private final Set<String> routesWithRoom = new HashSet<>();
    private final List<Onward.Waiting> publishedAgain = new ArrayList<>();
    private final Handover handover = new Handover();
    private boolean mayBeWritten = true;
    private long nanos;
    private final Set<String> cancelled = new HashSet<>();
    private long nowMillis = 100_000;

    private final LaneConsumer intake = new LaneConsumer(LANE, BOUNDS, () -> kafka, Admission.ALL,
            (source, ticket) -> ScriptedIntake.request(ticket), new RequestSink() {
                @Override
                public void offer(InboundRequest request) {
                    offered.add(request.ticket());
                }

                @Override
                public void forget(TopicPartition partition, int epoch) {
                    offered.removeIf(ticket -> ticket.partition().equals(partition));
                }
            }, rejected -> {
                throw new AssertionError(rejected);
            }, handover, new TrialTurn(), Runnable::run, () -> nanos, () -> nowMillis, new NextChance() {
                @Override
                public boolean hasRoom(String route) {
                    return routesWithRoom.contains(route);
                }

                @Override
                public boolean isCancelled(String id) {
                    return cancelled.contains(id);
                }
            },
            (waiting, written, failed) -> {
                publishedAgain.add(waiting);
                (mayBeWritten ? written : failed).run();
            });
    private final PollLoop loop = intake.loop(kafka);

    private void pass(long millis) {
        nanos += TimeUnit.MILLISECONDS.toNanos(millis);
        nowMillis += millis;
        intake.step(loop);
    }

    private void assigned() {
        kafka.rebalance(List.of(kafka.partition(0), kafka.retries(0)));
        pass(250);
        pass(250);
    }

    private List<Long> offeredOffsets() {
        return offered.stream().map(Ticket::offset).toList();
    }

    @Test
    void each_is_handed_on_at_its_time_by_the_brokers_clock_and_not_before() {
        assigned();
        long appended = nowMillis - 1_000;
        kafka.retry(0, 0, appended, 5_000, "");
        kafka.retry(0, 1, appended, 3_000, "");
        kafka.retry(0, 2, appended, 0, "");
        pass(1);
        assertThat(offeredOffsets()).containsExactly(2L);
        pass(appended + 2_999 - nowMillis);
        assertThat(offeredOffsets()).containsExactly(2L);
        assertThat(intake.status().postponedRecords()).isEqualTo(2);
        pass(1);
        assertThat(offeredOffsets()).containsExactly(2L, 1L);
        pass(2_000);
        assertThat(offeredOffsets()).containsExactly(2L, 1L, 0L);
        pass(100);
        assertThat(intake.status().postponedRecords()).isZero();
        assertThat(intake.status().pendingRecords()).isEqualTo(3);
    }

    @Test
    void a_delay_is_at_most_a_minute_and_one_that_is_no_number_is_none() {
        assigned();
        kafka.retry(0, 0, nowMillis, 3_600_000, "");
        pass(59_999);
        assertThat(offered).isEmpty();
        pass(1);
        assertThat(offeredOffsets()).containsExactly(0L);
    }

    @Test
    void what_was_parked_comes_as_soon_as_its_route_has_room() {
        assigned();
        kafka.retry(0, 0, nowMillis, 50_000, "a");
        kafka.retry(0, 1, nowMillis, 50_000, "b");
        kafka.retry(0, 2, nowMillis, 50_000, "");
        pass(200);
        assertThat(offered).isEmpty();
        routesWithRoom.add("b");
        pass(200);
        assertThat(offeredOffsets()).containsExactly(1L);
    }

    @Test
    void of_what_was_parked_the_oldest_comes_first_whatever_its_delay() {
        assigned();
        kafka.retry(0, 0, nowMillis - 10, 30_000, "a");
        kafka.retry(0, 1, nowMillis - 20, 50_000, "a");
        pass(200);
        routesWithRoom.add("a");
        pass(200);
        assertThat(offeredOffsets()).containsExactly(1L, 0L);
    }

    @Test
    void what_is_cancelled_comes_at_once() {
        assigned();
        kafka.retry(0, 0, nowMillis, 50_000, "a");
        kafka.retry(0, 1, nowMillis, 50_000, "");
        pass(1);
        intake.hasten(Set.of("r1")::contains);
        intake.hasten(Set.of("r0")::contains);
        pass(1);
        assertThat(offeredOffsets()).containsExactlyInAnyOrder(0L, 1L);
    }

    @Test
    void it_takes_an_eighth_of_the_lanes_room_and_the_lanes_own_records_come_all_the_same() {
        assigned();
        for (long offset = 0; offset < ROOM + 5; offset++) {
            kafka.retry(0, offset, nowMillis, 50_000, "a");
        }
        pass(1);
        pass(1);
        assertThat(kafka.paused()).containsExactly(kafka.retries(0));
        pass(100);
        assertThat(intake.status().postponedRecords()).isEqualTo(ROOM);
        assertThat(publishedAgain).isEmpty();
        kafka.records(0, 0, 10);
        pass(1);
        assertThat(offered).hasSize(10).allSatisfy(ticket -> assertThat(ticket.partition()).isEqualTo(
                kafka.partition(0)));
        pass(60_000);
        pass(1);
        pass(1);
        assertThat(offered).hasSize(10 + ROOM + 5);
        assertThat(kafka.paused()).as("what is served takes none of that room").isEmpty();
        offered.forEach(intake::complete);
        pass(1);
        assertThat(kafka.paused()).isEmpty();
    }

    @Test
    void what_was_parked_of_a_route_that_opens_is_read_though_others_stand_before_it() {
        assigned();
        for (long offset = 0; offset < ROOM; offset++) {
            kafka.retry(0, offset, nowMillis, 50_000, "a");
        }
        kafka.retry(0, ROOM, nowMillis, 50_000, "b");
        intake.parked("b");
        pass(1);
        pass(1_000);
        assertThat(publishedAgain).isEmpty();
        routesWithRoom.add("b");
        for (int i = 0; i < 5; i++) {
            pass(100);
        }
        assertThat(offeredOffsets()).containsExactly((long) ROOM);
        assertThat(publishedAgain).hasSize(ROOM).allSatisfy(waiting -> {
            assertThat(RecordFacts.parkedRoute(waiting.source())).isEqualTo("a");
            assertThat(waiting.rest().toMillis()).isBetween(48_000L, 49_500L);
        });
        pass(100);
        assertThat(intake.status().pendingRecords()).isEqualTo(1);
    }

    @Test
    void a_retry_whose_time_has_come_is_read_though_others_stand_before_it() {
        assigned();
        for (long offset = 0; offset < ROOM; offset++) {
            kafka.retry(0, offset, nowMillis, 50_000, "a");
        }
        kafka.retry(0, ROOM, nowMillis, 5_000, "");
        intake.expect(nowMillis + 5_000);
        pass(1);
        pass(2_900);
        assertThat(publishedAgain).isEmpty();
        pass(2_100);
        for (int i = 0; i < 5; i++) {
            pass(100);
        }
        assertThat(offeredOffsets()).containsExactly((long) ROOM);
    }

    /** What is published again is there again soon, behind the rest of its partition. */
    private void goOn(int turns, long[] ends) {
        for (int i = 0; i < turns; i++) {
            int before = publishedAgain.size();
            pass(100);
            for (Onward.Waiting each : List.copyOf(publishedAgain.subList(before, publishedAgain.size()))) {
                int partition = each.source().partition();
                kafka.retry(partition, ends[partition]++, nowMillis, each.rest().toMillis(),
                        RecordFacts.parkedRoute(each.source()));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void a_partition_is_read_though_what_is_published_again_stands_in_another(int last) {
        kafka.rebalance(List.of(kafka.partition(0), kafka.retries(0), kafka.retries(1)));
        pass(250);
        pass(250);
        long[] ends = {4L * ROOM, 4L * ROOM};
        for (long offset = 0; offset < 4L * ROOM; offset++) {
            kafka.retry(0, offset, nowMillis, 50_000, "a");
            kafka.retry(1, offset, nowMillis, 50_000, "a");
        }
        kafka.retry(last, ends[last]++, nowMillis, 50_000, "b");
        intake.parked("b");
        pass(1);
        pass(1_000);
        assertThat(publishedAgain).isEmpty();
        routesWithRoom.add("b");
        goOn(20, ends);
        assertThat(offered).singleElement().satisfies(
                ticket -> assertThat(ticket.partition()).isEqualTo(kafka.retries(last)));
        assertThat(publishedAgain).as("each once, and what of it is read again meanwhile").hasSizeLessThan(10 * ROOM);
        int before = publishedAgain.size();
        goOn(20, ends);
        assertThat(publishedAgain).as("nothing is wanted any more").hasSize(before);
    }

    @Test
    void a_partition_that_is_read_to_its_end_keeps_no_other_waiting() {
        kafka.rebalance(List.of(kafka.partition(0), kafka.retries(0), kafka.retries(1)));
        pass(250);
        pass(250);
        kafka.retry(0, 0, nowMillis, 50_000, "b");
        pass(100);
        routesWithRoom.add("b");
        for (int i = 0; i < 10; i++) {
            pass(100);
        }
        kafka.retry(0, 1, nowMillis, 0, "");
        pass(100);
        assertThat(offeredOffsets()).containsExactly(0L, 1L);
    }

    @Test
    void what_could_not_be_published_again_waits_where_it_is_and_comes_at_its_time() {
        assigned();
        mayBeWritten = false;
        for (long offset = 0; offset < ROOM; offset++) {
            kafka.retry(0, offset, nowMillis, 50_000, "a");
        }
        kafka.retry(0, ROOM, nowMillis, 50_000, "b");
        intake.parked("b");
        pass(1);
        pass(1_000);
        routesWithRoom.add("b");
        for (int i = 0; i < 10; i++) {
            pass(100);
        }
        assertThat(publishedAgain).isNotEmpty();
        assertThat(intake.status().pendingRecords()).as("nothing of it is lost").isEqualTo(ROOM + 1);
        assertThat(intake.status().postponedRecords()).isLessThanOrEqualTo(ROOM);
        pass(50_000);
        pass(100);
        assertThat(offered).hasSize(ROOM + 1);
        offered.forEach(intake::complete);
        pass(500);
        assertThat(intake.status().pendingRecords()).isZero();
        assertThat(intake.status().postponedRecords()).isZero();
    }

    @Test
    void what_was_parked_waits_on_when_its_time_comes_and_its_route_has_no_room() {
        assigned();
        kafka.retry(0, 0, nowMillis, 2_000, "a", nowMillis + 600_000);
        kafka.retry(0, 1, nowMillis, 2_000, "b", nowMillis + 600_000);
        kafka.retry(0, 2, nowMillis - 9_000, 2_000, "a", nowMillis + 600_000);
        kafka.retry(0, 3, nowMillis - 9_000, 2_000, "b", nowMillis + 500);
        routesWithRoom.add("b");
        pass(1);
        assertThat(offeredOffsets()).containsExactly(3L);
        pass(2_000);
        pass(100);
        assertThat(offeredOffsets()).containsExactly(3L, 1L);
        assertThat(publishedAgain).hasSize(2).allSatisfy(waiting -> {
            assertThat(RecordFacts.parkedRoute(waiting.source())).isEqualTo("a");
            assertThat(waiting.rest().toMillis()).isBetween(1_000L, 2_000L);
        });
        pass(100);
        assertThat(intake.status().pendingRecords()).isEqualTo(2);
        assertThat(intake.status().postponedRecords()).isZero();
    }

    @Test
    void it_comes_all_the_same_when_it_is_cancelled_or_its_time_is_up_or_nobody_knows_when_that_is() {
        assigned();
        kafka.retry(0, 0, nowMillis, 2_000, "a", nowMillis + 2_000);
        kafka.retry(0, 1, nowMillis, 2_000, "a", nowMillis + 600_000);
        kafka.retry(0, 2, nowMillis, 2_000, "a");
        cancelled.add("r1");
        pass(1);
        assertThat(offered).isEmpty();
        pass(2_000);
        assertThat(offeredOffsets()).containsExactly(0L, 1L, 2L);
        assertThat(publishedAgain).isEmpty();
    }

    @Test
    void a_crowd_of_them_takes_its_small_room_and_moves_on_a_part_at_a_time() {
        assigned();
        for (long offset = 0; offset < 2L * ROOM; offset++) {
            kafka.retry(0, offset, nowMillis - 9_000, 2_000, "a", nowMillis + 600_000);
        }
        pass(1);
        assertThat(offered).isEmpty();
        assertThat(intake.status().roomRecords()).isZero();
        for (int i = 0; i < 10; i++) {
            pass(100);
        }
        assertThat(offered).isEmpty();
        assertThat(publishedAgain).hasSize(2 * ROOM);
    }

    @Test
    void a_partition_that_is_to_move_does_not_wait_for_them() {
        assigned();
        kafka.retry(0, 0, nowMillis, 50_000, "a");
        pass(1);
        kafka.rebalance(List.of(kafka.partition(0)));
        routesWithRoom.add("a");
        pass(60_000);
        assertThat(offered).isEmpty();
        assertThat(intake.status().pendingRecords()).isZero();
        assertThat(intake.status().postponedRecords()).isZero();
    }
}
