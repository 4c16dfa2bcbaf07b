package dev.signalbox.dispatcher.usage;

import static dev.signalbox.dispatcher.usage.UsageDriver.LONGEST_CALL;
import static dev.signalbox.dispatcher.usage.UsageDriver.T0;
import static dev.signalbox.dispatcher.usage.UsageDriver.answered;
import static dev.signalbox.dispatcher.usage.UsageDriver.call;
import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.schemas.avro.AttemptEvent;
import dev.signalbox.schemas.avro.BudgetRecord;
import dev.signalbox.schemas.avro.UsageRecord;
import dev.signalbox.schemas.avro.UsageRollup;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Events out of order, repeated and late, at each processor of {@code signalbox-usage}. */
@Tag("issue-5")
class LateUsageTest {
    private static final String DIMENSIONS = "/test/acme/support/-/model/vendor.eu%2Fmodel/main/-";

    private UsageDriver application;

    @BeforeEach
    void start(@TempDir Path folder) {
        application = new UsageDriver(folder);
    }

    @AfterEach
    void stop() {
        application.close();
    }

    @Test
    void aStartThatComesAfterItsEndLeavesNothingOpen() {
        AttemptEvent started = call("r-1", 1);
        application.event(answered(started, 10, 51, "1"));
        application.event(started);
        application.event(started);
        application.pass(LONGEST_CALL.plus(PairingProcessor.TICK).plusMinutes(1));

        assertThat(application.usage.readValuesToList()).singleElement()
                .satisfies(record -> assertThat(record.getOutcome()).isEqualTo("ANSWERED"));
    }

    @Test
    void aStartThatComesAgainAfterItsCallWasListedAsUnpairedIsNotListedTwice() {
        AttemptEvent started = call("r-1", 1);
        application.event(started);
        application.pass(LONGEST_CALL.plus(PairingProcessor.TICK));
        application.event(started);
        application.pass(LONGEST_CALL.plus(PairingProcessor.TICK));

        assertThat(application.usage.readValuesToList()).extracting(UsageRecord::getOutcome)
                .containsExactly("UNPAIRED");
    }

    @Test
    void anEventOfAnEarlierHourCountsInThatHour() {
        application.event(answered(call("r-1", 1), 10, 51, "1"));
        AttemptEvent started = call("r-2", 1);
        application.eventAt(started, T0.minus(Duration.ofHours(2)));
        application.eventAt(answered(started, 10, 51, "0.5"), T0.minus(Duration.ofHours(2)).plusSeconds(9));
        application.pass(RollupProcessor.PUBLISH);

        Map<String, UsageRollup> hours = application.hourly.readKeyValuesToMap();
        assertThat(hours).containsOnlyKeys("2026-11-21T20Z" + DIMENSIONS, "2026-11-21T18Z" + DIMENSIONS);
        assertThat(hours.get("2026-11-21T18Z" + DIMENSIONS).getCost()).isEqualByComparingTo("0.5");
        assertThat(application.daily.readValue().getCost()).isEqualByComparingTo("1.5");
    }

    @Test
    void aCallWhoseWindowsEndedTooLongAgoIsPublishedAndLeftOutOfTheirSumsAlone() {
        AttemptEvent ended = answered(call("r-1", 1), 10, 51, "2");
        ended.setDurationMillis(Duration.ofDays(4).toMillis());
        application.event(ended);
        application.pass(RollupProcessor.PUBLISH);

        assertThat(application.usage.readValue().getCost()).isEqualByComparingTo("2");
        assertThat(application.hourly.isEmpty()).isTrue();
        assertThat(application.daily.isEmpty()).isTrue();
        Map<String, BudgetRecord> budgets = application.budgets.readKeyValuesToMap();
        assertThat(budgets).as("its month still runs").containsOnlyKeys("spent/tenant/acme/month/2026-11-01");
    }

    @Test
    void sumsThatNobodyAddsToAnyMoreAreForgottenByTheNextPublication() {
        application.event(answered(call("r-1", 1), 10, 51, "1"));
        application.pass(RollupProcessor.PUBLISH);
        assertThat(application.kept(UsageTable.HOURLY)).isEqualTo(1);
        application.now = application.now.plus(Duration.ofDays(5));
        application.event(answered(call("r-2", 1), 10, 51, "1"));
        application.pass(RollupProcessor.PUBLISH);

        assertThat(application.kept(UsageTable.HOURLY)).isEqualTo(1);
        assertThat(application.kept(UsageTable.DAILY)).isEqualTo(1);
        assertThat(application.hourly.readKeyValuesToMap()).containsOnlyKeys("2026-11-21T20Z" + DIMENSIONS,
                "2026-11-26T20Z" + DIMENSIONS);
    }
}
