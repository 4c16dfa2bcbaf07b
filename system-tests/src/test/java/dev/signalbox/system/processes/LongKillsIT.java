package dev.signalbox.system.processes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.client.ReplyReaderOptions;
import dev.signalbox.simulator.profile.ModelProfile;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The long form of K01 and K03: 20,000 requests, half of them streamed, while workers are killed at random with gaps of 4 to
 * 25 s and the leader of a reply partition each 45 s, when all replicas are in sync. Prints what it cost.
 */
@Tag("issue-4")
@Tag("long")
@Timeout(value = 15, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LongKillsIT {
    private static final int REQUESTS = Integer.getInteger("signalbox.kills.requests", 20_000);
    private static final double PER_SECOND = 65;
    private static final int TOKENS = 20;
    private static final Duration BROKER_GAP = Duration.ofSeconds(45);
    private static final Duration BROKER_AWAY = Duration.ofSeconds(8);
    private static final Duration PATIENCE = Duration.ofMinutes(4);

    private long nextWorker;
    private long nextBroker;
    private long brokerKilled;
    private int away;
    private int workerKills;
    private int brokerKills;

    @Test
    void nothingIsLostTwiceOrMixed(@TempDir Path folder) throws Exception {
        long seed = Long.getLong("signalbox.seed", System.nanoTime());
        System.out.println("seed " + seed + " (-Dsignalbox.seed)");
        SplittableRandom random = new SplittableRandom(seed);
        try (Fleet fleet = Fleet.start(folder, 3, 3, ModelProfile.paced(TOKENS, 60));
                Traffic traffic = new Traffic(fleet.callerProperties(), ReplyReaderOptions.latest())) {
            Witness witness = new Witness(fleet, traffic, List.of(Topics.REPLIES));
            long start = System.nanoTime();
            nextWorker = start + gap(random);
            nextBroker = start + BROKER_GAP.toNanos();
            try (Traffic.Flow flow = traffic.flow("long", PER_SECOND, REQUESTS)) {
                while (flow.sent() < REQUESTS) {
                    Thread.sleep(Duration.ofMillis(50));
                    killWhatIsDue(fleet, witness, random);
                }
            }
            if (away > 0) {
                fleet.brokers().restart(away);
            }
            List<String> shortfalls = traffic.shortfalls(FleetIT.ANSWER, PATIENCE);
            Duration took = Duration.ofNanos(System.nanoTime() - start);
            List<String> violations = witness.violations();
            System.out.printf("%,d requests, half of them streamed, in %d s: %d kills of workers, %d of brokers; "
                    + "%d calls paid twice, at most %d may be; %d not answered whole, %d violations%n",
                    traffic.asked(), took.toSeconds(), workerKills, brokerKills, witness.repeats(),
                    witness.allowance(), shortfalls.size(), violations.size());
            assertThat(shortfalls).isEmpty();
            assertThat(violations).isEmpty();
            assertThat(witness.violationsBefore("latecomer")).isEmpty();
            assertThat(workerKills).isGreaterThanOrEqualTo(REQUESTS / 2_000);
            assertThat(brokerKills).isGreaterThanOrEqualTo(REQUESTS / 6_000);
            assertThat(witness.repeats()).isLessThanOrEqualTo(witness.allowance());
        }
    }

    private static long gap(SplittableRandom random) {
        return Duration.ofMillis(random.nextLong(4_000, 25_000)).toNanos();
    }

    private void killWhatIsDue(Fleet fleet, Witness witness, SplittableRandom random) throws Exception {
        long now = System.nanoTime();
        if (now - nextWorker >= 0) {
            nextWorker = now + gap(random);
            int place = random.nextInt(fleet.workers().size());
            FleetWorker victim = fleet.workers().get(place);
            witness.aboutToLose(victim, away > 0 ? Duration.ofNanos(now - brokerKilled) : Duration.ZERO);
            victim.process().kill();
            fleet.replace(place);
            workerKills++;
            System.out.println(victim.name() + " killed");
        }
        if (away > 0 && now - brokerKilled >= BROKER_AWAY.toNanos()) {
            fleet.brokers().restart(away);
            away = 0;
        }
        if (away == 0 && now - nextBroker >= 0 && fleet.brokers().isInSync()) {
            nextBroker = now + BROKER_GAP.toNanos();
            brokerKilled = now;
            away = fleet.brokers().leader(Topics.REPLIES, random.nextInt(Fleet.PARTITIONS));
            fleet.brokers().kill(away);
            brokerKills++;
            System.out.println("broker " + away + " killed");
            witness.look();
        }
    }
}
