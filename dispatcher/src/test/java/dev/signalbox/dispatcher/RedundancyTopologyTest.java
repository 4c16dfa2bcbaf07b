package dev.signalbox.dispatcher;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.dispatcher.alerts.Trouble;
import dev.signalbox.schemas.avro.Alert;
import dev.signalbox.schemas.avro.AlertSeverity;
import dev.signalbox.schemas.avro.AlertStatus;
import dev.signalbox.schemas.avro.RouteStanding;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("issue-5")
class RedundancyTopologyTest {
    private static final String EU = "one.eu/model";
    private static final String US = "one.us/model";
    private static final String TWO = "two.eu/model";
    private static final String ROUTE = "model/test/otherwise/main";

    private ControlDriver control;

    @BeforeEach
    void start(@TempDir Path folder) {
        control = new ControlDriver(folder, ControlDriver.YAML);
    }

    @AfterEach
    void stop() {
        control.close();
    }

    private RouteStanding route() {
        RouteStanding last = control.routes.readKeyValuesToMap().get(ROUTE);
        assertThat(last).isNotNull();
        return last;
    }

    /** The last of each name and place. */
    private Map<String, Alert> alerts() {
        return new TreeMap<>(control.alerts.readKeyValuesToMap());
    }

    @Test
    void eachRoutesStandingIsToldAfterTheFirstCallsAndWhenHealthChanges() {
        control.calls(EU, "a", "ANSWERED", 1);
        control.calls(TWO, "a", "ANSWERED", 1);
        control.pass(Duration.ofSeconds(3));
        RouteStanding before = route();
        assertThat(before.getInUse()).containsExactly(EU, US, TWO);
        assertThat(before.getVendors()).containsExactly("anthropic", "openai");
        assertThat(before.getWorstDomain()).isEqualTo("vendor openai");
        assertThat(before.getIsolated()).isTrue();

        control.calls(TWO, "a", "CONNECTION_LOST", 10);
        control.pass(Duration.ofSeconds(3));

        RouteStanding after = route();
        assertThat(after.getOut()).containsExactly(TWO);
        assertThat(after.getVendors()).containsExactly("openai");
        assertThat(after.getCapacityLeft()).isZero();
    }

    @Test
    void anEjectionLeavesARouteOneVendorWhichIsRaisedAndResolved() {
        control.calls(EU, "a", "ANSWERED", 1);
        control.calls(TWO, "a", "CONNECTION_LOST", 10);
        control.pass(Duration.ofSeconds(15));

        assertThat(alerts()).hasEntrySatisfying("single-vendor/routes.model.test.otherwise", alert -> {
            assertThat(alert.getStatus()).isEqualTo(AlertStatus.RAISED);
            assertThat(alert.getSeverity()).isEqualTo(AlertSeverity.CRITICAL);
            assertThat(alert.getWhat()).contains("vendor openai", "while two.eu/model is out");
            assertThat(alert.getCure()).contains("fallback_models");
            assertThat(alert.getEnvironment()).isEqualTo("test");
        });

        control.pass(Duration.ofSeconds(20));
        control.calls(TWO, "a", "ANSWERED", 3);
        control.pass(Duration.ofMinutes(3));

        assertThat(alerts().get("single-vendor/routes.model.test.otherwise").getStatus())
                .isEqualTo(AlertStatus.RESOLVED);
    }

    @Test
    void aVendorsOutageIsToldAsOneAndAWholeRoutesToo() {
        control.calls(EU, "a", "CONNECTION_LOST", 10);
        control.calls(US, "a", "OVERLOADED", 10);
        control.pass(Duration.ofSeconds(15));
        assertThat(alerts()).hasEntrySatisfying("failure-domain-down/vendor openai",
                alert -> assertThat(alert.getWhat()).contains(EU, US)).doesNotContainKey(
                        "all-ejected/routes.model.test.otherwise");

        control.calls(TWO, "a", "CONNECTION_LOST", 10);
        control.pass(Duration.ofSeconds(15));

        assertThat(alerts()).containsKey("all-ejected/routes.model.test.otherwise");
    }

    @Test
    void aRefusedCredentialAndADeadModelAreTheirDeploymentsAlone() {
        control.calls(EU, "a", "AUTH", 10);
        control.calls(US, "a", "AUTH", 10);
        control.calls(TWO, "a", "MODEL_NOT_FOUND", 10);
        control.pass(Duration.ofSeconds(70));

        Map<String, Alert> alerts = alerts();
        assertThat(alerts.get("failure-domain-down/credential ${env:ONE}").getWhat()).contains(EU, US);
        assertThat(alerts).doesNotContainKey("failure-domain-down/vendor openai");
        assertThat(alerts.get("deployment-ejected/" + EU)).satisfies(alert -> {
            assertThat(alert.getWhat()).contains("its credential ${env:ONE} is refused");
            assertThat(alert.getCure()).contains("renew ${env:ONE}");
        });
        assertThat(alerts.get("deployment-ejected/" + TWO).getWhat()).contains("its model m is not served there");
    }

    @Test
    void demandIsLearntByTheMinuteFromFirstAttemptsInAnyOrderAndItsPeakStays() {
        for (int i = 0; i < 40; i++) {
            control.call(Events.started(EU, "a"));
            control.call(Events.answered(EU, "a", 10, 1_500, 20));
        }
        control.callAt(Events.started(US, "b"), control.now.minusSeconds(5));
        control.callAt(Events.started(US, "b"), control.now.minus(Duration.ofHours(3)));
        control.pass(Duration.ofMinutes(3));

        RouteStanding route = route();
        assertThat(route.getPeaks()).extracting("days").containsExactly(7, 28);
        assertThat(route.getPeaks().getLast()).satisfies(peak -> {
            assertThat(peak.getRequestsPerMinute()).isEqualTo(41);
            assertThat(peak.getInputTokensPerMinute()).isEqualTo(400);
            assertThat(peak.getOutputTokensPerMinute()).isEqualTo(800);
            assertThat(peak.getConcurrency()).isEqualTo(1);
        });
        assertThat(route.getHeadroom()).isEqualTo(180 / 41.0);

        control.calls(EU, "a", "CONNECTION_LOST", 10);
        control.calls(US, "a", "CONNECTION_LOST", 10);
        control.pass(Duration.ofMinutes(2));

        assertThat(alerts()).hasEntrySatisfying("headroom-short/routes.model.test.otherwise",
                alert -> assertThat(alert.getWhat()).contains("1.4 times", "wanted is 2"));
    }

    @Test
    void aConfigurationThatTakesARouteAwayDeletesItsRecord() {
        control.calls(EU, "a", "ANSWERED", 1);
        control.pass(Duration.ofSeconds(3));
        assertThat(route().getRoute()).isEqualTo("model/test/otherwise");

        control.configuration = ControlDriver.configuration(ControlDriver.YAML.replace("model: { test: { otherwise",
                "model: { test: { chat").replace("use_cases: [otherwise]", "use_cases: [chat, otherwise]"));
        control.pass(Duration.ofSeconds(3));

        assertThat(control.routes.readKeyValuesToMap()).containsEntry(ROUTE, null)
                .containsKey("model/test/chat/main");
    }

    @Test
    void troubleOfOthersAndRecordsThatCannotBeReadAreTold() {
        control.others = List.of(new Trouble("budget-reached", AlertSeverity.CRITICAL, "tenant acme per month",
                "spent", "raise it"));
        control.calls(EU, "a", "ANSWERED", 1);
        control.unreadable();
        control.pass(Duration.ofSeconds(70));

        assertThat(alerts()).containsKeys("budget-reached/tenant acme per month", "records-unreadable/llm.attempts");

        control.others = List.of();
        control.calls(EU, "a", "ANSWERED", 1);
        control.pass(Duration.ofMinutes(13));

        assertThat(alerts().values()).filteredOn(alert -> alert.getName().equals("budget-reached")
                || alert.getName().equals("records-unreadable")).hasSize(2)
                .allMatch(alert -> alert.getStatus() == AlertStatus.RESOLVED);
    }

    @Test
    void nothingIsRaisedTwiceWhileADeploymentIsEjectedProbedAndEjectedAgain() {
        control.calls(EU, "a", "ANSWERED", 1);
        control.calls(TWO, "a", "CONNECTION_LOST", 10);
        for (int i = 0; i < 20; i++) {
            control.pass(Duration.ofSeconds(30));
            control.calls(EU, "a", "ANSWERED", 1);
            control.calls(TWO, "a", "CONNECTION_LOST", 1);
        }

        assertThat(control.alerts.readKeyValuesToList().stream().filter(told -> told.key.endsWith(TWO)))
                .singleElement().satisfies(told -> assertThat(told.value.getStatus()).isEqualTo(AlertStatus.RAISED));
    }
}
