package dev.signalbox.system.processes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.client.ReplyReaderOptions;
import dev.signalbox.simulator.profile.ModelProfile;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A fleet of the version before becomes one of this version, worker by worker under load, and goes back again. Both read each
 * other's commits and lead each other's groups; nothing is lost, answered twice or mixed.
 */
@Tag("issue-4")
@Tag("long")
@Timeout(value = 10, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class RollingUpgradeIT {
    private static final int TOKENS = 20;
    private static final double PER_SECOND = 25;
    private static final int WORKERS = 3;

    @Test
    void bothVersionsInOneGroupLoseNothing(@TempDir Path folder) throws Exception {
        String before = VersionBefore.classPath();
        String now = System.getProperty("java.class.path");
        try (Fleet fleet = Fleet.start(folder, 1, WORKERS, ModelProfile.paced(TOKENS, 60), before);
                Traffic traffic = new Traffic(fleet.callerProperties(), ReplyReaderOptions.latest())) {
            Witness witness = new Witness(fleet, traffic, List.of(Topics.REPLIES));
            try (Traffic.Flow _ = traffic.flow("upgrade", PER_SECOND, 10_000)) {
                roll(fleet, traffic, now);
                System.out.printf("upgraded %d workers under load: %d requests, %d calls repeated%n", WORKERS,
                        traffic.asked(), witness.repeats());
                witness.look();
                long repeats = witness.repeats();
                int asked = traffic.asked();
                roll(fleet, traffic, now);
                System.out.printf("restarted %d workers of this version: %d requests, %d calls repeated%n", WORKERS,
                        traffic.asked() - asked, witness.repeats() - repeats);
                assertThat(witness.repeats()).as("among workers of this version nothing is repeated")
                        .isEqualTo(repeats);
                roll(fleet, traffic, before);
                System.out.printf("went back to the version before: %d calls repeated%n",
                        witness.repeats() - repeats);
            }
            assertThat(traffic.shortfalls(FleetIT.ANSWER, Duration.ofMinutes(1))).isEmpty();
            assertThat(witness.violations()).isEmpty();
            assertThat(witness.violationsBefore("latecomer")).isEmpty();
        }
    }

    private static void roll(Fleet fleet, Traffic traffic, String classPath) throws Exception {
        for (int place = 0; place < WORKERS; place++) {
            FleetWorker leaver = fleet.workers().get(place);
            int wanted = traffic.answered() + 20;
            Awaitility.await().atMost(Duration.ofMinutes(1)).until(() -> traffic.answered() >= wanted);
            leaver.process().terminate();
            assertThat(leaver.process().awaitEnd(Duration.ofSeconds(20))).as(leaver.process().tail()).isZero();
            fleet.replaceBy(place, classPath);
            fleet.awaitReady();
        }
        // Of what was moved to the newcomers nothing is under way any more.
        Awaitility.await().atMost(Duration.ofMinutes(1)).until(fleet::isBalanced);
        int wanted = traffic.answered() + 40;
        Awaitility.await().atMost(Duration.ofMinutes(1)).until(() -> traffic.answered() >= wanted);
    }
}
