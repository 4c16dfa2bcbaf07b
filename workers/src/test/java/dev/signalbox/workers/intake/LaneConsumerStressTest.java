package dev.signalbox.workers.intake;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.WorkerSettings;
import dev.signalbox.schemas.Lane;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RebalanceInProgressException;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * One partition, its real poll thread, decoding on virtual threads and eight threads that complete out of order, some of them
 * late, while the partition is revoked and assigned again, commits fail, or are answered after it has moved. At each commit
 * that the broker accepts, all that it says is done must have been done.
 */
@Tag("issue-4")
class LaneConsumerStressTest {
    private static final Lane LANE = ScriptedIntake.LANE;
    private static final int COMPLETERS = 8;

    @Test
    void complete_commit_revoke_and_assign_at_once() throws InterruptedException {
        run(1, 200);
    }

    @Test
    @Tag("long")
    void complete_commit_revoke_and_assign_at_once_for_long() throws InterruptedException {
        for (long seed = 2; seed < 12; seed++) {
            run(seed, 5_000);
        }
    }

    private static void run(long seed, int moves) throws InterruptedException {
        Run run = new Run(seed);
        try {
            run.moves(moves);
        } catch (AssertionError e) {
            throw new AssertionError("seed " + seed, e);
        } finally {
            run.end();
        }
    }

    private static final class Run {
        private final SplittableRandom random;
        private final ScriptedConsumer kafka = new ScriptedConsumer(LANE, 1);
        private final TopicPartition partition = kafka.partition(0);
        private final Set<Long> done = ConcurrentHashMap.newKeySet();
        private final LinkedBlockingQueue<Ticket> running = new LinkedBlockingQueue<>();
        private final AtomicLong nanos = new AtomicLong();
        private final AtomicBoolean ended = new AtomicBoolean();
        private final List<String> violations = new ArrayList<>();
        private final ExecutorService completers = Executors.newFixedThreadPool(COMPLETERS);
        private final LaneConsumer intake;
        private long end;
        private long checked;
        private int commits;

        Run(long seed) {
            random = new SplittableRandom(seed);
            RequestSink sink = new RequestSink() {
                @Override
                public void offer(InboundRequest request) {
                    running.add(request.ticket());
                }

                @Override
                public void forget(TopicPartition moved, int epoch) {
                    // What runs goes on: its completions come late.
                }
            };
            kafka.onCommit = this::accepted;
            // Each look at the clock finds 20 ms gone, so that a commit is due every few turns.
            intake = new LaneConsumer(LANE, LaneBounds.of(new WorkerSettings(2_000, 2_000, 1 << 20)), () -> kafka,
                    Admission.ALL, (source, ticket) -> ScriptedIntake.request(ticket), sink, rejected -> {
                        throw new IllegalStateException(rejected.toString());
                    }, new Handover(), new TrialTurn(), Thread::startVirtualThread, () -> nanos.addAndGet(20_000_000));
            for (int i = 0; i < COMPLETERS; i++) {
                SplittableRandom own = random.split();
                var _ = completers.submit(() -> complete(own));
            }
            kafka.schedulePollTask(this::assign);
            intake.start();
        }

        /** Takes some, ends them in another order, and leaves some for later. */
        private Void complete(SplittableRandom own) throws InterruptedException {
            List<Ticket> held = new ArrayList<>();
            while (!ended.get()) {
                Ticket next = held.isEmpty() ? running.poll(1, TimeUnit.MILLISECONDS) : running.poll();
                if (next != null) {
                    held.add(next);
                }
                if (!held.isEmpty() && (next == null || own.nextInt(3) > 0)) {
                    Ticket ticket = held.remove(own.nextInt(held.size()));
                    done.add(ticket.offset());
                    intake.complete(ticket);
                }
            }
            return null;
        }

        void moves(int count) throws InterruptedException {
            for (int i = 0; i < count; i++) {
                CountDownLatch taken = new CountDownLatch(1);
                int kind = random.nextInt(10);
                kafka.schedulePollTask(() -> {
                    move(kind);
                    taken.countDown();
                });
                assertThat(taken.await(30, TimeUnit.SECONDS)).as("the poll thread goes on").isTrue();
                assertThat(intake.status().failure()).isEmpty();
            }
            kafka.schedulePollTask(() -> {
                kafka.failCommits.clear();
                kafka.holdAnswers = false;
                kafka.answers.forEach(Runnable::run);
                kafka.answers.clear();
                reassign();
            });
            Awaitility.await().atMost(Duration.ofSeconds(30)).pollInterval(Duration.ofMillis(5))
                    .until(() -> kafka.committedOffset == end && done.size() == end);
            synchronized (violations) {
                assertThat(violations).isEmpty();
            }
            assertThat(commits).isGreaterThan(count / 10);
        }

        private void move(int kind) {
            switch (kind) {
                case 0, 1 -> reassign();
                case 2 -> kafka.failCommits.add(new RebalanceInProgressException());
                case 3 -> kafka.holdAnswers = true;
                case 4, 5 -> {
                    kafka.holdAnswers = false;
                    for (Runnable answer = kafka.answers.poll(); answer != null; answer = kafka.answers.poll()) {
                        answer.run();
                    }
                }
                default -> append(1 + (end % 7));
            }
        }

        private void append(long count) {
            kafka.records(0, end, end + count);
            end += count;
        }

        private void reassign() {
            kafka.assign();
            kafka.generation++;
            assign();
        }

        private void assign() {
            kafka.assign(0);
            kafka.records(0, kafka.position(partition), end);
        }

        private void accepted(OffsetAndMetadata committed) {
            commits++;
            for (; checked < committed.offset(); checked++) {
                check(checked, committed);
            }
            LedgerMetadata.decode(committed.offset(), committed.metadata()).orElseThrow().done()
                    .forFirst(Integer.MAX_VALUE, (from, to) -> {
                        for (long offset = from; offset < to; offset++) {
                            check(offset, committed);
                        }
                    });
        }

        private void check(long offset, OffsetAndMetadata committed) {
            if (!done.contains(offset)) {
                synchronized (violations) {
                    violations.add(offset + " is not done, but " + committed + " says so");
                }
            }
        }

        void end() throws InterruptedException {
            ended.set(true);
            completers.shutdown();
            assertThat(completers.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
            assertThat(intake.close(Duration.ofSeconds(10))).isTrue();
        }
    }
}
