package dev.signalbox.config.live;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-4")
class ClockSkewTest {
    private static final Duration LIMIT = Duration.ofSeconds(5);
    private static final long HOUR = Duration.ofHours(1).toMillis();

    @Test
    void anHourOffEitherWayIsSeenAndTold() {
        ClockSkew ahead = ClockSkew.of(HOUR + 1_000, HOUR + 1_010, 1_005);
        assertThat(ahead).isEqualTo(new ClockSkew(HOUR, 5));
        assertThat(ahead.mayBeWithin(LIMIT)).isFalse();
        assertThat(ahead).hasToString("3600.000 s (± 0.005 s) ahead of");
        ClockSkew behind = ClockSkew.of(1_000, 1_010, HOUR + 1_005);
        assertThat(behind.mayBeWithin(LIMIT)).isFalse();
        assertThat(behind).hasToString("3600.000 s (± 0.005 s) behind");
    }

    @Test
    void aSlowAnswerProvesNothing() {
        assertThat(ClockSkew.of(0, 20_000, 1_000).mayBeWithin(LIMIT)).isTrue();
        assertThat(ClockSkew.of(0, 100, 5_040).mayBeWithin(LIMIT)).as("5 s behind, give or take").isTrue();
        assertThat(ClockSkew.of(0, 100, 5_200).mayBeWithin(LIMIT)).isFalse();
    }

    @Test
    void theQuickestAnswerCounts() {
        ClockSkew slow = ClockSkew.of(0, 900, 400);
        ClockSkew quick = ClockSkew.of(1_000, 1_002, 1_001);
        assertThat(slow.sharper(quick)).isEqualTo(quick);
        assertThat(quick.sharper(slow)).isEqualTo(quick);
    }
}
