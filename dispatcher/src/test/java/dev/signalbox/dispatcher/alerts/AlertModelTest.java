package dev.signalbox.dispatcher.alerts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.signalbox.dispatcher.alerts.AlertTransitions.Transition;
import dev.signalbox.schemas.avro.AlertSeverity;
import dev.signalbox.schemas.avro.AlertStatus;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-5")
class AlertModelTest {
    private static final Trouble WARNING = trouble(AlertSeverity.WARNING);
    private static final Trouble CRITICAL = trouble(AlertSeverity.CRITICAL);

    private @Nullable AlertStanding standing;
    private long now = 1_700_000_000_000L;
    private final List<String> told = new ArrayList<>();
    private final Set<Transition> exercised = new HashSet<>();

    private static Trouble trouble(AlertSeverity severity) {
        return new Trouble("deployment-ejected", severity, "one/m", "it fails", "wait");
    }

    private void step(@Nullable Trouble seen, Duration after) {
        now += after.toMillis();
        AlertStanding before = standing;
        AlertModel.Step step = AlertModel.step(before, seen, now);
        standing = step.standing().orElse(null);
        AlertState state = step.standing().map(AlertStanding::state).orElse(AlertState.FORGOTTEN);
        if (before != null && before.state() != state) {
            AlertTransitions.TABLE.stream().filter(move -> move.from() == before.state() && move.to() == state)
                    .forEach(exercised::add);
        }
        if (step.told()) {
            told.add(step.standing().map(now -> now.alert("test")).map(
                    alert -> alert.getStatus() + " " + alert.getSeverity()).orElse("DELETED"));
        }
    }

    private void seconds(@Nullable Trouble seen, int count) {
        for (int i = 0; i < count; i++) {
            step(seen, Duration.ofSeconds(1));
        }
    }

    @Test
    void whatLastsIsToldOnceAndItsEndOnce() {
        seconds(WARNING, 200);
        seconds(null, 300);
        assertThat(told).containsExactly("RAISED WARNING", "RESOLVED WARNING");
    }

    @Test
    void aCriticalOneIsToldWithinSeconds() {
        seconds(CRITICAL, 7);
        assertThat(told).containsExactly("RAISED CRITICAL");
    }

    @Test
    void whatComesAndGoesIsToldOnce() {
        seconds(WARNING, 100);
        for (int i = 0; i < 50; i++) {
            seconds(null, 30);
            seconds(WARNING, 30);
        }
        assertThat(told).containsExactly("RAISED WARNING");
        seconds(null, 121);
        assertThat(told).hasSize(2);
    }

    @Test
    void whatDoesNotLastIsNeverTold() {
        for (int i = 0; i < 50; i++) {
            seconds(WARNING, 30);
            seconds(null, 5);
        }
        assertThat(told).isEmpty();
        assertThat(standing).isNull();
    }

    @Test
    void oneThatGetsWorseIsToldAgain() {
        seconds(WARNING, 100);
        seconds(CRITICAL, 3);
        assertThat(told).containsExactly("RAISED WARNING", "RAISED CRITICAL");
    }

    @Test
    void aTimeThatGoesBackTellsNothingTwice() {
        seconds(WARNING, 100);
        step(WARNING, Duration.ofHours(-1));
        step(null, Duration.ofSeconds(1));
        step(WARNING, Duration.ofHours(1));
        assertThat(told).containsExactly("RAISED WARNING");
    }

    @Test
    void whatIsOverIsForgottenAfterAWeekAndItsRecordDeleted() {
        seconds(WARNING, 100);
        seconds(null, 300);
        step(null, AlertModel.KEPT);
        assertThat(told).endsWith("DELETED");
        assertThat(standing).isNull();
    }

    /** A move that no test makes any more, or a new one that none makes yet, fails the build here. */
    @Test
    void everyMoveOfTheTableIsMade() {
        seconds(WARNING, 10);
        seconds(null, 1);
        seconds(WARNING, 100);
        seconds(null, 10);
        seconds(WARNING, 10);
        seconds(null, 200);
        seconds(WARNING, 100);
        seconds(null, 200);
        step(null, AlertModel.KEPT);
        assertThat(exercised).containsExactlyInAnyOrderElementsOf(AlertTransitions.TABLE);
    }

    @Test
    void aMoveThatTheTableDoesNotHaveThrows() {
        for (AlertState from : AlertState.values()) {
            for (AlertSignal signal : AlertSignal.values()) {
                if (AlertTransitions.TABLE.stream()
                        .noneMatch(move -> move.from() == from && move.signal() == signal)) {
                    assertThatThrownBy(() -> AlertTransitions.next(from, signal))
                            .isInstanceOf(IllegalStateException.class);
                }
            }
        }
    }

    /** Invariants over random troubles: told raised and resolved in turn, and every stored form reads back. */
    @Test
    void inAnyOrderRaisedAndResolvedAlternate() {
        for (long seed = 0; seed < 200; seed++) {
            Random random = new Random(seed);
            standing = null;
            List<AlertStatus> statuses = new ArrayList<>();
            for (int i = 0; i < 300; i++) {
                now += random.nextInt(60_000);
                AlertModel.Step step = AlertModel.step(standing, random.nextInt(3) == 0 ? WARNING : null, now);
                standing = step.standing().orElse(null);
                if (step.told() && standing != null) {
                    statuses.add(standing.alert("test").getStatus());
                }
                if (standing != null) {
                    assertThat(AlertStanding.serde().deserializer().deserialize("t",
                            AlertStanding.serde().serializer().serialize("t", standing))).isEqualTo(standing);
                }
            }
            for (int i = 0; i < statuses.size(); i++) {
                assertThat(statuses.get(i)).as("seed %d", seed)
                        .isEqualTo(i % 2 == 0 ? AlertStatus.RAISED : AlertStatus.RESOLVED);
            }
        }
    }

    @Test
    void theDiagramInTheDocumentIsThatOfTheTable() throws IOException {
        String page = Files.readString(Path.of(System.getProperty("signalbox.root"), "docs", "dispatcher.md"));
        assertThat(page).contains("```mermaid\n" + AlertTransitions.diagram() + "```\n");
    }
}
