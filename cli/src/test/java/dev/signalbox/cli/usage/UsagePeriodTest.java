package dev.signalbox.cli.usage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.signalbox.cli.CommandFailure;
import java.time.Instant;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-5")
class UsagePeriodTest {
    private static final Instant NOW = Instant.parse("2026-11-21T20:15:30Z");

    @Test
    void daysTimesAndDurationsAreTaken() {
        assertThat(UsagePeriod.of(null, null, NOW).from()).isEqualTo("2026-11-01T00:00:00Z");
        assertThat(UsagePeriod.of("2026-11-05", null, NOW).isOfDays()).isTrue();
        assertThat(UsagePeriod.of("2026-11-05T10:30+02:00", "2h", NOW))
                .isEqualTo(
                        new UsagePeriod(Instant.parse("2026-11-05T08:30:00Z"), Instant.parse("2026-11-21T18:15:30Z")));
        assertThat(UsagePeriod.of("24h", null, NOW).isOfDays()).isFalse();
    }

    @Test
    void wholeHoursHoldAllOfIt() {
        assertThat(UsagePeriod.of("2h", "2026-11-21T20:00Z", NOW).wholeHours()).isEqualTo(
                new UsagePeriod(Instant.parse("2026-11-21T18:00:00Z"), Instant.parse("2026-11-21T20:00:00Z")));
        assertThat(UsagePeriod.of("2h", "1m", NOW).wholeHours().until()).isEqualTo("2026-11-21T21:00:00Z");
    }

    @Test
    void whatIsNoTimeIsRefusedWithExamples() {
        assertThatThrownBy(() -> UsagePeriod.of("yesterday", null, NOW)).isInstanceOf(CommandFailure.class)
                .hasMessageContaining("--since \"yesterday\"").hasMessageContaining("2026-11-01T15:00Z");
        assertThatThrownBy(() -> UsagePeriod.of("1h", "2h", NOW)).hasMessageContaining("is not before --until");
    }
}
