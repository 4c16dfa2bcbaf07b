package dev.signalbox.dispatcher;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.schemas.avro.AttemptEvent;
import dev.signalbox.schemas.avro.AttemptId;
import dev.signalbox.schemas.avro.DemandPeak;
import dev.signalbox.schemas.avro.RouteStanding;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Demand's peaks over 7 and 28 days, through the whole topology of {@code signalbox-control}. */
@Tag("issue-5")
class DemandTopologyTest {
    private static final String EU = "one.eu/model";
    private static final String ROUTE = "model/test/otherwise/main";
    /** Until what was asked is told, and peaks are reckoned again. */
    private static final Duration TOLD = Duration.ofSeconds(65);

    private ControlDriver control;

    @BeforeEach
    void start(@TempDir Path folder) {
        control = new ControlDriver(folder, ControlDriver.YAML);
    }

    @AfterEach
    void stop() {
        control.close();
    }

    private void requests(int count, Instant at) {
        for (int i = 0; i < count; i++) {
            control.callAt(Events.started(EU, "a"), at);
        }
    }

    private void requests(int count) {
        requests(count, control.now);
        control.pass(TOLD);
    }

    /** Requests a minute, over 7 and over 28 days. */
    private List<Double> peaks() {
        RouteStanding route = control.routes.readKeyValuesToMap().get(ROUTE);
        assertThat(route).isNotNull();
        assertThat(route.getPeaks()).extracting(DemandPeak::getDays).containsExactly(7, 28);
        return route.getPeaks().stream().map(DemandPeak::getRequestsPerMinute).toList();
    }

    @Test
    void eachWindowKnowsTheHighestMinuteOfItsOwnDays() {
        requests(30);
        assertThat(peaks()).containsExactly(30.0, 30.0);

        control.jump(Duration.ofDays(7));
        requests(10);
        assertThat(peaks()).as("a week later").containsExactly(10.0, 30.0);

        control.jump(Duration.ofDays(20));
        requests(2);
        assertThat(peaks()).as("in the fourth week").containsExactly(2.0, 30.0);

        control.jump(Duration.ofDays(1));
        requests(1);
        assertThat(peaks()).as("after 28 days").containsExactly(2.0, 10.0);
    }

    @Test
    void peaksFadeByTimeAloneThoughNobodyCalls() {
        requests(30);
        control.jump(Duration.ofDays(8));
        control.pass(TOLD);
        assertThat(peaks()).containsExactly(0.0, 30.0);

        control.jump(Duration.ofDays(21));
        control.pass(TOLD);

        RouteStanding route = control.routes.readKeyValuesToMap().get(ROUTE);
        assertThat(route.getPeaks()).allMatch(peak -> peak.getRequestsPerMinute() == 0);
        assertThat(control.driver.getKeyValueStore("fleet-demand").approximateNumEntries())
                .as("hours that no window shows are deleted").isZero();
    }

    @Test
    void whatComesLateCountsInItsOwnHourAndWhatComesTooLateInNone() {
        requests(5);
        requests(40, control.now.minus(Duration.ofDays(9)));
        control.pass(TOLD);
        assertThat(peaks()).as("nine days late").containsExactly(5.0, 40.0);

        Instant hour = Instant.ofEpochSecond(control.now.getEpochSecond() / 3_600 * 3_600).minus(Duration.ofHours(5));
        requests(7, hour.plus(Duration.ofMinutes(50)));
        control.pass(TOLD);
        requests(60, hour.plus(Duration.ofMinutes(10)));
        requests(60, control.now.minus(Duration.ofDays(29)));
        control.pass(TOLD);
        assertThat(peaks()).as("a minute that is over, and a day that no window shows").containsExactly(7.0, 40.0);
    }

    @Test
    void callsOfAMinuteAddUpInAnyOrderAndRetriesAndFailoversAreNoDemand() {
        Instant minute = Instant.ofEpochSecond(control.now.getEpochSecond() / 60 * 60).plusSeconds(30);
        control.now = minute;
        requests(3, minute.plusSeconds(20));
        requests(4, minute.minusSeconds(20));
        requests(5, minute.plusSeconds(10));
        AttemptEvent failover = Events.started(EU, "a");
        failover.setAttempt(new AttemptId(0, 1, 2, 7L));
        control.callAt(failover, minute);
        AttemptEvent retry = Events.started(EU, "a");
        retry.setAttempt(new AttemptId(1, 1, 1, 7L));
        control.callAt(retry, minute);
        control.pass(TOLD);

        assertThat(peaks()).containsExactly(12.0, 12.0);
    }
}
