package dev.signalbox.workers.intake;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.WorkerSettings;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.common.TopicPartition;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** {@code max.poll.interval.ms} is how long a rebalance waits for this member, so nothing may keep it from polling. */
@Tag("issue-4")
class PollThreadTest {

    @Test
    void readers_and_stages_that_block_do_not_keep_it_from_polling_committing_and_giving_back() throws Exception {
        ScriptedConsumer kafka = new ScriptedConsumer(ScriptedIntake.LANE, 2);
        CountDownLatch unblocked = new CountDownLatch(1);
        List<Ticket> offered = new CopyOnWriteArrayList<>();
        AtomicLong nanos = new AtomicLong();
        RequestSink sink = new RequestSink() {
            @Override
            public void offer(InboundRequest request) {
                offered.add(request.ticket());
                if (request.ticket().offset() == 1) {
                    await(unblocked);
                }
            }

            @Override
            public void forget(TopicPartition partition, int epoch) {
                // Nothing waits here.
            }
        };
        LaneConsumer intake = new LaneConsumer(ScriptedIntake.LANE,
                LaneBounds.of(new WorkerSettings(100, 100, 1 << 20)),
                () -> kafka, Admission.ALL, (source, ticket) -> {
                    if (ticket.offset() == 0) {
                        await(unblocked);
                    }
                    return ScriptedIntake.request(ticket);
                }, sink, rejected -> await(unblocked), new Handover(), new TrialTurn(), Thread::startVirtualThread,
                () -> nanos.addAndGet(20_000_000));
        kafka.schedulePollTask(() -> kafka.assign(0, 1));
        intake.start();
        Awaitility.await().until(() -> intake.status().claimedPartitions() == 2);
        poll(kafka, () -> kafka.records(0, 0, 1));
        poll(kafka, () -> kafka.records(1, 1, 2));
        Awaitility.await().until(() -> offered.size() == 1);
        poll(kafka, () -> kafka.records(1, 2, 3));
        Awaitility.await().until(() -> offered.size() == 2);
        intake.complete(offered.getLast());
        poll(kafka, () -> kafka.assign(1));
        Awaitility.await().until(() -> intake.status().partitions() == 1);
        long polls = kafka.polls;
        Awaitility.await().until(() -> kafka.polls > polls + 100);
        assertThat(intake.close(Duration.ofSeconds(5))).isTrue();
        LedgerMetadata.Decoded decoded = LedgerMetadata
                .decode(1, kafka.broker.get(kafka.partition(1)).metadata()).orElseThrow();
        assertThat(decoded.done().contains(2)).as("what was complete is committed").isTrue();
        unblocked.countDown();
    }

    @Test
    void giving_back_sends_the_last_commit_and_does_not_wait_for_its_answer() {
        ScriptedIntake lane = new ScriptedIntake(new WorkerSettings(20, 20, 1 << 20));
        lane.kafka.assign(0);
        lane.kafka.records(0, 0, 2);
        lane.steps(2);
        lane.intake.complete(lane.offered.getFirst());
        lane.kafka.holdAnswers = true;
        lane.kafka.assign();
        assertThat(lane.kafka.calls).last().isEqualTo("commit 1");
        assertThat(lane.forgotten).containsExactly("0@1");
        lane.kafka.holdAnswers = false;
        lane.kafka.answers.remove().run();
        assertThat(lane.committed(0).offset()).isEqualTo(1);
        lane.steps(1);
        assertThat(lane.status().partitions()).isZero();
    }

    @Test
    void an_answer_that_comes_after_the_partition_is_back_claims_nothing() {
        ScriptedIntake lane = new ScriptedIntake(new WorkerSettings(20, 20, 1 << 20));
        lane.kafka.holdAnswers = true;
        lane.kafka.assign(0);
        lane.steps(1);
        lane.kafka.assign();
        lane.kafka.generation++;
        lane.kafka.assign(0);
        lane.kafka.answers.remove().run();
        lane.kafka.records(0, 0, 1);
        lane.steps(1);
        assertThat(lane.offered).as("the old epoch was committed, not the new one").isEmpty();
        lane.kafka.holdAnswers = false;
        lane.kafka.answers.forEach(Runnable::run);
        lane.steps(2);
        assertThat(lane.offered).containsExactly(new Ticket(lane.kafka.partition(0), 2, 0));
    }

    @Test
    void the_broker_is_never_waited_for_longer_than_a_second() {
        ScriptedIntake lane = new ScriptedIntake(new WorkerSettings(20, 20, 1 << 20));
        lane.kafka.failCommitted = 1;
        lane.kafka.assign(0, 1);
        lane.steps(6);
        assertThat(lane.kafka.longestWait.multipliedBy(2)).as("committed answers, then beginnings")
                .isLessThan(Duration.ofSeconds(1));
        lane.kafka.records(0, 0, 2);
        lane.steps(2);
        lane.offered.forEach(lane.intake::complete);
        lane.close();
        assertThat(lane.kafka.calls).contains("commitSync 2").filteredOn(call -> call.startsWith("committed"))
                .hasSize(2);
        assertThat(lane.kafka.longestWait).isLessThanOrEqualTo(Duration.ofSeconds(1));
    }

    private static void poll(ScriptedConsumer kafka, Runnable task) throws InterruptedException {
        CountDownLatch done = new CountDownLatch(1);
        kafka.schedulePollTask(() -> {
            task.run();
            done.countDown();
        });
        done.await();
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
