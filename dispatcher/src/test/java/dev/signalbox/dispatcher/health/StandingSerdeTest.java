package dev.signalbox.dispatcher.health;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.signalbox.dispatcher.StoredForms;
import dev.signalbox.dispatcher.health.OutcomeWindow.WorkerSight;
import dev.signalbox.schemas.avro.DeploymentState;
import java.util.List;
import org.apache.kafka.common.errors.SerializationException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A dispatcher of this version goes on from what one of each earlier version left in the changelog. */
@Tag("issue-5")
class StandingSerdeTest {
    @Test
    void theFirstVersionIsRead() {
        Standing standing = StandingSerde.read(StoredForms.of("health-standings.v1.hex").getFirst());

        assertSame(standing);
        assertThat(standing.probe()).isEqualTo(ProbeTurn.NONE);
        WorkerSight first = standing.window().workers().get("worker-1");
        assertThat(first.lastCallMillis()).isEqualTo(1_700_000_006_000L);
        assertThat(first.lastFailureMillis()).isEqualTo(1_700_000_005_500L);
        assertThat(first.failuresInARow()).isZero();
    }

    @Test
    void theSecondVersionIsRead() {
        Standing standing = StandingSerde.read(StoredForms.of("health-standings.v2.hex").getFirst());

        assertSame(standing);
        assertThat(standing.probe().workers()).containsExactly("worker-1", "worker-2");
        assertThat(standing.probe().claimed()).isEqualTo("worker-1");
        assertThat(standing.probe().runs()).isTrue();
        WorkerSight first = standing.window().workers().get("worker-1");
        assertThat(first.lastAnswerMillis()).isEqualTo(1_700_000_001_000L);
        assertThat(first.failuresInARow()).isEqualTo(4);
    }

    @Test
    void theThirdVersionIsRead() {
        Standing standing = StandingSerde.read(StoredForms.of("health-standings.v3.hex").getFirst());

        assertSame(standing);
        assertThat(standing.probe().runs()).isTrue();
        assertThat(standing.probe().call()).isEqualTo("0/7/1/-12/request-1");
    }

    /** A dispatcher of this version takes over a probe that one of the second has seen begin. */
    @Test
    void aProbeWhoseCallWasNotWrittenDownEndsByAnyCallOfItsWorker() {
        ProbeTurn probe = StandingSerde.read(StoredForms.of("health-standings.v2.hex").getFirst()).probe();

        assertThat(probe.ended("worker-1", "any", 1_700_000_010_000L).runs()).isFalse();
    }

    private static void assertSame(Standing standing) {
        assertThat(standing.version()).isEqualTo(5);
        assertThat(standing.state()).isEqualTo(DeploymentState.EJECTED);
        assertThat(standing.previous()).isEqualTo(DeploymentState.PROBING);
        assertThat(standing.signal()).isEqualTo(HealthSignal.PROBE_FAILED);
        assertThat(standing.reason()).isEqualTo("a probe failed: OVERLOADED");
        assertThat(standing.sinceMillis()).isEqualTo(1_700_000_006_100L);
        assertThat(standing.ejections()).isEqualTo(3);
        assertThat(standing.ejectedUntilMillis()).isEqualTo(1_700_000_026_100L);
        assertThat(standing.consecutiveFailures()).isEqualTo(4);
        assertThat(standing.probesAnswered()).isEqualTo(1);
        assertThat(standing.lastCallMillis()).isEqualTo(1_700_000_006_000L);
        assertThat(standing.window().slices().get(1_700_000_000_000L)).containsEntry("ANSWERED", 7)
                .containsEntry("OVERLOADED", 13);
        assertThat(standing.window().workers()).containsOnlyKeys("worker-1", "worker-2");
    }

    @Test
    void whatWasReadIsWrittenInTodaysFormAndReadAgain() {
        for (String file : List.of("health-standings.v1.hex", "health-standings.v2.hex", "health-standings.v3.hex")) {
            for (byte[] stored : StoredForms.of(file)) {
                Standing standing = StandingSerde.read(stored);
                byte[] today = StandingSerde.write(standing);
                assertThat(today[0]).isGreaterThanOrEqualTo(stored[0]);
                assertThat(StandingSerde.read(today)).isEqualTo(standing);
            }
        }
    }

    @Test
    void whatALaterDispatcherWroteIsRefusedByName() {
        byte[] later = StoredForms.of("health-standings.v2.hex").getFirst();
        later[0] = 100;
        assertThatThrownBy(() -> StandingSerde.read(later)).isInstanceOf(SerializationException.class)
                .hasMessageContaining("version 100").hasMessageContaining("a later dispatcher wrote");
        assertThatThrownBy(() -> StandingSerde.read(new byte[]{1, 2, 3})).isInstanceOf(SerializationException.class);
    }
}
