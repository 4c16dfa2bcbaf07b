package dev.signalbox.workers.intake;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.WorkerSettings;
import dev.signalbox.schemas.Headers;
import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Workers that die one after another, and what the next one makes of what their commits say. */
@Tag("issue-7")
class QuarantineTest {
    private static final Lane LANE = new Lane(new PoolName("p"), Priority.STANDARD);
    private static final LaneBounds BOUNDS = LaneBounds.of(new WorkerSettings(2_000, 2_000, 1 << 20));
    private static final int STEP_MILLIS = 10;

    /** Partitions in Kafka, and what the workers do that own them one after another. */
    private static final class World {
        final int requests;
        /** Request i is in partition i % partitions. */
        final int partitions;
        final Set<Long> completed = new TreeSet<>();
        final Set<Long> rejected = new TreeSet<>();
        final Map<TopicPartition, OffsetAndMetadata> broker = new HashMap<>();
        long poison = -1;
        /** Strikes that requests bring along, by offset. */
        final Map<Long, Integer> brought = new HashMap<>();
        /** Strikes that a request takes along where it is moved from here, by offset. */
        final Map<Long, Integer> takenAlong = new HashMap<>();
        /** After its beginning. */
        int killsAfterMillis;
        int callMillis = 400;
        int begun;
        private long nowMillis;
        private int generation;

        World(int requests) {
            this(requests, 1);
        }

        World(int requests, int partitions) {
            this.requests = requests;
            this.partitions = partitions;
        }

        private long id(Ticket ticket) {
            return ticket.offset() * partitions + ticket.partition().partition();
        }

        boolean isOver() {
            return completed.size() + rejected.size() == requests;
        }

        /** One worker's life; what it has completed is known, what not begins again with the next. */
        void live(long limitMillis, boolean goodEnd) {
            ScriptedConsumer kafka = new ScriptedConsumer(LANE, partitions);
            kafka.broker.putAll(broker);
            kafka.generation = ++generation;
            Map<Ticket, Long> running = new HashMap<>();
            RequestSink sink = new RequestSink() {
                @Override
                public void offer(InboundRequest request) {
                    begun++;
                    running.put(request.ticket(), nowMillis);
                }

                @Override
                public void forget(TopicPartition partition, int epoch) {
                    running.keySet().removeIf(each -> each.partition().equals(partition));
                }
            };
            Set<Ticket> answered = new HashSet<>();
            LaneConsumer intake = new LaneConsumer(LANE, BOUNDS, () -> kafka, headers -> Admission.Verdict.ADMIT,
                    (source, ticket) -> {
                        Header strikes = source.headers().lastHeader(Headers.STRIKES);
                        takenAlong.put(id(ticket), strikes == null
                                ? 0
                                : Integer.parseInt(new String(strikes.value(), StandardCharsets.UTF_8)));
                        return ScriptedIntake.request(ticket);
                    }, sink, unservable -> {
                        assertThat(unservable.reason()).isEqualTo(RecordReader.QUARANTINED);
                        rejected.add(id(unservable.ticket()));
                        answered.add(unservable.ticket());
                    }, new Handover(), new TrialTurn(), Runnable::run,
                    () -> TimeUnit.MILLISECONDS.toNanos(nowMillis));
            PollLoop loop = intake.loop(kafka);
            kafka.assign(IntStream.range(0, partitions).toArray());
            for (long i = 0; i < requests; i++) {
                int partition = (int) (i % partitions);
                Integer strikes = brought.get(i);
                if (strikes == null) {
                    kafka.record(partition, i / partitions, "");
                } else {
                    kafka.moved(partition, i / partitions, strikes);
                }
            }
            long ends = nowMillis + limitMillis;
            while (nowMillis < ends && !isOver()) {
                nowMillis += STEP_MILLIS;
                intake.step(loop);
                if (running.entrySet().stream().anyMatch(each -> id(each.getKey()) == poison
                        && nowMillis - each.getValue() >= killsAfterMillis)) {
                    broker.putAll(kafka.broker);
                    return;
                }
                running.entrySet().removeIf(each -> {
                    boolean ended = nowMillis - each.getValue() >= callMillis;
                    if (ended) {
                        completed.add(id(each.getKey()));
                        answered.add(each.getKey());
                    }
                    return ended;
                });
                answered.forEach(intake::complete);
                answered.clear();
            }
            if (goodEnd) {
                loop.close();
            }
            broker.putAll(kafka.broker);
        }
    }

    /** Deaths until it is over. */
    private static int deaths(World world) {
        int deaths = 0;
        for (world.live(60_000, false); !world.isOver() && deaths < 100; deaths++) {
            world.live(60_000, false);
        }
        return deaths;
    }

    @Test
    void aRequestThatBringsAWorkerDownTwiceWhileItIsAllThatRunsIsQuarantined() {
        for (int after : new int[]{0, 10, 50, 90, 300, 1_500, 5_000, 9_700}) {
            World world = new World(1);
            world.poison = 0;
            world.callMillis = 20_000;
            world.killsAfterMillis = after;
            assertThat(deaths(world)).as("dying after %d ms", after).isEqualTo(2);
            assertThat(world.rejected).containsExactly(0L);
        }
    }

    @Test
    void workersThatDieOfSomethingElseStrikeNoRequestThatIsAllTheyRun() {
        for (int life = 20; life < 15_000; life += 190) {
            World world = new World(1);
            world.callMillis = 20_000;
            for (int death = 0; death < 20; death++) {
                world.live(life, false);
            }
            world.live(200_000, false);
            assertThat(world.rejected).as("after %d ms", life).isEmpty();
            assertThat(world.completed).as("after %d ms", life).hasSize(1);
        }
    }

    @Test
    void whoRunsBesideItInOtherPartitionsIsNotStruck() {
        for (int requests : new int[]{2, 6, 30}) {
            for (int after = 0; after < 400; after += 60) {
                World world = new World(requests, 6);
                world.poison = requests / 2;
                world.callMillis = 20_000;
                world.killsAfterMillis = after;
                int deaths = deaths(world);
                assertThat(world.rejected).as("%d requests, dying after %d ms", requests, after)
                        .containsExactly(world.poison);
                assertThat(deaths).as("%d requests, dying after %d ms", requests, after).isLessThanOrEqualTo(18);
            }
        }
    }

    @Test
    void aRequestIsAloneOnlyIfNoOtherLaneRunsAny() {
        TrialTurn turn = new TrialTurn();
        Lane other = new Lane(new PoolName("p"), Priority.BATCH);
        assertThat(turn.runs(LANE, 1)).isTrue();
        assertThat(turn.runs(other, 1)).isFalse();
        assertThat(turn.runs(LANE, 1)).isFalse();
        assertThat(turn.runs(LANE, 0)).isFalse();
        assertThat(turn.runs(other, 1)).isTrue();
        assertThat(turn.runs(other, 2)).isFalse();
    }

    /** Else one that fails its visits between two deaths would begin anew with each new record of it. */
    @Test
    void aStrikeIsTakenAlongToTheRetryTopicAndCountsThere() {
        World before = new World(1);
        before.poison = 0;
        before.live(60_000, false);
        assertThat(before.takenAlong).containsExactly(Map.entry(0L, 0));
        before.poison = -1;
        before.live(60_000, false);
        assertThat(before.takenAlong).as("after a death alone").containsExactly(Map.entry(0L, 1));
        assertThat(before.completed).containsExactly(0L);

        World again = new World(5);
        again.poison = 3;
        again.brought.put(3L, 1);
        again.live(60_000, false);
        again.live(60_000, false);
        again.poison = -1;
        again.live(60_000, false);
        assertThat(again.takenAlong).as("after another one").containsEntry(3L, 2).containsEntry(2L, 0);

        World after = new World(5);
        after.poison = 3;
        after.brought.put(3L, 2);
        assertThat(deaths(after)).as("one among whatever ran, one on trial").isEqualTo(2);
        assertThat(after.rejected).containsExactly(3L);
        assertThat(after.completed).hasSize(4);
    }

    @Test
    void oneThatBroughtAStrikeIsNotQuarantinedForKillsByOthers() {
        for (long seed = 0; seed < 100; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            World world = new World(1 + random.nextInt(100));
            world.callMillis = 5_000;
            world.brought.put(random.nextLong(world.requests), 1);
            for (int kill = 0; kill < 10; kill++) {
                world.live(random.nextInt(20_000), false);
            }
            world.live(200_000, false);
            assertThat(world.rejected).as("seed %d", seed).isEmpty();
            assertThat(world.completed).as("seed %d", seed).hasSize(world.requests);
        }
    }

    @Test
    void workersThatDieOfSomethingElseSoonAfterTheirStartDoNotStrikeOneThatBroughtAStrike() {
        for (int life = 50; life < 5_000; life += 450) {
            World world = new World(20);
            world.callMillis = 10_000;
            world.brought.put(7L, 1);
            for (int death = 0; death < 30; death++) {
                world.live(life, false);
            }
            world.live(200_000, false);
            assertThat(world.rejected).as("after %d ms", life).isEmpty();
            assertThat(world.completed).as("after %d ms", life).hasSize(world.requests);
        }
    }

    @Test
    void amongManyItIsFoundAndAllOthersAreServed() {
        foundAmongMany(20);
    }

    @Test
    @Tag("long")
    void amongManyItIsFoundInManySeeds() {
        foundAmongMany(2_000);
    }

    private static void foundAmongMany(int seeds) {
        for (long seed = 0; seed < seeds; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            World world = new World(1 + random.nextInt(600));
            world.poison = random.nextLong(world.requests);
            world.killsAfterMillis = random.nextInt(world.callMillis);
            int deaths = deaths(world);
            assertThat(world.rejected).as("seed %d", seed).containsExactly(world.poison);
            assertThat(world.completed).as("seed %d", seed).hasSize(world.requests - 1);
            assertThat(deaths).as("seed %d: deaths with %d requests, dying after %d ms", seed, world.requests,
                    world.killsAfterMillis).isLessThanOrEqualTo(18);
        }
    }

    @Test
    void workersThatAreKilledByOthersCostNoRequestItsAnswer() {
        killedByOthers(20);
    }

    @Test
    @Tag("long")
    void workersThatAreKilledByOthersInManySeeds() {
        killedByOthers(3_000);
    }

    /** Twenty kills in a row, each within 20 s of the last. */
    private static void killedByOthers(int seeds) {
        for (long seed = 0; seed < seeds; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            World world = new World(1 + random.nextInt(600));
            world.callMillis = 5_000;
            for (int kill = 0; kill < 20; kill++) {
                world.live(random.nextInt(20_000), false);
            }
            world.live(60_000, false);
            assertThat(world.rejected).as("seed %d", seed).isEmpty();
            assertThat(world.completed).as("seed %d", seed).hasSize(world.requests);
        }
    }

    @Test
    void workersThatDieOfSomethingElseSoonAfterTheirStartCostNoRequestItsAnswer() {
        for (int life = 50; life < 5_000; life += 450) {
            World world = new World(20);
            world.callMillis = 10_000;
            for (int death = 0; death < 30; death++) {
                world.live(life, false);
            }
            world.live(200_000, false);
            assertThat(world.rejected).as("after %d ms", life).isEmpty();
            assertThat(world.completed).as("after %d ms", life).hasSize(world.requests);
        }
    }

    @Test
    void afterADeathAllIsBegunAgainWithinASecondAndAfterAGoodEndAtOnce() {
        World killed = new World(600);
        killed.live(200, false);
        killed.begun = 0;
        killed.live(1_000, false);
        assertThat(killed.begun).isEqualTo(600);

        World ended = new World(600);
        ended.live(200, true);
        ended.begun = 0;
        ended.live(50, false);
        assertThat(ended.begun).isEqualTo(600);
    }

    @Test
    void onePartitionOfAWorkerTriesOneRequestAloneOnlyWhileNoOtherTriesAny() {
        TrialTurn turn = new TrialTurn();
        assertThat(turn.begin(false, false, 0)).isTrue();
        assertThat(turn.begin(false, false, 0)).isTrue();
        assertThat(turn.begin(true, false, 0)).isFalse();
        turn.end(false);
        turn.end(false);
        assertThat(turn.begin(true, false, 0)).isTrue();
        assertThat(turn.begin(true, false, 0)).isFalse();
        assertThat(turn.begin(false, false, 0)).isFalse();
        turn.end(true);
        assertThat(turn.begin(false, false, 0)).isTrue();
        turn.end(false);
        turn.goesFirst();
        assertThat(turn.begin(false, false, 0)).as("beside one that goes first").isFalse();
        assertThat(turn.begin(true, true, 0)).isTrue();
        turn.end(true);
        turn.hasGoneFirst();
        assertThat(turn.begin(false, false, 0)).isTrue();
        turn.end(false);
        turn.goesFirst();
        assertThat(turn.begin(false, false, 5)).isFalse();
        assertThat(turn.begin(false, false, 5 + TimeUnit.SECONDS.toNanos(10))).as("at most ten seconds").isTrue();
    }

    @Test
    void suspicionSurvivesItsWayThroughMetadata() {
        for (Suspicion each : new Suspicion[]{Suspicion.RELEASED, new Suspicion(false, 3, 1, true, 7, 12, 13),
                new Suspicion(true, 900, 0, false, 0, 10, 600), new Suspicion(false, 1, 0, false, 0, 0, 0)}) {
            OffsetRuns done = new OffsetRuns();
            done.add(700, 720);
            LedgerMetadata.Decoded decoded = LedgerMetadata
                    .decode(10, LedgerMetadata.encode(5, 10, done, each).text()).orElseThrow();
            assertThat(decoded.done()).isEqualTo(done);
            assertThat(decoded.epoch()).isEqualTo(5);
            assertThat(decoded.suspicion().takenOver().deaths()).isEqualTo(each.takenOver().deaths());
            assertThat(decoded.suspicion().hasRange()).isEqualTo(each.hasRange());
            if (each.hasRange()) {
                assertThat(decoded.suspicion()).isEqualTo(each);
            }
        }
    }
}
