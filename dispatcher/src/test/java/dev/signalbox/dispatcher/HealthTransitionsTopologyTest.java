package dev.signalbox.dispatcher;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.schemas.avro.DeploymentHealth;
import dev.signalbox.schemas.avro.DeploymentState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Bar 3 of issue 5: each move of a deployment's health is made in the topology, as the published records tell it. */
@Tag("issue-5")
class HealthTransitionsTopologyTest {
    private static final String ONE = "one.eu/model";
    private static final String TWO = "two.eu/model";
    private static final Pattern MOVE = Pattern.compile("(HEALTHY|DEGRADED|EJECTED|PROBING) --> ([A-Z]+): ([A-Z_]+)");

    private ControlDriver control;
    private final Set<String> made = new TreeSet<>();

    @TempDir
    private Path folder;

    @AfterEach
    void stop() {
        control.close();
    }

    private DeploymentState state() {
        DeploymentState last = DeploymentState.HEALTHY;
        for (DeploymentHealth record : control.health.readValuesToList()) {
            if (record.getPreviousState() != null) {
                made.add(record.getPreviousState() + " " + record.getState() + " " + record.getSignal());
            }
            last = record.getState();
        }
        return last;
    }

    /**
     * A move that is no longer made here, or a new one that is not yet, fails the build. Also K16 for health: with this machine's
     * clock an hour off, either way.
     */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, -1})
    void everyMoveOfTheTableIsMade(int hoursAhead) throws IOException {
        control = new ControlDriver(folder, ControlDriver.YAML, Duration.ofHours(hoursAhead));
        control.calls(ONE, "a", "ANSWERED", 18);
        control.calls(ONE, "b", "TIMEOUT", 2);
        assertThat(state()).isEqualTo(DeploymentState.DEGRADED);
        control.pass(Duration.ofSeconds(65));
        control.calls(ONE, "a", "ANSWERED", 20);
        assertThat(state()).isEqualTo(DeploymentState.HEALTHY);
        control.pass(Duration.ofSeconds(65));
        control.calls(ONE, "a", "CONNECTION_LOST", 5);
        assertThat(state()).as("little traffic, no answer").isEqualTo(DeploymentState.EJECTED);
        control.pass(Duration.ofSeconds(21));
        assertThat(state()).isEqualTo(DeploymentState.PROBING);
        control.calls(ONE, "a", "CONNECTION_LOST", 1);
        assertThat(state()).isEqualTo(DeploymentState.EJECTED);
        control.pass(Duration.ofSeconds(21));
        control.calls(ONE, "a", "ANSWERED", 3);
        assertThat(state()).isEqualTo(DeploymentState.HEALTHY);
        control.calls(ONE, "a", "ENDPOINT_DEAD", 1);
        assertThat(state()).isEqualTo(DeploymentState.EJECTED);
        control.pass(Duration.ofSeconds(21));
        control.calls(ONE, "a", "ANSWERED", 20);
        control.calls(ONE, "b", "TIMEOUT", 3);
        assertThat(state()).isEqualTo(DeploymentState.DEGRADED);
        control.calls(ONE, "a", "ENDPOINT_DEAD", 1);
        assertThat(state()).isEqualTo(DeploymentState.EJECTED);
        control.pass(Duration.ofSeconds(45));
        control.calls(ONE, "a", "ANSWERED", 20);
        control.calls(ONE, "a", "TIMEOUT", 20);
        control.calls(ONE, "b", "TIMEOUT", 20);
        assertThat(state()).isEqualTo(DeploymentState.EJECTED);

        String page = Files.readString(Path.of(System.getProperty("signalbox.root"), "docs", "dispatcher.md"));
        assertThat(made).isEqualTo(MOVE.matcher(page).results()
                .map(move -> move.group(1) + " " + move.group(2) + " " + move.group(3))
                .filter(move -> !move.contains("RAISED")).collect(Collectors.toCollection(TreeSet::new)));
    }

    @Test
    void theFirstToClaimAProbeIsNamedAtOnce() {
        control = new ControlDriver(folder, ControlDriver.YAML);
        control.calls(ONE, "a", "ENDPOINT_DEAD", 1);
        control.pass(Duration.ofSeconds(21));
        DeploymentHealth open = control.health.readValuesToList().getLast();
        assertThat(open.getState()).isEqualTo(DeploymentState.PROBING);
        assertThat(open.getProbingWorker()).isNull();
        assertThat(open.getProbingUntilMillis()).isNull();

        control.call(Events.claimed(ONE, "b"));

        DeploymentHealth named = control.health.readValue();
        assertThat(named.getProbingWorker()).isEqualTo("b");
        assertThat(named.getProbingUntilMillis()).isEqualTo(control.now.toEpochMilli() + 5_000);
        control.call(Events.claimed(ONE, "a"));
        assertThat(control.health.isEmpty()).as("nothing new").isTrue();

        control.call(Events.started(ONE, "b"));
        assertThat(control.health.readValue().getProbingUntilMillis()).as("its call runs")
                .isEqualTo(control.now.toEpochMilli());
        control.call(Events.ended(ONE, "b", "ANSWERED", 10));
        DeploymentHealth again = control.health.readValue();
        assertThat(again.getProbingWorker()).isEqualTo("b");
        assertThat(again.getProbingUntilMillis()).isEqualTo(control.now.toEpochMilli() + 5_000);
    }

    /** Nobody else probes while a call runs, however long: there are calls of minutes. */
    @Test
    void aProbeOfMinutesIsWaitedFor() {
        control = new ControlDriver(folder, ControlDriver.YAML);
        control.calls(ONE, "a", "ENDPOINT_DEAD", 1);
        control.pass(Duration.ofSeconds(21));
        control.call(Events.claimed(ONE, "b"));
        control.call(Events.started(ONE, "b"));

        control.pass(Duration.ofMinutes(12).minusSeconds(1));
        assertThat(control.health.readValuesToList().getLast().getProbingWorker()).isEqualTo("b");
        control.pass(Duration.ofSeconds(2));
        assertThat(control.health.readValuesToList().getLast().getProbingWorker()).as("lost").isNull();
    }

    /** What calls of other deployments may take does not hold it up. */
    @Test
    void aProbeThatIsLostIsWaitedForAsLongAsItsOwnDeploymentsCallsMayTake() {
        control = new ControlDriver(folder, ControlDriver.YAML);
        control.longestCalls = Map.of(ONE, Duration.ofMinutes(3));
        for (String deployment : List.of(ONE, TWO)) {
            control.calls(deployment, "a", "ENDPOINT_DEAD", 1);
        }
        control.pass(Duration.ofSeconds(21));
        for (String deployment : List.of(ONE, TWO)) {
            control.call(Events.claimed(deployment, "b"));
            control.call(Events.started(deployment, "b"));
        }

        control.pass(Duration.ofMinutes(3).minusSeconds(1));
        assertThat(probingWorkers()).containsEntry(ONE, "b").containsEntry(TWO, "b");
        control.pass(Duration.ofSeconds(5));
        assertThat(probingWorkers()).containsEntry(ONE, "nobody").containsEntry(TWO, "b");
        control.call(Events.claimed(ONE, "a"));
        assertThat(control.health.readValue().getProbingWorker()).as("the next one's").isEqualTo("a");
        control.pass(Duration.ofMinutes(9));
        assertThat(probingWorkers()).containsEntry(TWO, "nobody");
    }

    /** By deployment, as was told last since this was asked; each is told of every 5 s. */
    private Map<String, String> probingWorkers() {
        Map<String, String> workers = new HashMap<>();
        control.health.readValuesToList().forEach(told -> workers.put(told.getDeployment(),
                Optional.ofNullable(told.getProbingWorker()).orElse("nobody")));
        return workers;
    }

    @Test
    void eventsTwiceLateAndOutOfOrderMakeNoMoveThatTheTableDoesNotHave() {
        control = new ControlDriver(folder, ControlDriver.YAML);
        control.calls(ONE, "a", "ANSWERED", 20);
        for (int i = 0; i < 30; i++) {
            control.callAt(Events.ended(ONE, i % 2 == 0 ? "a" : "b", "CONNECTION_LOST", 5),
                    control.now.minusSeconds(i * 7L));
            control.callAt(Events.ended(ONE, "b", "CONNECTION_LOST", 5), control.now.minusSeconds(i * 7L));
            control.callAt(Events.started(ONE, "a"), control.now.minusSeconds(400));
            control.pass(Duration.ofSeconds(7));
            state();
        }
        assertThat(made).isSubsetOf("HEALTHY DEGRADED ERRORS_RISING", "DEGRADED EJECTED FAILING",
                "HEALTHY EJECTED FAILING", "EJECTED PROBING TIME_SERVED", "PROBING EJECTED PROBE_FAILED")
                .contains("EJECTED PROBING TIME_SERVED");
    }

    /** One worker's word decides where others of the failure domain are out, and its record says so. */
    @Test
    void lessEvidenceIsEnoughWhereOthersOfTheFailureDomainAreOut() {
        control = new ControlDriver(folder, ControlDriver.YAML);
        control.calls(ONE, "b", "ANSWERED", 1);
        control.pass(Duration.ofSeconds(6));
        control.calls(ONE, "a", "CONNECTION_LOST", 2);
        assertThat(state()).isEqualTo(DeploymentState.HEALTHY);

        control.doubted = Set.of(ONE);
        control.calls(ONE, "a", "CONNECTION_LOST", 1);

        DeploymentHealth last = control.health.readValuesToList().getLast();
        assertThat(last.getState()).isEqualTo(DeploymentState.EJECTED);
        assertThat(last.getReason()).contains("seen by 1 of 2 workers")
                .contains("others of its failure domain are out");
    }

    /** At once, and again when another worker's call has told, or none came. */
    @Test
    void whoAloneSawAFailureIsTold() {
        control = new ControlDriver(folder, ControlDriver.YAML);
        control.calls(ONE, "b", "ANSWERED", 1);
        control.calls(ONE, "a", "CONNECTION_LOST", 1);
        assertThat(control.health.readValuesToList().getLast().getSoleWitness()).isEqualTo("a");
        control.calls(ONE, "b", "ANSWERED", 1);
        assertThat(control.health.readValuesToList().getLast().getSoleWitness()).as("answered elsewhere").isNull();

        control.calls(ONE, "a", "CONNECTION_LOST", 1);
        control.pass(Duration.ofSeconds(4));
        assertThat(control.health.readValuesToList().getLast().getSoleWitness()).isEqualTo("a");
        control.pass(Duration.ofSeconds(2));
        assertThat(control.health.readValuesToList()).as("no other worker came").anySatisfy(
                record -> assertThat(record.getSoleWitness()).isNull());
    }
}
